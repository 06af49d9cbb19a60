#include "tools/quantize/refine.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/quantize/equalize.h"
#include "tools/quantize/reconstruct.h"

namespace octet {
namespace {

struct Method {
  absl::string_view name;
  bool RefineOptions::*flag;
};
constexpr Method kMethods[] = {
    {"equalize", &RefineOptions::equalize},
    {"rounding", &RefineOptions::rounding},
    {"bias", &RefineOptions::bias},
};

}  // namespace

absl::StatusOr<RefineOptions> ParseRefineOptions(absl::string_view text) {
  RefineOptions options;
  if (text == "none") return options;
  for (absl::string_view name : absl::StrSplit(text, ',')) {
    bool known = false;
    for (const Method& method : kMethods) {
      if (name != method.name && text != "all") continue;
      options.*method.flag = true;
      known = true;
    }
    if (known) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("unknown method '", name,
                     "'; there are: all, none, or a list of equalize, rounding, bias"));
  }
  return options;
}

absl::StatusOr<Graph> RefineReal(const Graph& graph, const std::vector<Shape>& shapes,
                                 const SampleSource& samples, WeightGranularity granularity,
                                 const RefineOptions& options, const ModelOptions& run) {
  if (!options.equalize) return graph;
  return EqualizeChannels(graph, shapes, samples, granularity, run);
}

absl::Status RefineInteger(const Graph& real, Graph& integer, const SampleSource& samples,
                           const RefineOptions& options, const ModelOptions& run) {
  if (!options.rounding && !options.bias) return absl::OkStatus();
  ReconstructOptions reconstruct;
  reconstruct.rounding = options.rounding;
  reconstruct.run = run;
  return ReconstructLayers(real, integer, samples, reconstruct);
}

}  // namespace octet

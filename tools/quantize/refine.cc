#include "tools/quantize/refine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tools/quantize/equalize.h"
#include "tools/quantize/reconstruct.h"
#include "tools/quantize/sample_shapes.h"
#include "tools/quantize/smooth.h"

namespace octet {
namespace {

struct Method {
  absl::string_view name;
  bool RefineOptions::*flag;
  bool in_all;  // whether it rarely does harm, and is worth its time
};
constexpr Method kMethods[] = {
    {"equalize", &RefineOptions::equalize, true},  {"smooth", &RefineOptions::smooth, true},
    {"clipping", &RefineOptions::clipping, false}, {"rounding", &RefineOptions::rounding, true},
    {"bias", &RefineOptions::bias, true},
};

}  // namespace

RefineOptions RefineOptions::All() {
  RefineOptions options;
  for (const Method& method : kMethods) options.*method.flag = method.in_all;
  return options;
}

std::string RefineOptions::ToString() const {
  std::vector<absl::string_view> names;
  for (const Method& method : kMethods) {
    if (this->*method.flag) names.push_back(method.name);
  }
  return absl::StrJoin(names, ",");
}

std::string RefineMethodNames() {
  return absl::StrJoin(kMethods, ", ", [](std::string* out, const Method& method) {
    absl::StrAppend(out, method.name);
  });
}

absl::StatusOr<RefineOptions> ParseRefineOptions(absl::string_view text) {
  RefineOptions options;
  if (text == "none") return options;
  if (text == "all") return RefineOptions::All();
  for (absl::string_view name : absl::StrSplit(text, ',')) {
    bool known = false;
    for (const Method& method : kMethods) {
      if (name != method.name) continue;
      options.*method.flag = true;
      known = true;
    }
    if (known) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown method '", name, "'; there are: all, none, or a list of ", RefineMethodNames()));
  }
  return options;
}

absl::StatusOr<absl::optional<Graph>> RefineReal(const Graph& graph, const SampleSource& samples,
                                                 WeightGranularity granularity,
                                                 const RefineOptions& options,
                                                 const ModelOptions& run) {
  absl::optional<Graph> result;
  if (options.equalize) {
    absl::StatusOr<std::vector<Shape>> shapes = ShapesForSample(graph, samples, run);
    if (!shapes.ok()) return shapes.status();
    absl::StatusOr<Graph> equalized = EqualizeChannels(graph, *shapes, samples, granularity, run);
    if (!equalized.ok()) return equalized.status();
    result = *std::move(equalized);
  }
  if (options.smooth) {
    const Graph& so_far = result ? *result : graph;
    absl::StatusOr<std::vector<Shape>> shapes = ShapesForSample(so_far, samples, run);
    if (!shapes.ok()) return shapes.status();
    SmoothOptions smooth;
    smooth.weights = granularity;
    smooth.run = run;
    absl::StatusOr<absl::optional<Graph>> smoothed =
        SmoothActivations(so_far, *shapes, samples, smooth);
    if (!smoothed.ok()) return smoothed.status();
    if (*smoothed) result = **std::move(smoothed);
  }
  return result;
}

std::vector<Precision> PrecisionInRefined(const Graph& graph, const Graph& refined,
                                          absl::Span<const Precision> wanted) {
  std::vector<Precision> result(refined.nodes.size(), Precision::kInt8);
  auto next = refined.nodes.begin();
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const auto found = std::find_if(next, refined.nodes.end(), [&](const Node& other) {
      return other.type() == node.type() && other.name == node.name;
    });
    if (found == refined.nodes.end()) continue;
    result[static_cast<size_t>(found - refined.nodes.begin())] = wanted[i];
    next = found + 1;
  }
  return result;
}

absl::Status RefineInteger(const Graph& real, Graph& integer, const SampleSource& samples,
                           const RefineOptions& options, const ModelOptions& run) {
  if (!options.rounding && !options.bias && !options.clipping) return absl::OkStatus();
  ReconstructOptions reconstruct;
  reconstruct.weights = options.rounding   ? WeightChoice::kIntegers
                        : options.clipping ? WeightChoice::kCommonScale
                                           : WeightChoice::kNone;
  reconstruct.biases = options.rounding || options.bias;
  reconstruct.run = run;
  return ReconstructLayers(real, integer, samples, reconstruct);
}

}  // namespace octet

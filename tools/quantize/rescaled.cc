#include "tools/quantize/rescaled.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tools/evaluate/compare.h"

namespace octet {
namespace {

// Rounding of f32 leaves more than this between equal tensors of two networks, scaling of channels
// much less.
constexpr double kEqualDb = 60;

bool HasSameConstants(const Graph& a, const Graph& b) {
  return std::equal(
      a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(),
      [](const Tensor& x, const Tensor& y) { return x.data.data() == y.data.data(); });
}

bool IsInterface(const Graph& graph, TensorId id) {
  return IsOutput(graph, id) ||
         std::find(graph.inputs.begin(), graph.inputs.end(), id) != graph.inputs.end();
}

}  // namespace

absl::StatusOr<std::set<std::string>> FindRescaled(const Graph& graph, const Graph& prepared,
                                                   const SampleSource& samples,
                                                   const ModelOptions& run) {
  std::set<std::string> rescaled;
  if (HasSameConstants(graph, prepared)) return rescaled;
  CompareOptions options;
  options.run = run;
  const absl::StatusOr<std::vector<TensorDifference>> differences =
      CompareTensors(graph, prepared, FirstSamples(samples, 1), options);
  if (!differences.ok()) return differences.status();
  for (const TensorDifference& d : *differences) {
    if (d.sqnr_db < kEqualDb) rescaled.insert(d.tensor);
  }
  return rescaled;
}

void RenameRescaled(const std::set<std::string>& rescaled, Graph& result) {
  for (size_t i = 0; i < result.tensors.size(); ++i) {
    const auto id = static_cast<TensorId>(i);
    Tensor& t = result.tensor(id);
    if (rescaled.count(t.name) > 0 && !IsInterface(result, id)) t.name += kRescaledSuffix;
  }
  if (result.quantization == nullptr) return;
  for (const auto& range : result.quantization->ranges) {
    if (rescaled.count(range->tensor) > 0) range->tensor += kRescaledSuffix;
  }
}

std::vector<std::string> RescaledTensors(const Graph& graph) {
  std::vector<std::string> names;
  for (const Tensor& t : graph.tensors) {
    absl::string_view name = t.name;
    if (absl::ConsumeSuffix(&name, kRescaledSuffix)) names.emplace_back(name);
  }
  return names;
}

}  // namespace octet

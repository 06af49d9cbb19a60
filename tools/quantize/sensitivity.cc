#include "tools/quantize/sensitivity.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "runtime/model_internal.h"
#include "tools/evaluate/evaluate.h"

namespace octet {
namespace {

// Models that run at a time: they share the runs of the float model, but all are in memory.
constexpr size_t kModelsAtOnce = 8;

}  // namespace

absl::StatusOr<std::vector<LayerSensitivity>> MeasureSensitivity(
    const Graph& graph, absl::Span<const int> nodes,
    const std::function<absl::StatusOr<Graph>(int node)>& quantize_only, const SampleSource& source,
    const SensitivityOptions& options) {
  absl::StatusOr<std::shared_ptr<const Model>> reference = ModelFromGraph(graph, options.run);
  if (!reference.ok()) return reference.status();
  std::vector<LayerSensitivity> result;
  for (size_t first = 0; first < nodes.size(); first += kModelsAtOnce) {
    if (options.stop && options.stop()) break;
    std::vector<std::shared_ptr<const Model>> models;
    std::vector<const Model*> pointers;
    const size_t count = std::min(kModelsAtOnce, nodes.size() - first);
    for (size_t i = 0; i < count; ++i) {
      absl::StatusOr<Graph> quantized = quantize_only(nodes[first + i]);
      if (!quantized.ok()) return quantized.status();
      absl::StatusOr<std::shared_ptr<const Model>> model =
          ModelFromGraph(*std::move(quantized), options.run);
      if (!model.ok()) return model.status();
      models.push_back(*std::move(model));
      pointers.push_back(models.back().get());
    }
    absl::StatusOr<std::vector<Evaluation>> evaluations =
        EvaluateAll(pointers, reference->get(), source, {});
    if (!evaluations.ok()) return evaluations.status();
    for (size_t i = 0; i < count; ++i) {
      const int node = nodes[first + i];
      result.push_back({node, graph.nodes[static_cast<size_t>(node)].name,
                        (*evaluations)[i].sqnr_db.value_or(0)});
    }
    if (options.progress) {
      options.progress(static_cast<int64_t>(first + count), static_cast<int64_t>(nodes.size()));
    }
  }
  return result;
}

std::vector<int> MostSensitiveFirst(std::vector<LayerSensitivity> sensitivity) {
  // What is not a number is worst of all.
  const auto badness = [](const LayerSensitivity& s) {
    return s.sqnr_db == s.sqnr_db ? s.sqnr_db : -1e300;
  };
  std::stable_sort(sensitivity.begin(), sensitivity.end(),
                   [&](const LayerSensitivity& a, const LayerSensitivity& b) {
                     return badness(a) < badness(b);
                   });
  std::vector<int> nodes;
  for (const LayerSensitivity& s : sensitivity) nodes.push_back(s.node);
  return nodes;
}

}  // namespace octet

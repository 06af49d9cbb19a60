#include "tools/quantize/sensitivity.h"

#include <algorithm>
#include <map>
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
    const Graph& graph, absl::Span<const OperatorPrecision> changes,
    const std::function<absl::StatusOr<Graph>(const OperatorPrecision&)>& quantize_only,
    const SampleSource& source, const SensitivityOptions& options) {
  std::vector<LayerSensitivity> result;
  std::vector<size_t> unknown;  // indices into it
  for (const OperatorPrecision& change : changes) {
    const absl::optional<double> known =
        options.known ? options.known(change) : absl::optional<double>();
    if (!known) unknown.push_back(result.size());
    result.push_back({change.node, graph.nodes[static_cast<size_t>(change.node)].name,
                      known.value_or(0), change.precision});
  }
  if (unknown.empty()) return result;
  absl::StatusOr<std::shared_ptr<const Model>> reference = ModelFromGraph(graph, options.run);
  if (!reference.ok()) return reference.status();
  size_t first = 0;
  for (; first < unknown.size(); first += kModelsAtOnce) {
    if (options.stop && options.stop()) break;
    std::vector<std::shared_ptr<const Model>> models;
    std::vector<const Model*> pointers;
    const size_t count = std::min(kModelsAtOnce, unknown.size() - first);
    for (size_t i = 0; i < count; ++i) {
      absl::StatusOr<Graph> quantized = quantize_only(changes[unknown[first + i]]);
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
    std::vector<LayerSensitivity> found;
    for (size_t i = 0; i < count; ++i) {
      LayerSensitivity& layer = result[unknown[first + i]];
      layer.sqnr_db = (*evaluations)[i].sqnr_db.value_or(0);
      found.push_back(layer);
    }
    absl::Status status = options.found ? options.found(found) : absl::OkStatus();
    if (!status.ok()) return status;
    if (options.progress) {
      options.progress(static_cast<int64_t>(first + count), static_cast<int64_t>(unknown.size()));
    }
  }
  // What the stop left out has no place in the result.
  while (first < unknown.size()) {
    result.erase(result.begin() + static_cast<std::ptrdiff_t>(unknown.back()));
    unknown.pop_back();
  }
  return result;
}

std::vector<int> MostSensitiveFirst(std::vector<LayerSensitivity> sensitivity) {
  // What is not a number is worst of all.
  const auto badness = [](const LayerSensitivity& s) {
    return s.sqnr_db == s.sqnr_db ? s.sqnr_db : -1e300;
  };
  std::map<int, double> best;  // by node
  for (const LayerSensitivity& s : sensitivity) {
    if (!Has8Bits(s.precision)) continue;
    double& known = best.emplace(s.node, badness(s)).first->second;
    known = std::max(known, badness(s));
  }
  std::vector<int> nodes;
  for (const auto& [node, decibels] : best) nodes.push_back(node);
  std::stable_sort(nodes.begin(), nodes.end(),
                   [&](int a, int b) { return best.at(a) < best.at(b); });
  return nodes;
}

}  // namespace octet

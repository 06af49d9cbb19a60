#include <algorithm>
#include <utility>

#include "tools/simplify/evaluate.h"
#include "tools/simplify/passes.h"

namespace octet {
namespace {

bool AllConstant(const Graph& graph, const Node& node) {
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](TensorId id) { return id < 0 || graph.tensor(id).is_constant(); });
}

// An output of the graph has to be computed, if only by a copy.
bool MakesOutput(const Graph& graph, const Node& node) {
  return std::any_of(node.outputs.begin(), node.outputs.end(),
                     [&](TensorId id) { return IsOutput(graph, id); });
}

}  // namespace

absl::StatusOr<bool> FoldConstants(Graph& graph) {
  bool changed = false;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (!AllConstant(graph, node) || MakesOutput(graph, node)) continue;
    std::vector<const Tensor*> inputs;
    for (const TensorId id : node.inputs) inputs.push_back(id < 0 ? nullptr : &graph.tensor(id));
    absl::StatusOr<std::vector<Tensor>> results = EvaluateNode(node, inputs);
    if (absl::IsUnimplemented(results.status())) continue;
    if (!results.ok()) return results.status();
    for (size_t i = 0; i < results->size(); ++i) {
      Tensor& output = graph.tensor(node.outputs[i]);
      (*results)[i].name = output.name;
      output = std::move((*results)[i]);
    }
    graph.nodes.erase(graph.nodes.begin() + static_cast<long>(n));
    --n;
    changed = true;
  }
  return changed;
}

}  // namespace octet

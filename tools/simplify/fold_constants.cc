#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/core/infer.h"
#include "runtime/core/operators.h"
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

// Conversions between integers and reals are part of how a network is quantized, and shall stay.
bool IsQuantized(const Graph& graph, const Node& node) {
  const auto quantized = [&](TensorId id) { return id >= 0 && graph.tensor(id).quant; };
  return std::any_of(node.inputs.begin(), node.inputs.end(), quantized) ||
         std::any_of(node.outputs.begin(), node.outputs.end(), quantized);
}

// A file shall not grow much by what one operator could compute: results may have some bytes, or as
// many as the inputs twice.
bool IsSmall(const Graph& graph, const Node& node) {
  constexpr int64_t kSomeBytes = 64 * 1024;
  int64_t before = 0, after = 0;
  std::vector<Shape> inputs;
  for (const TensorId id : node.inputs) {
    inputs.push_back(id < 0 ? Shape() : graph.tensor(id).shape);
    if (id >= 0) before += static_cast<int64_t>(graph.tensor(id).data.size());
  }
  const absl::StatusOr<std::vector<Shape>> shapes = InferShapes(node, inputs);
  if (!shapes.ok()) return true;  // the evaluation says why
  for (size_t i = 0; i < shapes->size(); ++i) {
    const DataType type = graph.tensor(node.outputs[i]).type;
    after += NumElements((*shapes)[i]) * static_cast<int64_t>(SizeOf(type));
  }
  return after <= std::max(kSomeBytes, 2 * before);
}

absl::StatusOr<std::vector<Tensor>> Evaluate(const Graph& graph, const Node& node) {
  std::vector<const Tensor*> inputs, outputs;
  for (const TensorId id : node.inputs) inputs.push_back(id < 0 ? nullptr : &graph.tensor(id));
  for (const TensorId id : node.outputs) outputs.push_back(&graph.tensor(id));
  return EvaluateNode(node, inputs, outputs);
}

}  // namespace

absl::StatusOr<bool> FoldConstants(Graph& graph) {
  bool changed = false;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (!AllConstant(graph, node) || MakesOutput(graph, node) || HasOpenResult(node.type()) ||
        !IsBound(node) || IsQuantized(graph, node) || !IsSmall(graph, node)) {
      continue;
    }
    absl::StatusOr<std::vector<Tensor>> results = Evaluate(graph, node);
    if (absl::IsUnimplemented(results.status())) continue;
    if (!results.ok()) {
      return absl::Status(results.status().code(),
                          absl::StrCat("'", node.name, "': ", results.status().message()));
    }
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

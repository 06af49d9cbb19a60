#include <vector>

#include "tools/simplify/passes.h"
#include "tools/simplify/quantized.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

// What Reshape must say to make `to` out of `from`; empty where it cannot.
std::vector<int64_t> Target(const Tensor& from, const Tensor& to) {
  std::vector<int64_t> target;
  int open = 0;
  for (size_t i = 0; i < to.shape.size(); ++i) {
    if (to.shape[i] > 0) {
      target.push_back(to.shape[i]);
    } else if (i < from.shape.size() && i < from.symbols.size() && i < to.symbols.size() &&
               !to.symbols[i].empty() && from.symbols[i] == to.symbols[i]) {
      target.push_back(0);
    } else {
      target.push_back(-1);
      ++open;
    }
  }
  return open > 1 ? std::vector<int64_t>{} : target;
}

// Whether the result is not quantized anew.
bool KeepsScale(const Graph& graph, const Node& node) {
  return SameScale(graph.tensor(node.inputs[0]), graph.tensor(node.outputs[0]));
}

bool MergeReshape(Graph& graph, const Uses& uses, Node& node) {
  const Node* before = uses.Producer(node.inputs[0]);
  if (before == nullptr || before->type() != OpType::ReshapeOptions) return false;
  if (!KeepsScale(graph, *before)) return false;
  const std::vector<int64_t> target =
      Target(graph.tensor(before->inputs[0]), graph.tensor(node.outputs[0]));
  if (target.empty() && !graph.tensor(node.outputs[0]).shape.empty()) return false;
  node.as<schema::ReshapeOptionsT>().shape = target;
  node.inputs[0] = before->inputs[0];
  return true;
}

bool MergeTranspose(const Graph& graph, const Uses& uses, Node& node) {
  const Node* before = uses.Producer(node.inputs[0]);
  if (before == nullptr || before->type() != OpType::TransposeOptions) return false;
  if (!KeepsScale(graph, *before)) return false;
  const auto& first = before->as<schema::TransposeOptionsT>().permutation;
  for (int& d : node.as<schema::TransposeOptionsT>().permutation) d = first[static_cast<size_t>(d)];
  node.inputs[0] = before->inputs[0];
  return true;
}

}  // namespace

bool MergeReshapes(Graph& graph) {
  CurrentUses uses(graph);
  for (Node& node : graph.nodes) {
    if (node.type() == OpType::ReshapeOptions) {
      uses.Note(MergeReshape(graph, uses.get(), node));
    } else if (node.type() == OpType::TransposeOptions) {
      uses.Note(MergeTranspose(graph, uses.get(), node));
    }
  }
  return uses.any();
}

}  // namespace octet

#include <utility>

#include "tools/simplify/edit.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

// The transposition that exchanges sequence and heads, if that is what `node` is.
const Node* Exchange(const Node* node) {
  if (node == nullptr || node->type() != OpType::TransposeOptions) return nullptr;
  const auto& permutation = node->as<schema::TransposeOptionsT>().permutation;
  return permutation == std::vector<int>{0, 2, 1, 3} ? node : nullptr;
}

bool Convert(Graph& graph, const Uses& uses, int index) {
  Node& attention = graph.nodes[static_cast<size_t>(index)];
  auto& options = attention.as<schema::AttentionOptionsT>();
  if (options.heads_last) return false;
  const int reader = uses.OnlyReader(attention.outputs[0]);
  if (reader < 0 || Exchange(&graph.nodes[static_cast<size_t>(reader)]) == nullptr) return false;
  std::vector<TensorId> sources;
  for (const size_t i : {0u, 1u, 2u}) {
    const Node* before = Exchange(uses.Producer(attention.inputs[i]));
    if (before == nullptr) return false;
    sources.push_back(before->inputs[0]);
  }
  std::copy(sources.begin(), sources.end(), attention.inputs.begin());
  options.heads_last = true;
  attention.outputs = graph.nodes[static_cast<size_t>(reader)].outputs;
  EraseNode(graph, reader);
  return true;
}

}  // namespace

bool AttentionHeadsLast(Graph& graph) {
  CurrentUses uses(graph);
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
    if (graph.nodes[static_cast<size_t>(i)].type() != OpType::AttentionOptions) continue;
    uses.Note(Convert(graph, uses.get(), i));
  }
  return uses.any();
}

}  // namespace octet

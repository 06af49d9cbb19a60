#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/simplify/passes.h"

namespace octet {
namespace {

bool ReducesSpatial(const Graph& graph, const Node& node) {
  if (node.type() != OpType::ReduceOptions) return false;
  const auto& options = node.as<schema::ReduceOptionsT>();
  if (options.kind != schema::ReduceKind::MEAN && options.kind != schema::ReduceKind::MAXIMUM) {
    return false;
  }
  const size_t rank = graph.tensor(node.inputs[0]).shape.size();
  if (rank < 3 || rank > 5 || options.axes.size() != rank - 2) return false;
  for (size_t i = 0; i < options.axes.size(); ++i) {
    if (options.axes[i] != static_cast<int>(i) + 2) return false;
  }
  return true;
}

void Convert(Graph& graph, size_t index) {
  const Node node = graph.nodes[index];
  const auto& reduce = node.as<schema::ReduceOptionsT>();
  schema::GlobalPoolOptionsT pool;
  pool.kind = reduce.kind == schema::ReduceKind::MAXIMUM ? schema::PoolKind::MAXIMUM
                                                         : schema::PoolKind::AVERAGE;
  if (reduce.keep_dims) {
    graph.nodes[index] = Graph::MakeNode(node.name, std::move(pool), node.inputs, node.outputs);
    return;
  }
  Tensor pooled = graph.tensor(node.inputs[0]);
  pooled.name = absl::StrCat(graph.tensor(node.outputs[0]).name, "/pooled");
  pooled.type = graph.tensor(node.outputs[0]).type;
  pooled.quant = graph.tensor(node.outputs[0]).quant;
  for (size_t i = 2; i < pooled.shape.size(); ++i) {
    pooled.shape[i] = 1;
    if (!pooled.symbols.empty()) pooled.symbols[i].clear();
  }
  const TensorId id = graph.AddTensor(std::move(pooled));
  schema::ReshapeOptionsT reshape;
  reshape.shape = {0, 0};
  graph.nodes[index] = Graph::MakeNode(node.name, std::move(pool), node.inputs, {id});
  graph.nodes.insert(
      graph.nodes.begin() + static_cast<long>(index) + 1,
      Graph::MakeNode(absl::StrCat(node.name, "/squeeze"), std::move(reshape), {id}, node.outputs));
}

}  // namespace

bool ReduceToPool(Graph& graph) {
  bool changed = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!ReducesSpatial(graph, graph.nodes[i])) continue;
    Convert(graph, i);
    changed = true;
  }
  return changed;
}

}  // namespace octet

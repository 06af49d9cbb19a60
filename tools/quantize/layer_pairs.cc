#include "tools/quantize/layer_pairs.h"

#include <cstddef>

namespace octet {
namespace {

bool IsIntegerLayer(const Graph& graph, const Node& node) {
  if (node.type() != OpType::ConvOptions && node.type() != OpType::MatMulOptions) return false;
  const Tensor& input = graph.tensor(node.input(0));
  const Tensor& weights = graph.tensor(node.input(1));
  return input.quant && input.quant->per_tensor() && weights.is_constant() && weights.quant;
}

bool IsOriginOf(const Graph& real, const Node& node, const Node& integer) {
  return node.type() == integer.type() && node.name == integer.name &&
         real.tensor(node.input(1)).is_constant();
}

}  // namespace

std::vector<LayerPair> PairLayers(const Graph& real, const Graph& integer) {
  std::vector<LayerPair> pairs;
  size_t next = 0;  // the first node of `real` that has no partner yet
  for (size_t i = 0; i < integer.nodes.size(); ++i) {
    const Node& node = integer.nodes[i];
    if (!IsIntegerLayer(integer, node)) continue;
    size_t r = next;
    while (r < real.nodes.size() && !IsOriginOf(real, real.nodes[r], node)) ++r;
    if (r == real.nodes.size()) continue;
    pairs.push_back({static_cast<int>(r), static_cast<int>(i)});
    next = r + 1;
  }
  return pairs;
}

}  // namespace octet

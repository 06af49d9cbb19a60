#include <algorithm>
#include <utility>

#include "tools/simplify/edit.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

constexpr size_t kResidual = 3;

// The product that computes `id` for one reader and can take a residual; -1 without one.
int HostOf(const Graph& graph, const Uses& uses, TensorId id) {
  int at = uses.OnlyFor(id, OpType::ConvOptions);
  if (at < 0) at = uses.OnlyFor(id, OpType::MatMulOptions);
  if (at < 0) return -1;
  const Node& node = graph.nodes[static_cast<size_t>(at)];
  return HasNoActivation(node) && node.input(kResidual) == kNoTensor ? at : -1;
}

bool Try(Graph& graph, const Uses& uses, int index) {
  const Node& sum = graph.nodes[static_cast<size_t>(index)];
  if (sum.type() != OpType::BinaryOptions ||
      sum.as<schema::BinaryOptionsT>().kind != schema::BinaryKind::ADD) {
    return false;
  }
  const TensorId a = sum.inputs[0], b = sum.inputs[1], y = sum.outputs[0];
  // The sum of quantized tensors rounds what the product has rounded already.
  if (a == b || graph.tensor(a).quant || graph.tensor(b).quant || graph.tensor(a).is_constant() ||
      graph.tensor(b).is_constant() || !SameShape(graph.tensor(a), graph.tensor(y)) ||
      !SameShape(graph.tensor(b), graph.tensor(y))) {
    return false;
  }
  const int host_a = HostOf(graph, uses, a), host_b = HostOf(graph, uses, b);
  // The later product takes the sum: the other operand is ready by then.
  const int host = std::max(host_a, host_b);
  if (host < 0) return false;
  Node product = std::move(graph.nodes[static_cast<size_t>(host)]);
  product.inputs.resize(kResidual + 1, kNoTensor);
  product.inputs[kResidual] = host == host_a ? b : a;
  Node& slot = graph.nodes[static_cast<size_t>(index)];
  const ActivationBounds to = ActivationOf(product);
  const ActivationBounds from = ActivationOf(slot);
  *to.min = *from.min;
  *to.max = *from.max;
  product.outputs = slot.outputs;
  // In the place of the sum, every input is ready even if the other operand is computed after the
  // product.
  slot = std::move(product);
  EraseNode(graph, host);
  return true;
}

}  // namespace

bool FuseResidual(Graph& graph) {
  CurrentUses uses(graph);
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
    if (uses.Note(Try(graph, uses.get(), i))) --i;  // a node before this one has gone
  }
  return uses.any();
}

}  // namespace octet

#include <utility>

#include "tools/simplify/match.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;

// x where `id` is clip(x + 3, 0, 6).
TensorId SixfoldGate(const Graph& graph, const Uses& uses, TensorId id) {
  const Node* clip = uses.Producer(id);
  const auto* options = UnaryOf(clip, UnaryKind::CLIP);
  if (options == nullptr || options->alpha != 0.0f || options->beta != 6.0f) return kNoTensor;
  return WithNumber(graph, uses, clip->inputs[0], BinaryKind::ADD, 3.0);
}

// x where `id` is hard_sigmoid(x) of slope 1/6.
TensorId HardGate(const Uses& uses, TensorId id) {
  const Node* node = uses.Producer(id);
  const auto* options = UnaryOf(node, UnaryKind::HARD_SIGMOID);
  if (options == nullptr || !Near(options->alpha, 1.0 / 6) || !Near(options->beta, 0.5)) {
    return kNoTensor;
  }
  return node->inputs[0];
}

TensorId SmoothGate(const Uses& uses, TensorId id) {
  const Node* node = uses.Producer(id);
  return UnaryOf(node, UnaryKind::SIGMOID) ? node->inputs[0] : kNoTensor;
}

void Become(Node& node, UnaryKind kind, TensorId x, float alpha = 0.0f, float beta = 0.0f) {
  schema::UnaryOptionsT options;
  options.kind = kind;
  options.alpha = alpha;
  options.beta = beta;
  node = Graph::MakeNode(node.name, std::move(options), {x}, node.outputs);
}

// node = product of `x` and `gate`, or of the same with 1/6 on either side.
bool FuseProduct(const Graph& graph, const Uses& uses, Node& node, TensorId x, TensorId gate) {
  if (HardGate(uses, gate) == x) {
    Become(node, UnaryKind::HARD_SWISH, x);
    return true;
  }
  if (SmoothGate(uses, gate) == x) {
    Become(node, UnaryKind::SWISH, x);
    return true;
  }
  // (x / 6) * clip(x + 3, 0, 6)
  const TensorId whole = WithNumber(graph, uses, x, BinaryKind::MUL, 1.0 / 6);
  if (whole != kNoTensor && SixfoldGate(graph, uses, gate) == whole) {
    Become(node, UnaryKind::HARD_SWISH, whole);
    return true;
  }
  return false;
}

// node = `id` / 6.
bool FuseSixth(const Graph& graph, const Uses& uses, Node& node, TensorId id) {
  const TensorId gated = SixfoldGate(graph, uses, id);
  if (gated != kNoTensor) {
    Become(node, UnaryKind::HARD_SIGMOID, gated, 1.0f / 6, 0.5f);
    return true;
  }
  const Node* product = BinaryOf(uses.Producer(id), BinaryKind::MUL);
  if (product == nullptr) return false;
  for (const int side : {0, 1}) {
    const TensorId x = product->inputs[static_cast<size_t>(side)];
    const TensorId gate = product->inputs[static_cast<size_t>(1 - side)];
    if (SixfoldGate(graph, uses, gate) == x) {
      Become(node, UnaryKind::HARD_SWISH, x);
      return true;
    }
  }
  return false;
}

bool Fuse(const Graph& graph, const Uses& uses, Node& node) {
  if (BinaryOf(&node, BinaryKind::MUL) == nullptr) return false;
  if (graph.tensor(node.outputs[0]).quant) return false;
  const TensorId a = node.inputs[0], b = node.inputs[1];
  const absl::optional<double> number = UniformValue(graph, b);
  if (number && Near(*number, 1.0 / 6) &&
      SameShape(graph.tensor(a), graph.tensor(node.outputs[0]))) {
    return FuseSixth(graph, uses, node, a);
  }
  return FuseProduct(graph, uses, node, a, b) || FuseProduct(graph, uses, node, b, a);
}

}  // namespace

bool FuseSwish(Graph& graph) {
  CurrentUses uses(graph);
  for (Node& node : graph.nodes) {
    if (node.type() == OpType::BinaryOptions) uses.Note(Fuse(graph, uses.get(), node));
  }
  return uses.any();
}

}  // namespace octet

#include <utility>

#include "tools/simplify/match.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/uses.h"

// GELU is x * gate with gate = 0.5 * (1 + erf(x / sqrt(2))), or with
// 0.5 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))), where the 0.5 may be anywhere.

namespace octet {
namespace {

using schema::UnaryKind;

constexpr double kSqrtHalf = 0.70710678118654752;
constexpr double kSqrtTwoOverPi = 0.79788456080286536;
constexpr double kCubic = 0.044715;

// A factor of the form number * (1 + f(argument)).
struct Gate {
  UnaryKind function = UnaryKind::IDENTITY;
  TensorId argument = kNoTensor;
  double number = 0.0;
};

// `id` as a gate; without an argument where it is none.
Gate GateOf(const Graph& graph, const Uses& uses, TensorId id) {
  const Sum sum = SumOf(graph, uses, id);
  if (sum.terms.size() != 1) return {};
  const Product product = ProductOf(graph, uses, sum.terms[0]);
  if (product.factors.size() != 1 || !Near(product.coefficient, sum.constant)) return {};
  const Node* node = uses.Producer(product.factors[0]);
  for (const UnaryKind kind : {UnaryKind::ERF, UnaryKind::TANH}) {
    if (UnaryOf(node, kind) != nullptr) return {kind, node->inputs[0], sum.constant};
  }
  return {};
}

bool IsErfArgument(const Graph& graph, const Uses& uses, TensorId argument, TensorId x) {
  return ProductOf(graph, uses, argument, {x}).Is(kSqrtHalf, {x});
}

// sqrt(2 / pi) * (x + 0.044715 * x^3), also as sqrt(2 / pi) * x * (1 + 0.044715 * x^2).
bool IsTanhArgument(const Graph& graph, const Uses& uses, TensorId argument, TensorId x) {
  const Product outer = ProductOf(graph, uses, argument, {x});
  double linear = 0.0, cubic = 0.0;
  std::vector<TensorId> around = outer.factors;  // what remains after the sum is taken out
  Sum sum;
  for (size_t i = 0; i < around.size(); ++i) {
    if (around[i] == x) continue;
    sum = SumOf(graph, uses, around[i], {x});
    around.erase(around.begin() + static_cast<long>(i));
    break;
  }
  if (around.size() > 1 || (around.size() == 1 && around[0] != x)) return false;
  const size_t order = around.size();  // of what the sum is multiplied with
  if (order == 1) linear = sum.constant;
  if (order == 0 && sum.constant != 0.0) return false;
  for (const TensorId term : sum.terms) {
    const Product product = ProductOf(graph, uses, term, {x});
    for (const TensorId factor : product.factors) {
      if (factor != x) return false;
    }
    const size_t power = product.factors.size() + order;
    if (power != 1 && power != 3) return false;
    (power == 1 ? linear : cubic) += product.coefficient;
  }
  return Near(outer.coefficient * linear, kSqrtTwoOverPi, kHalfRounding) &&
         Near(outer.coefficient * cubic, kSqrtTwoOverPi * kCubic, kHalfRounding * kCubic);
}

bool IsArgument(const Graph& graph, const Uses& uses, const Gate& gate, TensorId x) {
  return gate.function == UnaryKind::ERF ? IsErfArgument(graph, uses, gate.argument, x)
                                         : IsTanhArgument(graph, uses, gate.argument, x);
}

// Makes `node` GELU of `x` where it is 0.5 / number * x * gate.
bool BecomeGelu(const Graph& graph, const Uses& uses, Node& node, const Gate& gate,
                TensorId gate_id) {
  for (const TensorId x : Operands(uses, gate.argument)) {
    if (!SameShape(graph.tensor(x), graph.tensor(node.outputs[0]))) continue;
    if (!IsArgument(graph, uses, gate, x)) continue;
    const Product product = ProductOf(graph, uses, node.outputs[0], {x, gate_id});
    if (!product.Is(0.5 / gate.number, {x, gate_id})) continue;
    schema::UnaryOptionsT options;
    options.kind = gate.function == UnaryKind::ERF ? UnaryKind::GELU : UnaryKind::GELU_TANH;
    node = Graph::MakeNode(node.name, std::move(options), {x}, node.outputs);
    return true;
  }
  return false;
}

bool Fuse(const Graph& graph, const Uses& uses, Node& node) {
  if (BinaryOf(&node, schema::BinaryKind::MUL) == nullptr) return false;
  for (const TensorId factor : ProductOf(graph, uses, node.outputs[0]).factors) {
    const Gate gate = GateOf(graph, uses, factor);
    if (gate.argument != kNoTensor && BecomeGelu(graph, uses, node, gate, factor)) return true;
  }
  return false;
}

}  // namespace

bool FuseGelu(Graph& graph) {
  const Uses uses(graph);
  bool changed = false;
  for (Node& node : graph.nodes) {
    if (Fuse(graph, uses, node)) changed = true;
  }
  return changed;
}

}  // namespace octet

#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/simplify/match.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/uses.h"

// Squeeze-and-excite with a residual, x + x * gate, as one product with what is larger.

namespace octet {
namespace {

using schema::BinaryKind;

bool AllNumbersKnown(const Shape& shape) {
  for (const int64_t size : shape) {
    if (size < 0) return false;
  }
  return true;
}

// Whether `gate` broadcasts to `x` along at least one dimension that is not 1 there.
bool IsSmaller(const Tensor& gate, const Tensor& x) {
  if (gate.shape.size() != x.shape.size()) return gate.shape.size() < x.shape.size();
  for (size_t i = 0; i < x.shape.size(); ++i) {
    if (gate.shape[i] == 1 && x.shape[i] != 1) return true;
  }
  return AllNumbersKnown(x.shape) && NumElements(gate.shape) < NumElements(x.shape);
}

// Turns node `index`, x + product, into x * (gate + 1) where the product is x * gate.
bool Factor(Graph& graph, const Uses& uses, int index, TensorId x, TensorId product) {
  const Node* multiply = BinaryOf(uses.Producer(product), BinaryKind::MUL);
  if (multiply == nullptr || uses.OnlyReader(product) < 0) return false;
  if (graph.tensor(x).type != DataType::kF32) return false;
  for (const size_t side : {0u, 1u}) {
    const TensorId gate = multiply->inputs[1 - side];
    if (multiply->inputs[side] != x || gate == x) continue;
    if (!IsSmaller(graph.tensor(gate), graph.tensor(x))) continue;
    if (!SameShape(graph.tensor(product), graph.tensor(x))) continue;
    const std::string name = absl::StrCat(graph.tensor(product).name, "/gate");
    const TensorId one = AddConstant(graph, "one", DataType::kF32, {}, {1});
    Tensor raised = graph.tensor(gate);
    raised.name = name;
    raised.data = Constant();
    const TensorId sum = graph.AddTensor(std::move(raised));
    schema::BinaryOptionsT add, multiplication;
    add.kind = BinaryKind::ADD;
    multiplication = graph.nodes[static_cast<size_t>(index)].as<schema::BinaryOptionsT>();
    multiplication.kind = BinaryKind::MUL;
    Node& node = graph.nodes[static_cast<size_t>(index)];
    node = Graph::MakeNode(node.name, std::move(multiplication), {x, sum}, node.outputs);
    graph.nodes.insert(graph.nodes.begin() + index,
                       Graph::MakeNode(name, std::move(add), {gate, one}, {sum}));
    return true;
  }
  return false;
}

bool IsSum(const Node& node) {
  return node.type() == OpType::BinaryOptions &&
         node.as<schema::BinaryOptionsT>().kind == BinaryKind::ADD;
}

}  // namespace

bool FactorGates(Graph& graph) {
  CurrentUses uses(graph);
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
    const Node& node = graph.nodes[static_cast<size_t>(i)];
    if (!IsSum(node)) continue;
    const TensorId a = node.inputs[0], b = node.inputs[1];
    uses.Note(Factor(graph, uses.get(), i, a, b) || Factor(graph, uses.get(), i, b, a));
  }
  return uses.any();
}

}  // namespace octet

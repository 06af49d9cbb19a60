#include <algorithm>
#include <limits>
#include <utility>

#include "tools/simplify/constants.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

using schema::BinaryKind;

bool IsFloatConstant(const Graph& graph, TensorId id) {
  return graph.tensor(id).is_constant() && IsFloat(graph.tensor(id).type);
}

bool Commutes(BinaryKind kind) {
  return kind == BinaryKind::ADD || kind == BinaryKind::MUL || kind == BinaryKind::MINIMUM ||
         kind == BinaryKind::MAXIMUM;
}

// The right operand through `function`, as a constant of its own.
template <typename Function>
TensorId Mapped(Graph& graph, TensorId id, Function function) {
  const Tensor& source = graph.tensor(id);
  std::vector<double> values = ToDoubles(source.type, source.data);
  for (double& v : values) v = function(v);
  const std::string name = source.name;
  const Shape shape = source.shape;
  return AddConstant(graph, name, DataType::kF32, shape, values);
}

bool HasZero(const Tensor& tensor) {
  for (const double v : ToDoubles(tensor.type, tensor.data)) {
    if (v == 0.0) return true;
  }
  return false;
}

// min(x, c) and max(x, c) for a number c are clips.
bool ToClip(Graph& graph, Node& node, BinaryKind kind) {
  const Tensor& constant = graph.tensor(node.inputs[1]);
  const absl::optional<double> bound = UniformValue(graph, node.inputs[1]);
  if (!bound || *bound != *bound || !HasNoActivation(node)) return false;
  if (NumElements(constant.shape) != 1) return false;
  if (constant.shape.size() > graph.tensor(node.inputs[0]).shape.size()) return false;
  schema::UnaryOptionsT clip;
  clip.kind = schema::UnaryKind::CLIP;
  clip.alpha = -std::numeric_limits<float>::infinity();
  clip.beta = std::numeric_limits<float>::infinity();
  (kind == BinaryKind::MAXIMUM ? clip.alpha : clip.beta) = static_cast<float>(*bound);
  node = Graph::MakeNode(node.name, std::move(clip), {node.inputs[0]}, node.outputs);
  return true;
}

bool Normalize(Graph& graph, Node& node) {
  auto& options = node.as<schema::BinaryOptionsT>();
  bool changed = false;
  if (Commutes(options.kind) && IsFloatConstant(graph, node.inputs[0]) &&
      !IsFloatConstant(graph, node.inputs[1])) {
    std::swap(node.inputs[0], node.inputs[1]);
    changed = true;
  }
  if (!IsFloatConstant(graph, node.inputs[1])) return changed;
  // The product with a reciprocal is faster and may differ by one rounding; of one number, such as
  // a scale, the quotient stays.
  const Shape& shape = graph.tensor(node.outputs[0]).shape;
  const bool number = std::all_of(shape.begin(), shape.end(), [](int64_t d) { return d == 1; });
  if (options.kind == BinaryKind::DIV && !number && !HasZero(graph.tensor(node.inputs[1]))) {
    node.inputs[1] = Mapped(graph, node.inputs[1], [](double v) { return 1.0 / v; });
    options.kind = BinaryKind::MUL;
    return true;
  }
  if (options.kind == BinaryKind::SUB) {
    node.inputs[1] = Mapped(graph, node.inputs[1], [](double v) { return -v; });
    options.kind = BinaryKind::ADD;
    return true;
  }
  if (options.kind == BinaryKind::MINIMUM || options.kind == BinaryKind::MAXIMUM) {
    return ToClip(graph, node, options.kind) || changed;
  }
  return changed;
}

}  // namespace

bool NormalizeArithmetic(Graph& graph) {
  bool changed = false;
  for (Node& node : graph.nodes) {
    if (node.type() == OpType::BinaryOptions && Normalize(graph, node)) changed = true;
  }
  return changed;
}

}  // namespace octet

#include <algorithm>
#include <utility>

#include "tools/simplify/absorb_quantization.h"
#include "tools/simplify/constants.h"
#include "tools/simplify/edit.h"
#include "tools/simplify/evaluate.h"
#include "tools/simplify/quantized.h"

// Conversions of constants, in either direction.

namespace octet {
namespace {

bool FoldQuantize(Graph& graph, size_t index) {
  const Node& node = graph.nodes[index];
  if (node.type() != OpType::QuantizeOptions) return false;
  const Tensor& x = graph.tensor(node.inputs[0]);
  Tensor& y = graph.tensor(node.outputs[0]);
  if (!x.is_constant() || !IsFloat(x.type) || IsOutput(graph, node.outputs[0])) return false;
  y.shape = x.shape;
  y.symbols.clear();
  y.data = QuantizeValues(ToDoubles(x.type, x.data), y.type, y.shape, *y.quant);
  EraseNode(graph, static_cast<int>(index));
  return true;
}

bool FoldView(Graph& graph, size_t index) {
  const Node& node = graph.nodes[index];
  if (!IsView(graph, node)) return false;
  const Tensor& x = graph.tensor(node.inputs[0]);
  Tensor& y = graph.tensor(node.outputs[0]);
  if (!x.is_constant() || IsOutput(graph, node.outputs[0])) return false;
  y.shape = x.shape;
  y.symbols.clear();
  y.data = x.data;
  EraseNode(graph, static_cast<int>(index));
  return true;
}

// The dimension of a transposed tensor that is dimension `axis` of the one before.
int TransposedAxis(const Node& node, int axis) {
  const auto& permutation = node.as<schema::TransposeOptionsT>().permutation;
  const auto found = std::find(permutation.begin(), permutation.end(), axis);
  return static_cast<int>(found - permutation.begin());
}

bool IsMovement(const Node& node) {
  return node.type() == OpType::TransposeOptions || node.type() == OpType::ReshapeOptions ||
         node.type() == OpType::SliceOptions;
}

// Movement of dequantized constants becomes the Dequantize of moved ones.
absl::StatusOr<bool> FoldMovement(Graph& graph, size_t index) {
  const Node& node = graph.nodes[index];
  if (!IsMovement(node) || node.inputs.size() != 1 || node.outputs.size() != 1) return false;
  const TensorId id = DequantizedFrom(Uses(graph), node.inputs[0]);
  if (id == kNoTensor || !graph.tensor(id).is_constant()) return false;
  const Tensor quantized = graph.tensor(id);
  if (node.type() != OpType::TransposeOptions && !quantized.quant->per_tensor()) return false;
  // Integers of 24 bits are exact as f32.
  Tensor integers;
  integers.type = DataType::kF32;
  integers.shape = quantized.shape;
  const std::vector<double> values = ToDoubles(quantized.type, quantized.data);
  const bool exact = std::all_of(values.begin(), values.end(),
                                 [](double v) { return v >= -16777216.0 && v <= 16777216.0; });
  if (!exact) return false;
  integers.data = FromDoubles(DataType::kF32, values);
  absl::StatusOr<std::vector<Tensor>> moved =
      EvaluateNode(node, {&integers}, {&graph.tensor(node.outputs[0])});
  if (absl::IsUnimplemented(moved.status())) return false;
  if (!moved.ok()) return moved.status();
  const TensorId y = AddQuantizedLike(graph, node.outputs[0], id, "_quantized");
  Tensor& result = graph.tensor(y);
  result.shape = (*moved)[0].shape;
  result.symbols.clear();
  result.data = FromDoubles(quantized.type, ToDoubles(DataType::kF32, (*moved)[0].data));
  if (!quantized.quant->per_tensor()) {
    result.quant->axis = TransposedAxis(node, quantized.quant->axis);
  }
  graph.nodes[index] = Graph::MakeNode(node.name, schema::DequantizeOptionsT(), {y}, node.outputs);
  return true;
}

// A real constant with the values of the quantized one behind `dequantized`.
TensorId AddRealConstant(Graph& graph, TensorId dequantized, TensorId quantized) {
  const Tensor& source = graph.tensor(quantized);
  const std::string name = graph.tensor(dequantized).name;
  const Shape shape = source.shape;
  return AddConstant(graph, name, DataType::kF32, shape, RealValuesOf(source));
}

// Lets input `i` of the node read real numbers where it reads a dequantized constant.
bool MakeReal(Graph& graph, const Uses& uses, Node& node, size_t i) {
  const TensorId id = node.input(i);
  const TensorId quantized = DequantizedFrom(uses, id);
  if (quantized == kNoTensor || !graph.tensor(quantized).is_constant()) return false;
  node.inputs[i] = AddRealConstant(graph, id, quantized);
  return true;
}

}  // namespace

absl::StatusOr<bool> FoldQuantizedConstants(Graph& graph) {
  bool changed = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (FoldQuantize(graph, i) || FoldView(graph, i)) {
      changed = true;
      --i;
      continue;
    }
    absl::StatusOr<bool> moved = FoldMovement(graph, i);
    if (!moved.ok()) return moved.status();
    changed = changed || *moved;
  }
  return changed;
}

bool DequantizeConstants(Graph& graph) {
  const Uses uses(graph);
  bool changed = false;
  for (Node& node : graph.nodes) {
    const bool product = node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions;
    if (!product && node.type() != OpType::BinaryOptions) continue;
    const auto is_real = [&](size_t i) {
      const TensorId id = node.inputs[i];
      return !graph.tensor(id).quant && DequantizedFrom(uses, id) == kNoTensor;
    };
    if (is_real(0)) {
      for (size_t i = 1; i < node.inputs.size(); ++i) changed |= MakeReal(graph, uses, node, i);
    } else if (!product && is_real(1) && !graph.tensor(node.inputs[1]).is_constant()) {
      changed |= MakeReal(graph, uses, node, 0);
    }
  }
  return changed;
}

bool DequantizeRemainingConstants(Graph& graph) {
  const Uses uses(graph);
  bool changed = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    if (node.type() == OpType::DequantizeOptions) continue;
    for (size_t k = 0; k < node.inputs.size(); ++k) changed |= MakeReal(graph, uses, node, k);
  }
  return changed;
}

}  // namespace octet

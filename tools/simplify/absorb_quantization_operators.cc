#include <cmath>
#include <utility>

#include "runtime/core/validate_rules.h"
#include "tools/simplify/absorb_quantization.h"
#include "tools/simplify/constants.h"
#include "tools/simplify/quantized.h"

namespace octet {
namespace {

bool IsProduct(const Node& node) {
  return node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions;
}

// Whether what the operator does depends on how its operands are stored.
bool ConvertsTypes(const Node& node) {
  return IsConversion(node) || node.type() == OpType::CastOptions;
}

// A float constant of one number throughout, as integers: the number is the scale times 1, 0 or -1.
TensorId ExactInteger(Graph& graph, TensorId id, double number) {
  Tensor tensor;
  tensor.type = DataType::kS8;
  tensor.shape = graph.tensor(id).shape;
  const bool zero = number == 0.0;
  tensor.quant = QuantParams{{zero ? 1.0f : static_cast<float>(std::abs(number))}, {0}, -1};
  const int64_t integer = zero ? 0 : number < 0 ? -1 : 1;
  tensor.data = FromInts(
      DataType::kS8, std::vector<int64_t>(static_cast<size_t>(NumElements(tensor.shape)), integer));
  tensor.name = UniqueTensorName(graph, graph.tensor(id).name + "_quantized");
  return graph.AddTensor(std::move(tensor));
}

// Whether a number is a scale, with either sign, or 0.
bool IsScale(double number) {
  const auto scale = static_cast<float>(std::abs(number));
  return std::isfinite(scale) && (number == 0.0 || scale > 0);
}

// The operator with integers for all real inputs. Constants that it needs are added to `graph`,
// which the caller keeps only with the node. No value where an input is no Dequantize.
absl::optional<Node> WithIntegerInputs(Graph& graph, const Uses& uses, const Node& node) {
  Node candidate = node;
  bool any = false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!IsRealInput(graph, node, i)) continue;
    const TensorId q = ByteFrom(graph, uses, node.inputs[i]);
    const absl::optional<double> number = UniformValue(graph, node.inputs[i]);
    if (q != kNoTensor) {
      any = any || !graph.tensor(q).is_constant();
      candidate.inputs[i] = q;
    } else if (number && IsScale(*number)) {
      candidate.inputs[i] = ExactInteger(graph, node.inputs[i], *number);
    } else {
      return {};
    }
  }
  if (!any) return {};
  return candidate;
}

bool Absorb(Graph& graph, const Uses& uses, size_t index) {
  if (IsProduct(graph.nodes[index]) || ConvertsTypes(graph.nodes[index])) return false;
  const size_t tensors = graph.tensors.size();
  absl::optional<Node> candidate = WithIntegerInputs(graph, uses, graph.nodes[index]);
  if (candidate) {
    const int quantize = OnlyQuantize(graph, uses, candidate->outputs[0]);
    if (quantize >= 0 && candidate->outputs.size() == 1) {
      candidate->outputs = graph.nodes[static_cast<size_t>(quantize)].outputs;
      if (validate::CheckOperands(graph, *candidate).ok()) {
        graph.nodes[index] = *std::move(candidate);
        graph.nodes.erase(graph.nodes.begin() + quantize);
        return true;
      }
      candidate->outputs = graph.nodes[index].outputs;
    }
    // Some operators, such as means, read integers and yield real numbers.
    if (validate::CheckOperands(graph, *candidate).ok()) {
      graph.nodes[index] = *std::move(candidate);
      return true;
    }
  }
  graph.tensors.resize(tensors);
  return false;
}

// Node `index` reads integers already. It yields integers too, where its result is quantized.
bool AbsorbOutput(Graph& graph, size_t index) {
  const Node& node = graph.nodes[index];
  if (ConvertsTypes(node) || node.inputs.empty() || node.inputs[0] == kNoTensor ||
      !graph.tensor(node.inputs[0]).quant || node.outputs.size() != 1) {
    return false;
  }
  const Uses uses(graph);
  const int quantize = OnlyQuantize(graph, uses, node.outputs[0]);
  if (quantize < 0) return false;
  Node candidate = node;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!IsRealInput(graph, node, i)) continue;
    candidate.inputs[i] = ByteFrom(graph, uses, node.inputs[i]);
    if (candidate.inputs[i] == kNoTensor) return false;
  }
  candidate.outputs = graph.nodes[static_cast<size_t>(quantize)].outputs;
  if (!validate::CheckOperands(graph, candidate).ok()) return false;
  graph.nodes[index] = std::move(candidate);
  graph.nodes.erase(graph.nodes.begin() + quantize);
  return true;
}

}  // namespace

bool AbsorbIntoOperators(Graph& graph) {
  bool changed = false;
  absl::optional<Uses> uses;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!uses) uses.emplace(graph);
    if (!Absorb(graph, *uses, i)) continue;
    changed = true;
    uses.reset();
  }
  return changed;
}

bool AbsorbIntoOutputs(Graph& graph) {
  bool changed = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) changed |= AbsorbOutput(graph, i);
  return changed;
}

}  // namespace octet

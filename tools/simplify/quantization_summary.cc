#include "tools/simplify/quantization_summary.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/simplify/quantized.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

bool ReadsIntegers(const Graph& graph, const Node& node) {
  return std::any_of(node.inputs.begin(), node.inputs.end(), [&graph](TensorId id) {
    return id != kNoTensor && graph.tensor(id).quant && !graph.tensor(id).is_constant();
  });
}

// "Unary 'exp'"
std::string Title(const Node& node) {
  return absl::StrCat(Name(node.type()), " '", node.name, "'");
}

std::string WhyProductIsReal(const Graph& graph, const Node& node) {
  if (!graph.tensor(node.inputs[1]).is_constant()) return "multiplies computed tensors";
  return "has weights that are not integers of 8 bits with zero point 0";
}

// Why an operator beside a conversion computes with real numbers.
std::string WhyReal(const Graph& graph, const Uses& uses, const Node& node) {
  if (node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions) {
    if (DequantizedFrom(uses, node.inputs[0]) != kNoTensor) return WhyProductIsReal(graph, node);
    return "reads a tensor that is not quantized";
  }
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!IsRealInput(graph, node, i)) continue;
    if (DequantizedFrom(uses, node.inputs[i]) == kNoTensor) {
      return "reads a tensor that is not quantized";
    }
  }
  for (const TensorId id : node.outputs) {
    if (OnlyQuantize(graph, uses, id) < 0) return "yields a tensor that is not quantized";
  }
  return "has no integer form";
}

std::string Reason(const Graph& graph, const Uses& uses,
                   const std::vector<std::vector<int>>& readers, const Node& conversion) {
  const TensorId x = conversion.inputs[0], y = conversion.outputs[0];
  if (conversion.type() == OpType::RequantizeOptions) return "between different scales";
  if (conversion.type() == OpType::QuantizeOptions) {
    const Node* producer = uses.Producer(x);
    if (producer == nullptr) return "at the model's inputs";
    if (ReadsIntegers(graph, *producer)) {
      return absl::StrCat("since ", Title(*producer), " is read as real numbers too");
    }
    return absl::StrCat("since ", Title(*producer), " ", WhyReal(graph, uses, *producer));
  }
  if (IsOutput(graph, y)) return "at the model's outputs";
  for (const int reader : readers[static_cast<size_t>(y)]) {
    const Node& node = graph.nodes[static_cast<size_t>(reader)];
    return absl::StrCat("since ", Title(node), " ", WhyReal(graph, uses, node));
  }
  return "that nothing reads";
}

}  // namespace

std::string QuantizationSummary::ToString() const {
  std::string text = absl::StrCat(int8, " of ", operators, " operators int8, ", conversions,
                                  conversions == 1 ? " conversion left" : " conversions left");
  const char* separator = ": ";
  for (const auto& [reason, count] : reasons) {
    absl::StrAppend(&text, separator, count, " ", reason);
    separator = ", ";
  }
  return text;
}

QuantizationSummary SummarizeQuantization(const Graph& graph) {
  QuantizationSummary summary;
  const Uses uses(graph);
  const std::vector<std::vector<int>> readers = Consumers(graph);
  for (const Node& node : graph.nodes) {
    if (IsConversion(node)) {
      ++summary.conversions;
      ++summary.reasons[Reason(graph, uses, readers, node)];
      continue;
    }
    ++summary.operators;
    if (ReadsIntegers(graph, node)) ++summary.int8;
  }
  return summary;
}

}  // namespace octet

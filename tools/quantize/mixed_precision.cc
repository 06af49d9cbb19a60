#include <algorithm>

#include "tools/convert/precise.h"
#include "tools/quantize/precision.h"
#include "tools/simplify/constants.h"

// Precisions that differ from operator to operator.

namespace octet {
namespace {

bool IsProductOfReals(OpType type) {
  return type == OpType::ConvOptions || type == OpType::MatMulOptions ||
         type == OpType::ConvTransposeOptions || type == OpType::AttentionOptions;
}

// The same with activations of 16 bits, of a static precision.
Precision In16Bits(Precision precision) {
  if (precision == Precision::kInt8) return Precision::kInt16;
  return precision == Precision::kInt8ToFloat ? Precision::kInt16ToFloat : precision;
}

// Makes followers of 8 bits whose results some operator reads in 16 read 16 themselves, so that the
// 16 bits hold more than what 8 could.
void WidenFollowers(const Graph& graph, const KernelQuery& has_kernel,
                    std::vector<Precision>& precision) {
  if (std::none_of(precision.begin(), precision.end(), IsInt16)) return;
  const std::vector<std::vector<int>> consumers = Consumers(graph);
  const auto is_read_in_16 = [&](TensorId id) {
    const std::vector<int>& readers = consumers[static_cast<size_t>(id)];
    return std::any_of(readers.begin(), readers.end(), [&](int reader) {
      const auto r = static_cast<size_t>(reader);
      return ReadsAsInteger(graph.nodes[r], precision[r], id) && IsInt16(precision[r]);
    });
  };
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    if (precision[i] != Precision::kInt8 || RoleOf(graph, node) == Int8Role::kAnchor) continue;
    if (std::any_of(node.outputs.begin(), node.outputs.end(), is_read_in_16) &&
        has_kernel(node, Precision::kInt16)) {
      precision[i] = Precision::kInt16;
    }
  }
}

}  // namespace

std::vector<Precision> ChooseMixed(const Graph& graph, absl::Span<const Precision> wanted,
                                   const KernelQuery& has_kernel) {
  std::vector<Precision> result =
      ChoosePrecision(graph, [&](const Node& node, Precision precision) {
        const Precision want = wanted[static_cast<size_t>(&node - graph.nodes.data())];
        if (want == Precision::kInt8) return has_kernel(node, precision);
        return want == Precision::kInt16 && has_kernel(node, In16Bits(precision));
      });
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (wanted[i] == Precision::kInt16) result[i] = In16Bits(result[i]);
  }
  WidenFollowers(graph, has_kernel, result);
  std::vector<bool> precise;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (IsHalf(wanted[i]) && precise.empty()) precise = PreciseTensors(graph);
    const bool possible = wanted[i] == Precision::kDynamic
                              ? CanBeDynamic(graph, node)
                              : IsHalf(wanted[i]) && CanBeHalf(graph, node, precise);
    if (possible && has_kernel(node, wanted[i])) result[i] = wanted[i];
  }
  return result;
}

bool CanBeHalf(const Graph& graph, const Node& node, const std::vector<bool>& precise) {
  if (node.type() == OpType::CastOptions || node.outputs.empty()) return false;
  const Tensor& y = graph.tensor(node.outputs[0]);
  if (y.type != DataType::kF32 || y.quant) return false;
  if (IsProductOfReals(node.type())) {
    const Tensor& x = graph.tensor(node.inputs[0]);
    return IsFloat(x.type) && !x.quant;
  }
  return !precise[static_cast<size_t>(node.outputs[0])] && !IsOutput(graph, node.outputs[0]);
}

}  // namespace octet

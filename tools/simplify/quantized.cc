#include "tools/simplify/quantized.h"

#include <cmath>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/numerics.h"
#include "runtime/core/operators.h"
#include "tools/simplify/constants.h"

namespace octet {

std::string UniqueTensorName(const Graph& graph, const std::string& wish) {
  absl::flat_hash_set<std::string> names;
  for (const Tensor& tensor : graph.tensors) names.insert(tensor.name);
  std::string name = wish;
  for (int i = 1; names.contains(name); ++i) name = absl::StrCat(wish, "_", i);
  return name;
}

bool IsConversion(const Node& node) {
  return node.type() == OpType::QuantizeOptions || node.type() == OpType::DequantizeOptions ||
         node.type() == OpType::RequantizeOptions;
}

bool SameScale(const Tensor& a, const Tensor& b) { return a.type == b.type && a.quant == b.quant; }

bool IsQuantizedByte(const Tensor& tensor) {
  return (tensor.type == DataType::kU8 || tensor.type == DataType::kS8) && tensor.quant &&
         tensor.quant->per_tensor();
}

TensorId DequantizedFrom(const Uses& uses, TensorId id) {
  const Node* node = uses.Producer(id);
  const bool dequantizes = node != nullptr && node->type() == OpType::DequantizeOptions;
  return dequantizes ? node->inputs[0] : kNoTensor;
}

TensorId ByteFrom(const Graph& graph, const Uses& uses, TensorId id) {
  const TensorId integers = DequantizedFrom(uses, id);
  return integers != kNoTensor && IsQuantizedByte(graph.tensor(integers)) ? integers : kNoTensor;
}

bool IsView(const Graph& graph, const Node& node) {
  if (node.type() != OpType::CastOptions) return false;
  const Tensor& x = graph.tensor(node.inputs[0]);
  const Tensor& y = graph.tensor(node.outputs[0]);
  return x.type == y.type && (x.quant || y.quant);
}

TensorId ConvertedFrom(const Graph& graph, const Uses& uses, TensorId id) {
  const Node* node = uses.Producer(id);
  if (node == nullptr) return kNoTensor;
  const bool converts = node->type() == OpType::DequantizeOptions || IsView(graph, *node);
  return converts && IsQuantizedByte(graph.tensor(node->inputs[0])) ? node->inputs[0] : kNoTensor;
}

int OnlyQuantize(const Graph& graph, const Uses& uses, TensorId id) {
  const int reader = uses.OnlyReader(id);
  if (reader < 0) return -1;
  return graph.nodes[static_cast<size_t>(reader)].type() == OpType::QuantizeOptions ? reader : -1;
}

bool IsRealInput(const Graph& graph, const Node& node, size_t index) {
  const TensorId id = node.inputs[index];
  if (id == kNoTensor || IsValueInput(node.type(), index)) return false;
  return IsFloat(graph.tensor(id).type) && !graph.tensor(id).quant;
}

TensorId AddQuantizedLike(Graph& graph, TensorId like, TensorId scale, const std::string& suffix) {
  Tensor tensor;
  tensor.name = UniqueTensorName(graph, absl::StrCat(graph.tensor(like).name, suffix));
  tensor.shape = graph.tensor(like).shape;
  tensor.symbols = graph.tensor(like).symbols;
  tensor.type = graph.tensor(scale).type;
  tensor.quant = graph.tensor(scale).quant;
  return graph.AddTensor(std::move(tensor));
}

std::vector<double> RealValuesOf(const Tensor& quantized) {
  const QuantParams& quant = *quantized.quant;
  const std::vector<int64_t> integers = ToInts(quantized.type, quantized.data);
  std::vector<double> values(integers.size());
  ForEachScaled(quantized.shape, quant.axis, [&](size_t s, size_t i) {
    values[i] = static_cast<double>(quant.scales[s]) *
                static_cast<double>(integers[i] - quant.zero_points[s]);
  });
  return values;
}

Constant QuantizeValues(absl::Span<const double> values, DataType type, const Shape& shape,
                        const QuantParams& quant) {
  const IntRange range = RangeOf(type);
  std::vector<int64_t> integers(values.size());
  ForEachScaled(shape, quant.axis, [&](size_t s, size_t i) {
    integers[i] =
        QuantizeValue(static_cast<float>(values[i]), quant.scales[s], quant.zero_points[s], range);
  });
  return FromInts(type, integers);
}

}  // namespace octet

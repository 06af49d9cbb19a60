#include "tools/train/real_graph.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

void MakeReal(Tensor& t) {
  if (!t.quant) return;
  if (t.is_constant()) t.data = Constant::Of<float>(RealConstant(t));
  t.type = DataType::kF32;
  t.quant.reset();
}

void MakeReal(Node& node) {
  switch (node.type()) {
    case OpType::QuantizeOptions:
    case OpType::DequantizeOptions:
    case OpType::RequantizeOptions:
      node = Graph::MakeNode(node.name, schema::UnaryOptionsT(), node.inputs, node.outputs);
      return;
    case OpType::ConvOptions:
      node.as<schema::ConvOptionsT>().arithmetic = schema::Arithmetic::STORED;
      return;
    case OpType::MatMulOptions:
      node.as<schema::MatMulOptionsT>().arithmetic = schema::Arithmetic::STORED;
      return;
    case OpType::AttentionOptions:
      node.as<schema::AttentionOptionsT>().arithmetic = schema::Arithmetic::STORED;
      return;
    case OpType::PoolOptions:
      node.as<schema::PoolOptionsT>().ties = schema::TieRule::TO_EVEN;
      return;
    default:
      return;
  }
}

}  // namespace

int64_t IntegerAt(const Tensor& t, size_t i) {
  switch (t.type) {
    case DataType::kU8:
      return t.data.as<uint8_t>()[i];
    case DataType::kS8:
      return t.data.as<int8_t>()[i];
    case DataType::kS16:
      return t.data.as<int16_t>()[i];
    case DataType::kS64:
      return t.data.as<int64_t>()[i];
    default:
      return t.data.as<int32_t>()[i];
  }
}

ScaleIndex::ScaleIndex(const Tensor& t) {
  if (t.quant->per_tensor()) return;
  const auto axis = static_cast<size_t>(t.quant->axis);
  channels_ = static_cast<size_t>(t.shape[axis]);
  for (size_t d = axis + 1; d < t.shape.size(); ++d) inner_ *= static_cast<size_t>(t.shape[d]);
}

std::vector<float> RealConstant(const Tensor& t) {
  if (!t.quant) return RealValues(t);
  const ScaleIndex index(t);
  std::vector<float> values(static_cast<size_t>(NumElements(t.shape)));
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t s = index(i);
    values[i] = t.quant->scales[s] * static_cast<float>(IntegerAt(t, i) - t.quant->zero_points[s]);
  }
  return values;
}

Graph RealGraph(const Graph& graph) {
  Graph real = graph;
  real.quantization.reset();
  std::vector<Node> nodes;
  for (TensorId id : graph.inputs) {
    if (!graph.tensor(id).quant) continue;
    Tensor t = graph.tensor(id);
    t.name += "_real";
    const std::string name = t.name;
    MakeReal(t);
    const TensorId as_real = real.AddTensor(std::move(t));
    ReplaceUses(real, id, as_real);
    nodes.push_back(Graph::MakeNode(name, schema::DequantizeOptionsT(), {id}, {as_real}));
  }
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    const bool is_input =
        std::count(graph.inputs.begin(), graph.inputs.end(), static_cast<TensorId>(i)) > 0;
    if (!is_input) MakeReal(real.tensors[i]);
  }
  for (Node& node : real.nodes) {
    MakeReal(node);
    nodes.push_back(std::move(node));
  }
  real.nodes = std::move(nodes);
  return real;
}

bool IsQuantized(const Graph& graph) {
  return std::any_of(graph.tensors.begin(), graph.tensors.end(),
                     [](const Tensor& t) { return t.quant.has_value(); });
}

}  // namespace octet

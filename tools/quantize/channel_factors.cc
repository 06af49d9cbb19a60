#include "tools/quantize/channel_factors.h"

#include <limits>

#include "tools/quantize/layer_matrix.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Whether x -> min(max(x, low), high) commutes with all positive factors.
bool IsScalable(float low, float high) {
  return (low == 0 || low == -kInfinity) && high == kInfinity;
}

// Whether some of the last dimensions together have `channels` elements.
bool EndsWith(const Shape& shape, int64_t channels) {
  int64_t elements = 1;
  for (size_t d = shape.size(); d-- > 0 && elements < channels;) elements *= shape[d];
  return elements == channels;
}

// Whether a constant has a number per channel, or one for all, that is added or multiplied.
bool IsPerChannel(const Graph& graph, TensorId id, int64_t channels) {
  if (id == kNoTensor) return false;
  const Tensor& t = graph.tensor(id);
  const bool real = t.type == DataType::kF32 || t.type == DataType::kF16;
  if (!t.is_constant() || !real) return false;
  const int64_t elements = NumElements(t.shape);
  return elements == 1 || (elements == channels && t.shape.back() == channels);
}

// Which input of a sum or product is a constant per channel; -1 when none or both.
int ConstantInput(const Graph& graph, const Node& node, int64_t channels) {
  const bool first = IsPerChannel(graph, node.input(0), channels);
  const bool second = IsPerChannel(graph, node.input(1), channels);
  if (first == second) return -1;
  return first ? 0 : 1;
}

enum class Way { kNone, kPasses, kTakesUp };

class Search {
 public:
  Search(const Graph& graph, const std::vector<Shape>& shapes, WeightGranularity granularity)
      : graph_(graph),
        shapes_(shapes),
        producers_(Producers(graph)),
        consumers_(Consumers(graph)),
        per_channel_(granularity == WeightGranularity::kPerChannel) {}

  std::vector<int> NodesBefore(TensorId tensor) const {
    const int64_t channels = ShapeOf(tensor).empty() ? 0 : ShapeOf(tensor).back();
    std::vector<int> nodes;
    for (TensorId id = tensor;;) {
      const int producer = producers_[static_cast<size_t>(id)];
      const bool shared = id != tensor && HasOtherReaders(id);
      if (producer < 0 || shared || !EndsWith(ShapeOf(id), channels)) return {};
      nodes.push_back(producer);
      switch (Step(graph_.nodes[static_cast<size_t>(producer)], channels, id)) {
        case Way::kNone:
          return {};
        case Way::kTakesUp:
          return nodes;
        case Way::kPasses:
          break;
      }
    }
  }

 private:
  const Shape& ShapeOf(TensorId id) const { return shapes_[static_cast<size_t>(id)]; }

  bool HasOtherReaders(TensorId id) const {
    return consumers_[static_cast<size_t>(id)].size() != 1 || IsOutput(graph_, id);
  }

  // What the node does with factors for its result; `id` becomes the tensor that they pass on to.
  Way Step(const Node& node, int64_t channels, TensorId& id) const {
    switch (node.type()) {
      case OpType::NormalizationOptions:
        return OfNormalization(node, channels);
      case OpType::BinaryOptions:
        return OfBinary(node, channels, id);
      case OpType::MatMulOptions:
        return OfProduct(node, channels);
      case OpType::ReshapeOptions:
        id = node.input(0);
        return Way::kPasses;
      case OpType::AttentionOptions:
        return OfAttention(node, id);
      default:
        return Way::kNone;
    }
  }

  Way OfNormalization(const Node& node, int64_t channels) const {
    if (node.as<schema::NormalizationOptionsT>().kind == schema::NormalizationKind::GROUP)
      return Way::kNone;
    for (const TensorId id : {node.input(1), node.input(2)}) {
      if (id != kNoTensor && !IsPerChannel(graph_, id, channels)) return Way::kNone;
    }
    return ShapeOf(node.outputs[0]).back() == channels ? Way::kTakesUp : Way::kNone;
  }

  Way OfBinary(const Node& node, int64_t channels, TensorId& id) const {
    const auto& options = node.as<schema::BinaryOptionsT>();
    const int constant = ConstantInput(graph_, node, channels);
    if (constant < 0 || !IsScalable(options.activation_min, options.activation_max))
      return Way::kNone;
    if (ShapeOf(node.outputs[0]).back() != channels) return Way::kNone;
    if (options.kind == schema::BinaryKind::MUL) return Way::kTakesUp;
    if (options.kind != schema::BinaryKind::ADD) return Way::kNone;
    const TensorId other = node.input(constant == 0 ? 1 : 0);
    if (ShapeOf(other) != ShapeOf(node.outputs[0])) return Way::kNone;
    id = other;
    return Way::kPasses;
  }

  Way OfProduct(const Node& node, int64_t channels) const {
    const auto& options = node.as<schema::MatMulOptionsT>();
    const bool takes = per_channel_ && RoleOf(graph_, node) == Int8Role::kAnchor &&
                       node.input(3) == kNoTensor &&
                       IsScalable(options.activation_min, options.activation_max) &&
                       ShapeOf(node.outputs[0]).back() == channels;
    return takes ? Way::kTakesUp : Way::kNone;
  }

  // A result is an average of values, channel by channel.
  Way OfAttention(const Node& node, TensorId& id) const {
    if (!node.as<schema::AttentionOptionsT>().heads_last) return Way::kNone;
    const Shape &value = ShapeOf(node.input(2)), &result = ShapeOf(node.outputs[0]);
    const bool same_heads = value.size() == 4 && value[2] == result[2] && value[3] == result[3];
    id = node.input(2);
    return same_heads ? Way::kPasses : Way::kNone;
  }

  const Graph& graph_;
  const std::vector<Shape>& shapes_;
  const std::vector<int> producers_;
  const std::vector<std::vector<int>> consumers_;
  const bool per_channel_;
};

TensorId AddConstant(Tensor t, const std::vector<float>& values, Graph& graph) {
  t.type = DataType::kF32;
  t.data = Constant::Of<float>(values);
  return graph.AddTensor(std::move(t));
}

// Makes `id` refer to its constant times the factors.
void ScaleConstant(const std::vector<float>& factors, TensorId& id, Graph& graph) {
  Tensor t = graph.tensor(id);
  std::vector<float> values = RealValues(t);
  if (values.size() == 1) {
    values.resize(factors.size(), values[0]);
    t.shape = {static_cast<int64_t>(factors.size())};
  }
  for (size_t c = 0; c < values.size(); ++c) values[c] *= factors[c];
  id = AddConstant(std::move(t), values, graph);
}

void ScaleNormalization(const std::vector<float>& factors, Node& node, Graph& graph) {
  if (node.input(2) != kNoTensor) ScaleConstant(factors, node.inputs[2], graph);
  if (node.input(1) != kNoTensor) return ScaleConstant(factors, node.inputs[1], graph);
  Tensor gain;
  gain.name = node.name + "_scale";
  gain.shape = {static_cast<int64_t>(factors.size())};
  if (node.inputs.size() < 2) node.inputs.resize(2, kNoTensor);
  node.inputs[1] = AddConstant(std::move(gain), factors, graph);
}

void ScaleProduct(const std::vector<float>& factors, Node& node, Graph& graph) {
  const Tensor& weights = graph.tensor(node.input(1));
  const LayerMatrix matrix = LayerMatrixOf(graph, node);
  std::vector<float> rows = ToRows<float>(node, matrix, RealValues(weights));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] *= factors[i / matrix.depth];
  node.inputs[1] = AddConstant(weights, FromRows<float>(node, matrix, rows), graph);
  if (node.input(2) != kNoTensor) ScaleConstant(factors, node.inputs[2], graph);
}

}  // namespace

std::vector<int> NodesForFactors(const Graph& graph, const std::vector<Shape>& shapes,
                                 TensorId tensor, WeightGranularity granularity) {
  return Search(graph, shapes, granularity).NodesBefore(tensor);
}

void ScaleChannels(const std::vector<float>& factors, Node& node, Graph& graph) {
  switch (node.type()) {
    case OpType::NormalizationOptions:
      return ScaleNormalization(factors, node, graph);
    case OpType::MatMulOptions:
      return ScaleProduct(factors, node, graph);
    case OpType::BinaryOptions: {
      const int constant = ConstantInput(graph, node, static_cast<int64_t>(factors.size()));
      return ScaleConstant(factors, node.inputs[static_cast<size_t>(constant)], graph);
    }
    default:
      return;  // passes them on
  }
}

}  // namespace octet

#include "tools/quantize/kernel_query.h"

#include <memory>
#include <utility>

#include "kernels/kernel.h"
#include "tools/quantize/convert.h"

namespace octet {
namespace {

// Operands of a node as they would be in the int8 model, with scales that stand for any.
class TrialOperands {
 public:
  TrialOperands(const Graph& graph, const std::vector<Shape>& shapes, const TrialTypes& types)
      : graph_(graph), shapes_(shapes), types_(types) {
    activation_.scales = {1.0f};
    activation_.zero_points = {0};
  }

  bool HasKernel(const Node& node, Precision precision) {
    if (IsHalf(precision)) return true;  // where it is not native, it is computed as f32
    if (precision == Precision::kDynamic) return HasDynamicKernel(node);
    const bool anchor = RoleOf(graph_, node) == Int8Role::kAnchor;
    const bool to_float = !YieldsIntegers(precision);
    activations_ = IsInt16(precision) ? DataType::kS16 : types_.activations;
    std::vector<Operand> inputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoTensor) {
        inputs.emplace_back();
      } else if (anchor && i == 1) {
        inputs.push_back(Weights(node, types_.weights));
      } else if (anchor && i == 2) {
        inputs.push_back(Bias(node));
      } else {
        inputs.push_back(Activation(node.inputs[i], to_float && i > 0));
      }
    }
    std::vector<Operand> outputs;
    for (TensorId id : node.outputs) outputs.push_back(Activation(id, to_float));
    return Accepts(node, inputs, outputs, KernelsFor(node.type()));
  }

 private:
  bool HasDynamicKernel(const Node& source) {
    Node node = source;
    bool weighted = true;
    if (node.type() == OpType::ConvOptions) {
      node.as<schema::ConvOptionsT>().arithmetic = schema::Arithmetic::DYNAMIC;
    } else if (node.type() == OpType::MatMulOptions) {
      node.as<schema::MatMulOptionsT>().arithmetic = schema::Arithmetic::DYNAMIC;
    } else {
      node.as<schema::AttentionOptionsT>().arithmetic = schema::Arithmetic::DYNAMIC;
      weighted = false;
    }
    std::vector<Operand> inputs, outputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const bool absent = node.inputs[i] == kNoTensor;
      inputs.push_back(absent               ? Operand()
                       : weighted && i == 1 ? Weights(node, DataType::kS8)
                                            : Natural(node, node.inputs[i]));
    }
    for (TensorId id : node.outputs) outputs.push_back(Natural(node, id));
    const absl::Span<const KernelEntry> rows = KernelsFor(node.type());
    return Accepts(node, inputs, outputs, rows.first(rows.size() - 1));
  }

  // An operand that stays real, or boolean, in the layout that the operator wants.
  Operand Natural(const Node& node, TensorId id) const {
    Operand operand = Activation(id, true);
    if (graph_.tensor(id).type == DataType::kBool) operand.type = DataType::kBool;
    if (LayoutRuleOf(node.type()) == LayoutRule::kChannelsLast && operand.shape.size() >= 3) {
      operand.layout = Layout::kChannelsLast;
    }
    return operand;
  }

  Operand Activation(TensorId id, bool real) const {
    const Tensor& t = graph_.tensor(id);
    Operand operand;
    operand.type = real ? DataType::kF32 : activations_;
    operand.shape = ShapeOf(id);
    operand.quant = real ? nullptr : &activation_;
    if (t.is_constant()) operand.data = t.data.data();
    return operand;
  }

  Operand Weights(const Node& node, DataType type) {
    const TensorId id = node.input(1);
    const int axis = OutputChannelAxis(node);
    const auto channels = static_cast<size_t>(ShapeOf(id)[static_cast<size_t>(axis)]);
    weight_ = {std::vector<float>(channels, 1.0f), std::vector<int32_t>(channels, 0), axis};
    bias_ = weight_;
    bias_.axis = 0;
    zeros_.assign(static_cast<size_t>(NumElements(ShapeOf(id))) * SizeOf(type), 0);
    Operand operand;
    operand.type = type;
    operand.shape = ShapeOf(id);
    operand.quant = &weight_;
    operand.data = zeros_.data();
    return operand;
  }

  Operand Bias(const Node& node) {
    bias_zeros_.assign(bias_.scales.size(), 0);
    Operand operand;
    operand.type = DataType::kS32;
    operand.shape = ShapeOf(node.input(2));
    operand.quant = &bias_;
    operand.data = bias_zeros_.data();
    return operand;
  }

  const Shape& ShapeOf(TensorId id) const { return shapes_[static_cast<size_t>(id)]; }

  static bool Accepts(const Node& node, const std::vector<Operand>& inputs,
                      const std::vector<Operand>& outputs, absl::Span<const KernelEntry> rows) {
    const std::unique_ptr<PackedWeights> packed = NewPackedWeights();
    const std::shared_ptr<ThreadPool> pool = ThreadPool::Create(1);
    KernelContext context;
    context.node = &node;
    context.inputs = inputs;
    context.outputs = outputs;
    context.cpu = CpuFeatures::Host();
    context.pool = pool.get();
    context.packed = packed.get();
    for (const KernelEntry& entry : rows) {
      if (entry.check(context).ok()) return true;
    }
    return false;
  }

  const Graph& graph_;
  const std::vector<Shape>& shapes_;
  const TrialTypes& types_;
  DataType activations_ = DataType::kU8;
  QuantParams activation_;
  QuantParams weight_;
  QuantParams bias_;
  std::vector<int8_t> zeros_;
  std::vector<int32_t> bias_zeros_;
};

}  // namespace

KernelQuery KernelTableQuery(const Graph& graph, std::vector<Shape> shapes,
                             const TrialTypes& types) {
  return [&graph, shapes = std::move(shapes), types](const Node& node, Precision precision) {
    return TrialOperands(graph, shapes, types).HasKernel(node, precision);
  };
}

}  // namespace octet

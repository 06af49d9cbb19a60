#include "tools/quantize/convert.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/core/numerics.h"
#include "tools/convert/half.h"
#include "tools/quantize/integer_constant.h"
#include "tools/quantize/scheme.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

class Converter {
 public:
  Converter(const Graph& graph, const std::vector<Precision>& precision,
            const std::map<TensorId, Range>& ranges, const ConvertOptions& options)
      : source_(graph),
        precision_(precision),
        options_(options),
        result_(graph),
        in_16_bits_(WrittenIn16Bits(graph, precision)) {
    result_.nodes.clear();
    for (const auto& [id, range] : ranges) {
      params_[{id, options.activations}] = ActivationParams(range, options.activations);
    }
    for (const auto& [id, range] : options.ranges_in_16_bits) {
      params_[{id, DataType::kS16}] = ActivationParams(range, DataType::kS16);
    }
  }

  absl::StatusOr<Graph> Convert() {
    for (size_t i = 0; i < source_.nodes.size(); ++i) {
      absl::Status status = ConvertNode(source_.nodes[i], precision_[i]);
      if (!status.ok()) {
        return absl::Status(status.code(), absl::StrCat("operator '", source_.nodes[i].name,
                                                        "': ", status.message()));
      }
    }
    for (TensorId id : source_.outputs) ExposeOutput(id);
    RemoveDead(result_);
    return std::move(result_);
  }

 private:
  absl::Status ConvertNode(const Node& node, Precision precision) {
    Node copy = node;
    if (!IsStatic(precision)) {
      for (TensorId& id : copy.inputs) id = AsReal(id);
      absl::Status status = absl::OkStatus();
      if (precision == Precision::kDynamic || precision == Precision::kWeightOnly) {
        status = ConvertRealProduct(node, precision, copy);
      }
      result_.nodes.push_back(std::move(copy));
      return status;
    }
    const bool anchor = RoleOf(source_, node) == Int8Role::kAnchor;
    const bool to_float = !YieldsIntegers(precision);
    const DataType type = IsInt16(precision) ? DataType::kS16 : options_.activations;
    for (size_t i = 0; i < copy.inputs.size(); ++i) {
      const bool weights_or_bias = anchor && (i == 1 || i == 2);
      const TensorId id = node.inputs[i];
      if (id == kNoTensor || weights_or_bias) continue;
      const bool as_stored = TakesAnyIntegers(node, precision, i) && result_.tensor(id).quant;
      if (as_stored) continue;
      copy.inputs[i] = to_float && i > 0 ? AsReal(id) : AsInteger(id, type);
    }
    if (anchor) {
      absl::Status status = ConvertWeights(node, type, copy);
      if (!status.ok()) return status;
    }
    for (TensorId id : node.outputs) {
      if (to_float) continue;
      Tensor& t = result_.tensor(id);
      t.type = in_16_bits_[static_cast<size_t>(id)] ? DataType::kS16 : options_.activations;
      t.quant = params_.at({id, t.type});
      integer_[{id, t.type}] = id;
    }
    result_.nodes.push_back(std::move(copy));
    return absl::OkStatus();
  }

  // Whether kernels read input `i` as integers of any width.
  static bool TakesAnyIntegers(const Node& node, Precision precision, size_t i) {
    constexpr size_t kResidual = 3;
    if (!YieldsIntegers(precision)) return false;
    if (node.type() == OpType::BinaryOptions) return true;
    const bool product = node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions;
    return product && i == kResidual && IsInt16(precision);
  }

  // The tensor of `result_` that holds `id` of the source as integers of that type.
  TensorId AsInteger(TensorId id, DataType type) {
    const auto known = integer_.find({id, type});
    if (known != integer_.end()) return known->second;
    const bool requantized = result_.tensor(id).quant && !source_.tensor(id).quant;
    Tensor t = source_.tensor(id);
    absl::StrAppend(&t.name, "_",
                    type == options_.activations && !requantized ? "quantized" : Name(type));
    t.type = type;
    t.quant = params_.at({id, type});
    const bool constant = t.is_constant();
    if (constant) t.data = QuantizeConstant(source_.tensor(id), type, *t.quant);
    const std::string name = t.name;
    const TensorId integer = result_.AddTensor(std::move(t));
    if (requantized) {
      result_.AddNode(name, schema::RequantizeOptionsT(), {id}, {integer});
    } else if (!constant) {
      result_.AddNode(name, schema::QuantizeOptionsT(), {id}, {integer});
    }
    return integer_[{id, type}] = integer;
  }

  // The tensor of `result_` that holds `id` of the source as real numbers.
  TensorId AsReal(TensorId id) {
    if (id == kNoTensor || !result_.tensor(id).quant || source_.tensor(id).quant) return id;
    const auto known = real_.find(id);
    if (known != real_.end()) return known->second;
    Tensor t = source_.tensor(id);
    t.name += "_dequantized";
    const std::string name = t.name;
    const TensorId real = result_.AddTensor(std::move(t));
    result_.AddNode(name, schema::DequantizeOptionsT(), {id}, {real});
    return real_[id] = real;
  }

  // Makes the graph's output f32 again under its own name.
  void ExposeOutput(TensorId id) {
    const TensorId real = AsReal(id);
    if (real == id) return;
    std::replace(result_.outputs.begin(), result_.outputs.end(), id, real);
    result_.tensor(real).name = source_.tensor(id).name;
    result_.tensor(id).name = absl::StrCat(source_.tensor(id).name, "_quantized");
  }

  static Constant QuantizeConstant(const Tensor& constant, DataType type,
                                   const QuantParams& params) {
    const IntRange range = RangeOf(type);
    std::vector<int32_t> integers;
    for (float value : RealValues(constant)) {
      integers.push_back(QuantizeValue(value, params.scale(), params.zero_point(), range));
    }
    return IntegerConstant(integers, type);
  }

  WeightGranularity GranularityOf(const Node& node) const {
    if (options_.weights_by_node.empty()) return options_.weights;
    return options_.weights_by_node[static_cast<size_t>(&node - source_.nodes.data())];
  }

  // kDynamic or kWeightOnly: inputs but the weights are real.
  absl::Status ConvertRealProduct(const Node& node, Precision precision, Node& copy) {
    const auto arithmetic =
        precision == Precision::kDynamic ? schema::Arithmetic::DYNAMIC : schema::Arithmetic::STORED;
    if (node.type() == OpType::AttentionOptions) {
      copy.as<schema::AttentionOptionsT>().arithmetic = arithmetic;
      return absl::OkStatus();
    }
    if (node.type() == OpType::ConvOptions) {
      copy.as<schema::ConvOptionsT>().arithmetic = arithmetic;
    } else {
      copy.as<schema::MatMulOptionsT>().arithmetic = arithmetic;
    }
    constexpr float kNoInputScale = 1.0f;  // there is no bias to round
    return ReplaceWeights(node, {}, kNoInputScale, {GranularityOf(node)}, copy).status();
  }

  // Gives `copy` the quantized weights of `node`, and returns their bias.
  absl::StatusOr<QuantizedWeights> ReplaceWeights(const Node& node, const std::vector<float>& bias,
                                                  float input_scale, const WeightScheme& scheme,
                                                  Node& copy) {
    const Tensor& weights = source_.tensor(node.input(1));
    const int axis = OutputChannelAxis(node);
    absl::StatusOr<QuantizedWeights> q =
        QuantizeWeights(RealValues(weights), weights.shape, axis, bias, input_scale, scheme);
    if (!q.ok()) return q.status();
    Tensor t = weights;
    t.type = scheme.type;
    t.quant = Params(q->scales, scheme.granularity == WeightGranularity::kPerChannel ? axis : -1);
    t.data = IntegerConstant(q->weights, t.type);
    copy.inputs[1] = result_.AddTensor(std::move(t));
    return q;
  }

  // `type`: of the activations that the node reads.
  absl::Status ConvertWeights(const Node& node, DataType type, Node& copy) {
    const TensorId bias = node.input(2);
    const float input_scale = params_.at({node.input(0), type}).scale();
    const std::vector<float> bias_values =
        bias == kNoTensor ? std::vector<float>() : RealValues(source_.tensor(bias));
    const absl::StatusOr<QuantizedWeights> q = ReplaceWeights(
        node, bias_values, input_scale, {GranularityOf(node), options_.weights_type, type}, copy);
    if (!q.ok()) return q.status();
    if (bias == kNoTensor) return absl::OkStatus();
    Tensor t = source_.tensor(bias);
    t.type = BiasType(type);
    t.quant =
        Params(q->bias_scales, GranularityOf(node) == WeightGranularity::kPerChannel ? 0 : -1);
    t.data = IntegerConstant(q->bias, t.type);
    copy.inputs[2] = result_.AddTensor(std::move(t));
    return absl::OkStatus();
  }

  static QuantParams Params(std::vector<float> scales, int axis) {
    QuantParams params;
    params.zero_points.assign(scales.size(), 0);
    params.scales = std::move(scales);
    params.axis = axis;
    return params;
  }

  const Graph& source_;
  const std::vector<Precision>& precision_;
  const ConvertOptions& options_;
  Graph result_;
  const std::vector<bool> in_16_bits_;  // WrittenIn16Bits
  // Both by tensor of the source and type.
  std::map<std::pair<TensorId, DataType>, QuantParams> params_;
  std::map<std::pair<TensorId, DataType>, TensorId> integer_;
  std::map<TensorId, TensorId> real_;  // by tensor of the source that became an integer one
};

}  // namespace

absl::Status NarrowReals(const Graph& graph, const std::vector<Precision>& precision,
                         Graph& quantized) {
  for (const auto& [wanted, type] :
       {std::pair(Precision::kBF16, DataType::kBF16), std::pair(Precision::kF16, DataType::kF16)}) {
    HalfOptions options;
    options.type = type;
    options.only.emplace();
    for (size_t i = 0; i < precision.size(); ++i) {
      if (precision[i] == wanted) options.only->insert(graph.nodes[i].name);
    }
    if (options.only->empty()) continue;
    absl::StatusOr<Graph> narrowed = ConvertToHalf(quantized, options, nullptr);
    if (!narrowed.ok()) return narrowed.status();
    quantized = *std::move(narrowed);
  }
  return absl::OkStatus();
}

int OutputChannelAxis(const Node& node) {
  if (node.type() != OpType::MatMulOptions) return 0;
  return node.as<schema::MatMulOptionsT>().transpose_b ? 0 : 1;
}

absl::StatusOr<Graph> ConvertToInt8(const Graph& graph, const std::vector<Precision>& precision,
                                    const std::map<TensorId, Range>& ranges,
                                    const ConvertOptions& options) {
  return Converter(graph, precision, ranges, options).Convert();
}

}  // namespace octet

#include "tools/quantize/convert.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/core/numerics.h"
#include "tools/quantize/integer_constant.h"
#include "tools/quantize/scheme.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

class Converter {
 public:
  Converter(const Graph& graph, const std::vector<Precision>& precision,
            const std::map<TensorId, Range>& ranges, const ConvertOptions& options)
      : source_(graph), precision_(precision), options_(options), result_(graph) {
    result_.nodes.clear();
    for (const auto& [id, range] : ranges)
      params_[id] = ActivationParams(range, options.activations);
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
    if (!IsStaticInt8(precision)) {
      for (TensorId& id : copy.inputs) id = AsReal(id);
      absl::Status status = absl::OkStatus();
      if (precision != Precision::kFloat) status = ConvertRealProduct(node, precision, copy);
      result_.nodes.push_back(std::move(copy));
      return status;
    }
    const bool anchor = RoleOf(source_, node) == Int8Role::kAnchor;
    const bool to_float = precision == Precision::kInt8ToFloat;
    for (size_t i = 0; i < copy.inputs.size(); ++i) {
      const bool weights_or_bias = anchor && (i == 1 || i == 2);
      if (node.inputs[i] == kNoTensor || weights_or_bias) continue;
      copy.inputs[i] = to_float && i > 0 ? AsReal(node.inputs[i]) : AsInteger(node.inputs[i]);
    }
    if (anchor) {
      absl::Status status = ConvertWeights(node, copy);
      if (!status.ok()) return status;
    }
    for (TensorId id : node.outputs) {
      if (to_float) continue;
      Tensor& t = result_.tensor(id);
      t.type = options_.activations;
      t.quant = params_.at(id);
      integer_[id] = id;
    }
    result_.nodes.push_back(std::move(copy));
    return absl::OkStatus();
  }

  // The tensor of `result_` that holds `id` of the source as integers.
  TensorId AsInteger(TensorId id) {
    const auto known = integer_.find(id);
    if (known != integer_.end()) return known->second;
    Tensor t = source_.tensor(id);
    t.name += "_quantized";
    t.type = options_.activations;
    t.quant = params_.at(id);
    const bool constant = t.is_constant();
    if (constant) t.data = QuantizeConstant(source_.tensor(id), *t.quant);
    const std::string name = t.name;
    const TensorId integer = result_.AddTensor(std::move(t));
    if (!constant) result_.AddNode(name, schema::QuantizeOptionsT(), {id}, {integer});
    return integer_[id] = integer;
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

  Constant QuantizeConstant(const Tensor& constant, const QuantParams& params) const {
    const IntRange range = RangeOf(options_.activations);
    std::vector<int32_t> integers;
    for (float value : RealValues(constant)) {
      integers.push_back(QuantizeValue(value, params.scale(), params.zero_point(), range));
    }
    return IntegerConstant(integers, options_.activations);
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

  absl::Status ConvertWeights(const Node& node, Node& copy) {
    const TensorId bias = node.input(2);
    const float input_scale = params_.at(node.input(0)).scale();
    const std::vector<float> bias_values =
        bias == kNoTensor ? std::vector<float>() : RealValues(source_.tensor(bias));
    const absl::StatusOr<QuantizedWeights> q =
        ReplaceWeights(node, bias_values, input_scale,
                       {GranularityOf(node), options_.weights_type, options_.activations}, copy);
    if (!q.ok()) return q.status();
    if (bias == kNoTensor) return absl::OkStatus();
    Tensor t = source_.tensor(bias);
    t.type = BiasType(options_.activations);
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
  std::map<TensorId, QuantParams> params_;
  std::map<TensorId, TensorId> integer_;  // by tensor of the source
  std::map<TensorId, TensorId> real_;     // by tensor of the source that became an integer one
};

}  // namespace

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

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "runtime/core/validate.h"
#include "runtime/core/validate_rules.h"

namespace octet::validate {
namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

// Products of the weights that one output element sums up, and the dimension of output channels.
struct Weights {
  int64_t depth;
  int channel_axis;
};

absl::StatusOr<Weights> WeightsOf(const Node& node, const Shape& w) {
  if (w.size() < 2)
    return Invalid("the weights are ", ToString(w), "; expected at least two sizes");
  const int rank = static_cast<int>(w.size());
  if (node.type() == OpType::ConvOptions)
    return Weights{NumElements(w) / std::max<int64_t>(w[0], 1), 0};
  const bool transposed = node.as<schema::MatMulOptionsT>().transpose_b;
  return Weights{w[w.size() - (transposed ? 1 : 2)], transposed ? rank - 2 : rank - 1};
}

absl::Status CheckWeights(const QuantParams& quant, int channel_axis) {
  for (int32_t zero_point : quant.zero_points) {
    if (zero_point != 0) return Invalid("the weights have the zero point ", zero_point, ", not 0");
  }
  if (quant.axis >= 0 && quant.axis != channel_axis) {
    return Invalid("the scales of the weights run along axis ", quant.axis,
                   ", but their output channels along axis ", channel_axis);
  }
  return absl::OkStatus();
}

int64_t BiasAt(const Tensor& bias, size_t channel) {
  return bias.type == DataType::kS64 ? bias.data.as<int64_t>()[channel]
                                     : bias.data.as<int32_t>()[channel];
}

absl::Status CheckBias(const Tensor& bias, const Tensor& x, const QuantParams& weights,
                       int64_t depth) {
  if (bias.shape.size() != 1) return Invalid("bias is ", ToString(bias.shape), ", not a vector");
  const QuantParams& quant = *bias.quant;
  const size_t channels = std::max(weights.scales.size(), quant.scales.size());
  const bool counts_fit = (weights.per_tensor() || weights.scales.size() == channels) &&
                          (quant.per_tensor() || quant.scales.size() == channels);
  if (!counts_fit) {
    return Invalid("bias has ", quant.scales.size(), " scales, but the weights have ",
                   weights.scales.size());
  }
  for (size_t i = 0; i < channels; ++i) {
    const double expected =
        static_cast<double>(x.quant->scale()) * weights.scales[weights.per_tensor() ? 0 : i];
    const double found = quant.scales[quant.per_tensor() ? 0 : i];
    // Products below the normal numbers of f32 cannot be stored as precisely.
    if (std::abs(found - expected) > 1e-6 * expected + std::numeric_limits<float>::min()) {
      return Invalid("bias has the scale ", found, " for channel ", i,
                     "; expected scale of x * scale of the weights = ", expected);
    }
  }
  const int64_t limit = MaxBias(depth, x.type);
  for (size_t i = 0; i < static_cast<size_t>(bias.shape[0]); ++i) {
    const int64_t value = BiasAt(bias, i);
    if (value > limit || value < -limit) {
      return Invalid("bias has the value ", value, "; with ", depth,
                     " products per output, at most ", limit, " is sure to fit the sum");
    }
  }
  return absl::OkStatus();
}

schema::Arithmetic ArithmeticOf(const Node& node) {
  if (node.type() == OpType::ConvOptions) return node.as<schema::ConvOptionsT>().arithmetic;
  if (node.type() == OpType::MatMulOptions) return node.as<schema::MatMulOptionsT>().arithmetic;
  return node.as<schema::AttentionOptionsT>().arithmetic;
}

absl::Status CheckArithmetic(schema::Arithmetic arithmetic) {
  if (arithmetic <= schema::Arithmetic::DYNAMIC) return absl::OkStatus();
  return Invalid("arithmetic ", static_cast<int>(arithmetic), " is unknown");
}

absl::Status CheckProduct(const Graph& graph, const Node& node) {
  const Tensor& x = graph.tensor(node.inputs[0]);
  const Tensor& w = graph.tensor(node.inputs[1]);
  const schema::Arithmetic arithmetic = ArithmeticOf(node);
  const bool dynamic = arithmetic == schema::Arithmetic::DYNAMIC;
  if (absl::Status status = CheckArithmetic(arithmetic); !status.ok()) return status;
  if (dynamic && (x.quant || !w.quant)) {
    return Invalid("its arithmetic is DYNAMIC, which takes f32 activations and quantized weights");
  }
  if (!w.quant) return absl::OkStatus();
  const absl::StatusOr<Weights> weights = WeightsOf(node, w.shape);
  if (!weights.ok()) return weights.status();
  absl::Status status = CheckWeights(*w.quant, weights->channel_axis);
  if (!status.ok()) return status;
  if (!x.quant && !dynamic) return absl::OkStatus();
  if (MaxBias(weights->depth, x.type) < 0) {
    return Invalid("an output sums up ", weights->depth, " products, which may not fit ",
                   x.type == DataType::kS16 ? "53 bits" : "s32");
  }
  if (dynamic || node.input(2) == kNoTensor) return absl::OkStatus();
  return CheckBias(graph.tensor(node.input(2)), x, *w.quant, weights->depth);
}

absl::Status CheckPool(const Graph& graph, const Node& node) {
  const auto& options = node.as<schema::PoolOptionsT>();
  if (options.ties == schema::TieRule::TO_EVEN) return absl::OkStatus();
  const Tensor &x = graph.tensor(node.inputs[0]), &y = graph.tensor(node.outputs[0]);
  if (options.kind == schema::PoolKind::AVERAGE && x.quant && x.type == y.type &&
      x.quant == y.quant) {
    return absl::OkStatus();
  }
  return Invalid(
      "ties are rounded away from zero; only an average of a quantized x, with the type, scale and "
      "zero point of x, may do that");
}

}  // namespace

absl::Status CheckOperands(const Graph& graph, const Node& node) {
  if (absl::Status status = CheckTypes(graph, node); !status.ok()) return status;
  if (node.type() == OpType::ConvOptions || node.type() == OpType::MatMulOptions) {
    return CheckProduct(graph, node);
  }
  if (node.type() == OpType::PoolOptions) return CheckPool(graph, node);
  if (node.type() == OpType::AttentionOptions) return CheckArithmetic(ArithmeticOf(node));
  if (node.type() == OpType::IfOptions || node.type() == OpType::LoopOptions) {
    return CheckControl(graph, node);
  }
  return absl::OkStatus();
}

}  // namespace octet::validate

namespace octet {

int64_t MaxBias(int64_t depth, DataType x) {
  // |x| and |w| <= 2^15: one half of 2^53 for the products, the other for the bias.
  constexpr int64_t kHalf = int64_t{1} << 52;
  if (x == DataType::kS16) return depth >= kHalf >> 30 ? -1 : kHalf - 1;
  // |x - zero_point| <= 255 and |w| <= 128.
  constexpr int64_t kMaxProduct = 255 * 128;
  constexpr int64_t kMaxSum = std::numeric_limits<int32_t>::max();
  return depth > kMaxSum / kMaxProduct ? -1 : kMaxSum - depth * kMaxProduct;
}

}  // namespace octet

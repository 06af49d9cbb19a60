#include "kernels/reference/product.h"

#include <algorithm>
#include <cmath>

#include "kernels/elements.h"
#include "kernels/row_quantization.h"

namespace octet {
namespace reference {
namespace {

absl::Status Declined(const char* what, const Operand& o) {
  return absl::UnimplementedError(absl::StrCat(what, " is ", Describe(o)));
}

bool IsInt16(const Operand& o) { return IsQuantized(o) && o.type == DataType::kS16; }

// `words`: with activations of 16 bits.
bool IsWeights(const Operand& w, int channel_axis, bool words) {
  if (IsInt8(w) || (words && IsInt16(w))) return true;
  const bool type = w.type == DataType::kS8 || (words && w.type == DataType::kS16);
  if (!type || w.quant == nullptr || w.quant->axis != channel_axis) return false;
  const auto channels = static_cast<size_t>(w.shape[static_cast<size_t>(channel_axis)]);
  if (w.quant->scales.size() != channels || w.quant->zero_points.size() != channels) return false;
  const std::vector<int32_t>& zero_points = w.quant->zero_points;
  return std::all_of(zero_points.begin(), zero_points.end(), [](int32_t z) { return z == 0; });
}

}  // namespace

absl::Status CheckProduct(const KernelContext& context, int channel_axis,
                          schema::Arithmetic arithmetic) {
  const Operand &x = context.input(kX), &w = context.input(kW), &bias = context.input(kBias);
  const Operand &residual = context.input(kResidual), &y = context.output();
  const bool dynamic = arithmetic == schema::Arithmetic::DYNAMIC;
  if (context.accumulate_f16 && x.type == DataType::kF16) {
    const auto is_real = [](const Operand& o) { return IsF32(o) || o.type == DataType::kF16; };
    if (w.type != DataType::kF16) return Declined("x is f16, but the other factor", w);
    if (bias.present() && !IsF32(bias)) return Declined("x is f16, but the bias", bias);
    if (residual.present() && !is_real(residual))
      return Declined("x is f16, but residual", residual);
    return is_real(y) ? absl::OkStatus() : Declined("x is f16, but the output", y);
  }
  if (IsF32(x)) {
    if (dynamic && !(IsWeights(w, channel_axis, false) && w.quant->zero_points[0] == 0)) {
      return Declined("its arithmetic is dynamic, but the other factor", w);
    }
    if (!dynamic && !IsF32(w)) return Declined("x is f32, but the other factor", w);
    if (bias.present() && !IsF32(bias)) return Declined("x is f32, but the bias", bias);
    if (residual.present() && !IsF32(residual)) return Declined("x is f32, but residual", residual);
    return IsF32(y) ? absl::OkStatus() : Declined("x is f32, but the output", y);
  }
  if (dynamic) return Declined("its arithmetic is dynamic, but x", x);
  if (!IsQuantized(x)) return Declined("the first factor", x);
  const bool words = IsInt16(x);
  if (!IsWeights(w, channel_axis, words))
    return Declined("x is quantized, but the other factor", w);
  if (bias.present() && bias.type != DataType::kS32 && !(words && bias.type == DataType::kS64)) {
    return Declined("x is quantized, but bias", bias);
  }
  if (!IsReal(y)) return Declined("x is quantized, but the output", y);
  if (residual.present() && !IsQuantized(residual) && !(IsF32(y) && IsF32(residual))) {
    return Declined("x is quantized, but residual", residual);
  }
  return absl::OkStatus();
}

absl::Status CheckWholeProduct(const KernelContext& context) {
  const Operand& y = context.output();
  for (const Operand& o : context.inputs) {
    if (!o.present() || (IsPlainInteger(o) && o.type == y.type && IsPlainInteger(y))) continue;
    return Declined("all operands must be integers of one type; one", o);
  }
  return absl::OkStatus();
}

Product::Product(const Problem& problem, const RunArgs& args, float activation_min,
                 float activation_max)
    : problem_(problem),
      y_(problem.Out(0, args)),
      bias_(problem.has_input(kBias) ? args.inputs[kBias] : nullptr),
      residual_(problem.has_input(kResidual) ? args.inputs[kResidual] : nullptr),
      min_(activation_min),
      max_(activation_max) {
  if (problem.inputs[kX].quant == nullptr) return;
  x_zero_point_ = problem.inputs[kX].quant->zero_point();
  w_zero_point_ = problem.inputs[kW].quant->zero_point();
  if (y_.type() == DataType::kF32) return;
  range_ = ActivationRange(min_, max_, y_.scale(), y_.zero_point(), y_.type());
}

float Product::WeightScale(int64_t channel) const {
  const QuantParams& quant = *problem_.inputs[kW].quant;
  return quant.per_tensor() ? quant.scale() : quant.scales[static_cast<size_t>(channel)];
}

void Product::Store(const Shape& at, int64_t channel, int64_t sum) {
  int64_t bias = 0;
  if (bias_ != nullptr) {
    bias = problem_.inputs[kBias].type == DataType::kS64
               ? static_cast<const int64_t*>(bias_)[channel]
               : static_cast<const int32_t*>(bias_)[channel];
  }
  const bool words = problem_.inputs[kX].type == DataType::kS16;
  if (!words) sum += bias;
  const auto scaled = [&](float factor) {
    const float v = static_cast<float>(sum) * factor;
    return words && bias_ != nullptr ? v + static_cast<float>(bias) * factor : v;
  };
  const float x_scale = problem_.inputs[kX].quant->scale();
  const float w_scale = WeightScale(channel);
  const auto residual = [&] { return Numbers(problem_.inputs[kResidual], residual_); };
  if (y_.type() == DataType::kF32) {
    const auto scale =
        static_cast<float>(static_cast<double>(x_scale) * static_cast<double>(w_scale));
    float v = scaled(scale);
    if (residual_ != nullptr) v = v + residual().Real(residual().Offset(at));
    return y_.SetReal(y_.Offset(at), ClampReal(v, min_, max_));
  }
  float v = scaled(RequantMultiplier(x_scale, w_scale, y_.scale()));
  if (residual_ != nullptr) {
    const Numbers r = residual();
    v = v + static_cast<float>(r.Int(r.Offset(at)) - r.zero_point()) *
                ScaleRatio(r.scale(), y_.scale());
  }
  y_.SetInt(y_.Offset(at), RoundAndClamp(v, y_.zero_point(), range_));
}

void Product::StoreDynamic(const Shape& at, int64_t channel, int64_t sum, float scale) {
  float v = static_cast<float>(sum) * (scale * WeightScale(channel));
  if (bias_ != nullptr) v = v + static_cast<const float*>(bias_)[channel];
  if (residual_ != nullptr) {
    const Numbers r(problem_.inputs[kResidual], residual_);
    v = v + r.Real(r.Offset(at));
  }
  y_.SetReal(y_.Offset(at), ClampReal(v, min_, max_));
}

void DynamicRow::Quantize(const float* x, int64_t count, int64_t stride) {
  RowRange range;
  for (int64_t i = 0; i < count; ++i) {
    const float v = x[i * stride];
    range = Union(range, {std::min(v, 0.0f), std::max(v, 0.0f), std::isfinite(v)});
  }
  const RowParams params = AffineRow(range);
  scale = params.scale;
  offsets.assign(static_cast<size_t>(count), 0);
  if (!(scale == scale)) return;
  for (int64_t i = 0; i < count; ++i) {
    const float steps = std::nearbyintf(x[i * stride] * params.inv_scale);
    const int32_t q = static_cast<int32_t>(steps) + params.zero_point;
    offsets[static_cast<size_t>(i)] = std::clamp(q, 0, 255) - params.zero_point;
  }
}

void Product::Store(const Shape& at, int64_t channel, double sum) {
  if (bias_ != nullptr) sum += static_cast<const float*>(bias_)[channel];
  if (residual_ != nullptr) {
    const Numbers r(problem_.inputs[kResidual], residual_);
    sum += r.Real(r.Offset(at));
  }
  y_.SetReal(y_.Offset(at), ClampReal(static_cast<float>(sum), min_, max_));
}

}  // namespace reference
}  // namespace octet

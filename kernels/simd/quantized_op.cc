#include "kernels/simd/quantized_op.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "kernels/operands.h"
#include "kernels/simd/terms.h"
#include "runtime/core/numerics.h"
#include "runtime/core/validate.h"

namespace octet {
namespace simd {
namespace {

bool IsByteTensor(const Operand& o) {
  return (o.type == DataType::kU8 || o.type == DataType::kS8) && o.quant != nullptr &&
         o.quant->per_tensor();
}

bool IsWords(const Operand& o) { return o.type == DataType::kS16; }

absl::Status CheckWeights(const Operand& w, bool words, int channel_axis) {
  const bool fits = w.type == DataType::kS8 || (words && IsWords(w));
  if (!fits || w.quant == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("weights are ", Name(w.type), ", not quantized s8", words ? " or s16" : ""));
  }
  if (w.data == nullptr) return absl::UnimplementedError("weights are not constant");
  if (!w.quant->per_tensor() && w.quant->axis != channel_axis) {
    return absl::UnimplementedError(absl::StrCat("weight scales run along axis ", w.quant->axis,
                                                 ", not along output channels"));
  }
  for (int32_t zero_point : w.quant->zero_points) {
    if (zero_point != 0) return absl::UnimplementedError("weights have a zero point");
  }
  return absl::OkStatus();
}

// Sums are finished as any type; to those of words residuals of any type are added.
absl::Status CheckOutput(const QuantizedOp& op) {
  const bool f32 = op.y.type == DataType::kF32 && op.y.quant == nullptr;
  if (!f32 && !IsQuantized(op.y)) {
    return absl::UnimplementedError(
        absl::StrCat("output is ", Name(op.y.type), ", not f32 or 8 or 16 bits with one scale"));
  }
  if (!op.residual.present()) return absl::OkStatus();
  const bool f32_residual = op.residual.type == DataType::kF32 && op.residual.quant == nullptr;
  const bool fits = IsWords(op.x) ? IsQuantized(op.residual) : IsByteTensor(op.residual);
  if (!fits && !(f32 && f32_residual)) {
    return absl::UnimplementedError(absl::StrCat("residual is ", Name(op.residual.type),
                                                 " for an output of ", Name(op.y.type)));
  }
  if (op.residual.shape != op.y.shape || op.residual.layout != op.y.layout) {
    return absl::UnimplementedError("residual lies in memory otherwise than the output");
  }
  return absl::OkStatus();
}

int64_t BiasAt(const Operand& bias, int64_t channel) {
  if (bias.type == DataType::kS64) return static_cast<const int64_t*>(bias.data)[channel];
  return static_cast<const int32_t*>(bias.data)[channel];
}

float WeightScale(const Operand& w, int64_t channel) {
  return w.quant->per_tensor() ? w.quant->scale() : w.quant->scales[static_cast<size_t>(channel)];
}

// From a channel's sum to units of the output.
float Multiplier(const QuantizedOp& op, const Epilogue& e, int64_t channel) {
  const float x_scale = op.x.quant->scale(), w_scale = WeightScale(op.w, channel);
  if (e.f32) return static_cast<float>(static_cast<double>(x_scale) * w_scale);
  return RequantMultiplier(x_scale, w_scale, op.y.quant->scale());
}

void SetOutput(const QuantizedOp& op, Epilogue& e) {
  e.f32 = op.y.type == DataType::kF32;
  e.f32_min = op.activation_min;
  e.f32_max = op.activation_max;
  if (e.f32) return;
  e.words = IsWords(op.y);
  e.flip = FlipOf(op.y.type);
  e.zero_point = ZeroPointAsU8(op.y);
  const IntRange range = ActivationRange(op.activation_min, op.activation_max, op.y.quant->scale(),
                                         op.y.quant->zero_point(), op.y.type);
  e.min = range.min + e.flip;
  e.max = range.max + e.flip;
}

void SetResidual(const QuantizedOp& op, Epilogue& e) {
  e.has_residual = op.residual.present();
  if (!e.has_residual) return;
  e.f32_residual = op.residual.type == DataType::kF32;
  if (e.f32_residual) return;
  e.words_residual = IsWords(op.residual);
  e.residual_flip = FlipOf(op.residual.type);
  e.residual_zero_point = ZeroPointAsU8(op.residual);
  const double scale = op.residual.quant->scale();
  e.residual_multiplier = static_cast<float>(e.f32 ? scale : scale / op.y.quant->scale());
}

}  // namespace

absl::Status CheckQuantizedOp(const QuantizedOp& op) {
  if (!IsQuantized(op.x)) {
    return absl::UnimplementedError(
        absl::StrCat("input is ", Name(op.x.type), ", not 8 or 16 bits with one scale"));
  }
  const bool words = IsWords(op.x);
  if (absl::Status s = CheckWeights(op.w, words, op.channel_axis); !s.ok()) return s;
  const bool fits = op.bias.type == DataType::kS32 || (words && op.bias.type == DataType::kS64);
  if (op.bias.present() && (!fits || op.bias.data == nullptr)) {
    return absl::UnimplementedError(absl::StrCat("bias is ", Name(op.bias.type),
                                                 ", not a constant s32", words ? " or s64" : ""));
  }
  return CheckOutput(op);
}

absl::StatusOr<OwnedEpilogue> MakeEpilogue(const QuantizedOp& op, int64_t depth,
                                           absl::Span<const int32_t> weight_sums,
                                           absl::Span<const int64_t> order) {
  OwnedEpilogue owned;
  Epilogue& e = owned.epilogue;
  e = Epilogue{};
  SetOutput(op, e);
  SetResidual(op, e);
  const auto* bias = static_cast<const int32_t*>(op.bias.data);
  const uint32_t x_zero = static_cast<uint32_t>(ZeroPointAsU8(op.x));
  owned.bias.assign(order.size(), 0);
  owned.multiplier.assign(order.size(), 0.0f);
  double largest = 0, largest_value = 0;  // of |sum|, and of |what is rounded|
  for (size_t i = 0; i < order.size(); ++i) {
    const int64_t channel = order[i];
    if (channel < 0) continue;
    const int32_t b = op.bias.present() ? bias[channel] : 0;
    const uint32_t sum = static_cast<uint32_t>(weight_sums[static_cast<size_t>(channel)]);
    owned.bias[i] = static_cast<int32_t>(static_cast<uint32_t>(b) - x_zero * sum);
    owned.multiplier[i] = Multiplier(op, e, channel);
    const double bound =
        255.0 * 128.0 * static_cast<double>(depth) + std::abs(static_cast<double>(b));
    largest = std::max(largest, bound);
    largest_value = std::max(largest_value, bound * owned.multiplier[i]);
  }
  if (largest >= 2147483648.0) {
    return absl::UnimplementedError(
        absl::StrCat("sums of ", depth, " products may exceed 32 bits"));
  }
  if (!e.f32 && !e.words && !(largest_value + 255.0 * e.residual_multiplier < 1073741824.0)) {
    return absl::UnimplementedError(
        "the output's scale is so small that values may exceed 32 bits");
  }
  owned.Bind();
  return owned;
}

absl::StatusOr<OwnedEpilogue> MakeWordEpilogue(const QuantizedOp& op, int64_t depth,
                                               absl::Span<const int32_t> magnitudes,
                                               absl::Span<const int64_t> order) {
  if (MaxBias(depth, DataType::kS16) < 0) {
    return absl::UnimplementedError(
        absl::StrCat("sums of ", depth, " products may exceed 53 bits"));
  }
  OwnedEpilogue owned;
  Epilogue& e = owned.epilogue;
  SetOutput(op, e);
  SetResidual(op, e);
  e.wide = IsWords(op.w);
  owned.bias.assign(order.size(), 0);
  owned.multiplier.assign(order.size(), 0.0f);
  if (op.bias.present()) owned.f32_bias.assign(order.size(), 0.0f);
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] < 0) continue;
    if (magnitudes[static_cast<size_t>(order[i])] > kMaxMagnitude) e.wide = true;
    owned.multiplier[i] = Multiplier(op, e, order[i]);
    if (!op.bias.present()) continue;
    owned.f32_bias[i] = static_cast<float>(BiasAt(op.bias, order[i])) * owned.multiplier[i];
  }
  owned.Bind();
  return owned;
}

void OwnedEpilogue::Bind() {
  epilogue.bias = bias.data();
  epilogue.multiplier = multiplier.data();
  epilogue.weight_sums = weight_sums.empty() ? nullptr : weight_sums.data();
  epilogue.f32_bias = f32_bias.empty() ? nullptr : f32_bias.data();
}

absl::Status CheckDynamicOp(const QuantizedOp& op) {
  for (const Operand* o : {&op.x, &op.bias, &op.residual, &op.y}) {
    if (o->present() && !IsF32(*o)) {
      return absl::UnimplementedError(
          absl::StrCat("all operands but the weights must be f32; one is ", Name(o->type)));
    }
  }
  if (op.bias.present() && op.bias.data == nullptr) {
    return absl::UnimplementedError("the bias is not constant");
  }
  if (absl::Status s = CheckWeights(op.w, false, op.channel_axis); !s.ok()) return s;
  return CheckOutput(op);
}

OwnedEpilogue MakeDynamicEpilogue(const QuantizedOp& op, absl::Span<const int32_t> weight_sums,
                                  absl::Span<const int64_t> order) {
  OwnedEpilogue owned;
  SetOutput(op, owned.epilogue);
  SetResidual(op, owned.epilogue);
  owned.bias.assign(order.size(), 0);
  owned.multiplier.assign(order.size(), 0.0f);
  owned.weight_sums.assign(order.size(), 0);
  if (op.bias.present()) owned.f32_bias.assign(order.size(), 0.0f);
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] < 0) continue;
    owned.multiplier[i] = WeightScale(op.w, order[i]);
    owned.weight_sums[i] = weight_sums[static_cast<size_t>(order[i])];
    if (op.bias.present()) owned.f32_bias[i] = static_cast<const float*>(op.bias.data)[order[i]];
  }
  owned.Bind();
  return owned;
}

}  // namespace simd
}  // namespace octet

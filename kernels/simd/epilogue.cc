#include "kernels/simd/epilogue.h"

#include "runtime/core/numerics.h"

namespace octet {
namespace simd {
namespace {

float Residual(const Epilogue& e, const void* residual, int64_t index) {
  if (e.f32_residual) return static_cast<const float*>(residual)[index];
  if (e.words_residual) {
    return static_cast<float>(static_cast<const int16_t*>(residual)[index]) * e.residual_multiplier;
  }
  const int32_t q = static_cast<const uint8_t*>(residual)[index] ^ e.residual_flip;
  return static_cast<float>(q - e.residual_zero_point) * e.residual_multiplier;
}

}  // namespace

void FinishOne(const Epilogue& e, int32_t sum, float multiplier, const void* residual, void* y,
               int64_t index) {
  FinishRounded(e, static_cast<float>(sum), multiplier, nullptr, residual, y, index);
}

void FinishRounded(const Epilogue& e, float sum, float multiplier, const float* bias,
                   const void* residual, void* y, int64_t index) {
  float v = sum * multiplier;
  if (bias != nullptr) v = v + *bias;
  if (residual != nullptr) v = v + Residual(e, residual, index);
  if (e.f32) {
    static_cast<float*>(y)[index] = std::min(std::max(v, e.f32_min), e.f32_max);
    return;
  }
  const int32_t q = RoundAndClamp(v, e.zero_point, {e.min, e.max});
  if (e.words) {
    static_cast<int16_t*>(y)[index] = static_cast<int16_t>(q);
    return;
  }
  static_cast<uint8_t*>(y)[index] = static_cast<uint8_t>(q) ^ e.flip;
}

void FinishDynamic(const Epilogue& e, const RowNumbers& row, int32_t sum, float multiplier,
                   int32_t weight_sum, float bias, const void* residual, void* y, int64_t index) {
  // Differences of sums wrap around on the way, but fit in the end.
  const uint32_t exact = static_cast<uint32_t>(sum) -
                         static_cast<uint32_t>(row.zero_point) * static_cast<uint32_t>(weight_sum);
  float v = static_cast<float>(static_cast<int32_t>(exact)) * (row.scale * multiplier);
  if (e.f32_bias != nullptr) v = v + bias;
  if (residual != nullptr) v = v + static_cast<const float*>(residual)[index];
  static_cast<float*>(y)[index] = std::min(std::max(v, e.f32_min), e.f32_max);
}

}  // namespace simd
}  // namespace octet

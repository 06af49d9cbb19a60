#include "kernels/simd/epilogue.h"

#include "runtime/core/numerics.h"

namespace octet {
namespace simd {
namespace {

float Residual(const Epilogue& e, const void* residual, int64_t index) {
  if (e.f32_residual) return static_cast<const float*>(residual)[index];
  const int32_t q = static_cast<const uint8_t*>(residual)[index] ^ e.residual_flip;
  return static_cast<float>(q - e.residual_zero_point) * e.residual_multiplier;
}

}  // namespace

void FinishOne(const Epilogue& e, int32_t sum, float multiplier, const void* residual, void* y,
               int64_t index) {
  float v = static_cast<float>(sum) * multiplier;
  if (residual != nullptr) v = v + Residual(e, residual, index);
  if (e.f32) {
    static_cast<float*>(y)[index] = std::min(std::max(v, e.f32_min), e.f32_max);
    return;
  }
  const int32_t q = RoundAndClamp(v, e.zero_point, {e.min, e.max});
  static_cast<uint8_t*>(y)[index] = static_cast<uint8_t>(q) ^ e.flip;
}

}  // namespace simd
}  // namespace octet

#ifndef OCTET_RUNTIME_CORE_NUMERICS_H_
#define OCTET_RUNTIME_CORE_NUMERICS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "octet/types.h"

// The arithmetic of quantization, as the model file's specification (schema/model.fbs) fixes it.
// Kernels that claim the reference's bits follow these functions operation by operation: no fused
// multiply-add, no product with a reciprocal where a division stands.

namespace octet {

struct IntRange {
  int32_t min;
  int32_t max;
};

// The integers that a quantized tensor of this type may hold: all of u8 and s8, symmetric s16.
inline IntRange RangeOf(DataType type) {
  switch (type) {
    case DataType::kU8:
      return {0, 255};
    case DataType::kS8:
      return {-128, 127};
    case DataType::kS16:
      return {-32767, 32767};
    default:
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
  }
}

// Rounds to the nearest integer, ties to even, in the default rounding mode.
inline float RoundHalfEven(float x) { return std::nearbyintf(x); }

// clamp(round_half_even(value) + zero_point, range). `value` is already divided by the scale. NaN
// gives zero_point.
inline int32_t RoundAndClamp(float value, int32_t zero_point, IntRange range) {
  if (!(value == value)) value = 0.0f;
  const float lo = static_cast<float>(static_cast<int64_t>(range.min) - zero_point);
  const float hi = static_cast<float>(static_cast<int64_t>(range.max) - zero_point);
  return static_cast<int32_t>(RoundHalfEven(std::min(std::max(value, lo), hi))) + zero_point;
}

// sum / count rounded to the nearest integer, halves away from 0; count > 0.
inline int64_t AverageTiesAway(int64_t sum, int64_t count) {
  const int64_t half = count / 2;
  return (sum < 0 ? sum - half : sum + half) / count;
}

inline int32_t QuantizeValue(float x, float scale, int32_t zero_point, IntRange range) {
  return RoundAndClamp(x / scale, zero_point, range);
}

inline float DequantizeValue(int32_t q, float scale, int32_t zero_point) {
  return scale * static_cast<float>(q - zero_point);
}

// Integers between which a quantized output stays when its operator clamps reals to [min, max].
inline IntRange ActivationRange(float min, float max, float scale, int32_t zero_point,
                                DataType type) {
  const IntRange range = RangeOf(type);
  IntRange result = range;
  if (min > -std::numeric_limits<float>::infinity())
    result.min = QuantizeValue(min, scale, zero_point, range);
  if (max < std::numeric_limits<float>::infinity())
    result.max = QuantizeValue(max, scale, zero_point, range);
  return result;
}

// The factor that takes an s32 sum of products with scales `scale_x` and `scale_w` to units of
// `scale_y`.
inline float RequantMultiplier(float scale_x, float scale_w, float scale_y) {
  return static_cast<float>(static_cast<double>(scale_x) * static_cast<double>(scale_w) /
                            static_cast<double>(scale_y));
}

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_NUMERICS_H_

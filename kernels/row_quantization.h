#ifndef OCTET_KERNELS_ROW_QUANTIZATION_H_
#define OCTET_KERNELS_ROW_QUANTIZATION_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

// Scales that are chosen when the model runs, as schema/model.fbs (Arithmetic, Attention) fixes
// them. A row is quantized by multiplying with inv_scale.

namespace octet {

// What the elements of a row lie between; both ends are widened to hold 0.
struct RowRange {
  float min = 0.0f;
  float max = 0.0f;
  bool finite = true;  // no element is NaN or infinite
};

inline RowRange Union(const RowRange& a, const RowRange& b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max), a.finite && b.finite};
}

struct RowParams {
  float scale;      // NaN where the row's results are
  float inv_scale;  // finite
  int32_t zero_point;
};

// Parameters for a range that takes `steps` steps.
inline RowParams ParamsForWidth(float width, float steps, bool finite) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  if (!finite || !(width <= kLargest)) return {std::numeric_limits<float>::quiet_NaN(), 0.0f, 0};
  float scale = width / steps;
  if (scale < std::numeric_limits<float>::min()) scale = 1.0f;
  return {scale, 1.0f / scale, 0};
}

// To u8.
inline RowParams AffineRow(const RowRange& range) {
  RowParams params = ParamsForWidth(range.max - range.min, 255.0f, range.finite);
  params.zero_point = static_cast<int32_t>(std::nearbyintf(-range.min * params.inv_scale));
  return params;
}

// To s8 in [-127, 127] with zero_point 0.
inline RowParams SymmetricRow(const RowRange& range) {
  return ParamsForWidth(std::max(-range.min, range.max), 127.0f, range.finite);
}

// Numbers from 0 to `max`, which may be NaN, to u8 with zero_point 0.
inline RowParams WeightRow(float max) { return ParamsForWidth(max, 255.0f, true); }

}  // namespace octet

#endif  // OCTET_KERNELS_ROW_QUANTIZATION_H_

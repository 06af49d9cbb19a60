#include "tools/quantize/scheme.h"

#include <algorithm>
#include <cmath>

#include "runtime/core/numerics.h"

namespace octet {

QuantParams AffineParams(Range range, DataType type) {
  const IntRange q = RangeOf(type);
  const double min = std::min(0.0, static_cast<double>(range.min));
  const double max = std::max(0.0, static_cast<double>(range.max));
  if (min == max) return {{kZeroTensorScale}, {0}, -1};
  const float scale =
      std::clamp(static_cast<float>((max - min) / (q.max - q.min)), kMinScale, kMaxScale);
  const double zero_point = std::nearbyint(q.min - min / scale);
  const double clamped =
      std::clamp(zero_point, static_cast<double>(q.min), static_cast<double>(q.max));
  return {{scale}, {static_cast<int32_t>(clamped)}, -1};
}

float SymmetricScale(float max_abs) {
  if (max_abs == 0) return kZeroTensorScale;
  return std::clamp(max_abs / kMaxWeight, kMinScale, kMaxScale);
}

}  // namespace octet

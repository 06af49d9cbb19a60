#include "tools/quantize/scheme.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace octet {

absl::Status CheckScheme(const ActivationScheme& scheme) {
  const DataType type = scheme.type;
  if (type != DataType::kU8 && type != DataType::kS8 && type != DataType::kS16) {
    return absl::InvalidArgumentError(
        absl::StrCat("activations cannot be ", Name(type), "; choose u8, s8 or s16"));
  }
  if (type == DataType::kS16 && !scheme.symmetric) {
    return absl::InvalidArgumentError(
        "activations of type s16 are symmetric: they have no zero point");
  }
  if (scheme.symmetric && scheme.type == DataType::kU8) {
    return absl::InvalidArgumentError(
        "activations of type u8 cannot be symmetric: with 0 stored as 0, no value is left for "
        "negative numbers; choose s8, or affine");
  }
  return absl::OkStatus();
}

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

float SymmetricScale(float max_abs, DataType type) {
  if (max_abs == 0) return kZeroTensorScale;
  return std::clamp(max_abs / static_cast<float>(LargestSymmetric(type)), kMinScale, kMaxScale);
}

QuantParams ActivationParams(Range range, DataType type) {
  if (!range.symmetric) return AffineParams(range, type);
  return {{SymmetricScale(std::max(std::abs(range.min), std::abs(range.max)), type)}, {0}, -1};
}

}  // namespace octet

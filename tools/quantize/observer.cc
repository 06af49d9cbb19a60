#include "tools/quantize/observer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/status/statusor.h"

namespace octet {
namespace {

// Integers in the order of the floats they stand for: negative numbers, zeros, positive numbers,
// with the NaNs beyond the infinities at both ends. Their minimum and maximum vectorize, and show
// NaNs.
int32_t OrderedKey(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

float FromOrderedKey(int32_t key) {
  const int32_t bits = key ^ ((key >> 31) & 0x7fffffff);
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// The smallest and the largest value. Requires a value.
absl::StatusOr<Range> Extremes(absl::Span<const float> values) {
  int32_t low = std::numeric_limits<int32_t>::max();
  int32_t high = std::numeric_limits<int32_t>::min();
  for (const float value : values) {
    const int32_t key = OrderedKey(value);
    low = std::min(low, key);
    high = std::max(high, key);
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (low <= OrderedKey(-kInfinity) || high >= OrderedKey(kInfinity)) {
    const float bad = low <= OrderedKey(-kInfinity) ? FromOrderedKey(low) : FromOrderedKey(high);
    return absl::InvalidArgumentError(bad == bad ? "an infinite value" : "a value that is NaN");
  }
  return Range{FromOrderedKey(low), FromOrderedKey(high)};
}

void Follow(float& average, float value, double constant) {
  average = static_cast<float>(average + constant * (static_cast<double>(value) - average));
}

}  // namespace

absl::Status Observer::Observe(absl::Span<const float> values) {
  if (values.empty()) return absl::OkStatus();
  const absl::StatusOr<Range> seen = Extremes(values);
  if (!seen.ok()) return seen.status();
  TensorStatistics& stats = statistics_;
  if (stats.count == 0) {
    stats.extremes = stats.moving_average = *seen;
  } else {
    stats.extremes = Union(stats.extremes, *seen);
    Follow(stats.moving_average.min, seen->min, moving_average_constant_);
    Follow(stats.moving_average.max, seen->max, moving_average_constant_);
  }
  stats.count += static_cast<int64_t>(values.size());
  stats.histogram.Add(values, *seen);
  return absl::OkStatus();
}

}  // namespace octet

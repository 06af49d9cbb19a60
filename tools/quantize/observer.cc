#include "tools/quantize/observer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

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

// The sum in an order that is fixed and that vectorizes.
double Sum(const float* values, size_t size) {
  std::array<double, 8> sums = {};
  size_t i = 0;
  for (; i + sums.size() <= size; i += sums.size()) {
    for (size_t k = 0; k < sums.size(); ++k) sums[k] += static_cast<double>(values[i + k]);
  }
  double sum = 0;
  for (; i < size; ++i) sum += static_cast<double>(values[i]);
  for (double s : sums) sum += s;
  return sum;
}

void Follow(float& average, float value, double constant) {
  average = static_cast<float>(average + constant * (static_cast<double>(value) - average));
}

}  // namespace

Observer::Observer(double moving_average_constant, int channel_axis)
    : moving_average_constant_(moving_average_constant) {
  statistics_.channels.axis = channel_axis;
}

absl::Status Observer::CheckChannels(const Shape& shape) const {
  const ChannelStatistics& channels = statistics_.channels;
  const auto axis = static_cast<size_t>(channels.axis);
  if (axis >= shape.size()) {
    return absl::InvalidArgumentError(absl::StrCat("the shape ", ToString(shape),
                                                   " without a dimension ", channels.axis,
                                                   " to count channels"));
  }
  const auto seen = static_cast<int64_t>(channels.min.size());
  if (statistics_.count == 0 || shape[axis] == seen) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(shape[axis], " channels, after ", seen, " channels in a run before"));
}

void Observer::ObserveChannels(const float* values, const Shape& shape) {
  ChannelStatistics& stats = statistics_.channels;
  const auto axis = shape.begin() + stats.axis;
  const auto channels = static_cast<size_t>(*axis);
  const auto outer = static_cast<size_t>(NumElements(Shape(shape.begin(), axis)));
  const auto inner = static_cast<size_t>(NumElements(Shape(axis + 1, shape.end())));
  if (stats.count == 0) {
    stats.min.assign(channels, std::numeric_limits<float>::max());
    stats.max.assign(channels, -std::numeric_limits<float>::max());
    stats.sum.assign(channels, 0.0);
  }
  stats.count += static_cast<int64_t>(outer * inner);
  for (size_t o = 0; o < outer; ++o) {
    if (inner == 1) {  // channels last: they are the vector
      for (size_t c = 0; c < channels; ++c) {
        stats.min[c] = std::min(stats.min[c], values[c]);
        stats.max[c] = std::max(stats.max[c], values[c]);
        stats.sum[c] += static_cast<double>(values[c]);
      }
      values += channels;
      continue;
    }
    for (size_t c = 0; c < channels; ++c, values += inner) {
      const Range seen = *Extremes({values, inner});
      stats.min[c] = std::min(stats.min[c], seen.min);
      stats.max[c] = std::max(stats.max[c], seen.max);
      stats.sum[c] += Sum(values, inner);
    }
  }
}

absl::Status Observer::Observe(absl::Span<const float> values, const Shape& shape) {
  if (values.empty()) return absl::OkStatus();
  const absl::StatusOr<Range> seen = Extremes(values);
  if (!seen.ok()) return seen.status();
  if (statistics_.channels.axis >= 0) {
    absl::Status status = CheckChannels(shape);
    if (!status.ok()) return status;
    ObserveChannels(values.data(), shape);
  }
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

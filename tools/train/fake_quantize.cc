#include "tools/train/fake_quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/core/numerics.h"
#include "tools/train/vector_loops.h"

namespace octet {
namespace {

// Rounds half to even, as RoundHalfEven does for these magnitudes: up to 2^22 the sum has no bits
// behind the point. Unlike that function it can be vectorized for every x86-64.
inline float RoundSmall(float x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23
  return (x + kRound) - kRound;
}

OCTET_VECTOR_CLONES
void RoundBlock(const float* units, size_t count, float low, float high, float* rounded) {
  for (size_t i = 0; i < count; ++i) {
    const float number = units[i] == units[i] ? units[i] : 0.0f;
    rounded[i] = RoundSmall(std::min(std::max(number, low), high));
  }
}

OCTET_VECTOR_CLONES
float BackThroughBlock(const float* __restrict units, const float* __restrict rounded, size_t count,
                       Clamp clamp, float* __restrict gradients) {
  constexpr size_t kLanes = 16;
  float lanes[kLanes] = {};
  float rest = 0;
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (size_t l = 0; l < kLanes; ++l) {
      const float v = units[i + l], g = gradients[i + l];
      float slope = rounded[i + l] - v;
      slope = v < clamp.low ? clamp.low_slope : slope;
      slope = v > clamp.high ? clamp.high_slope : slope;
      lanes[l] += g * slope;
      const float kept = v < clamp.low ? 0.0f : g;
      gradients[i + l] = v > clamp.high ? 0.0f : kept;
    }
  }
  for (; i < count; ++i) {
    const float v = units[i], g = gradients[i];
    const bool below = v<clamp.low, above = v> clamp.high;
    rest += g * (below ? clamp.low_slope : above ? clamp.high_slope : rounded[i] - v);
    gradients[i] = below || above ? 0.0f : g;
  }
  for (float lane : lanes) rest += lane;
  return rest;
}

}  // namespace

Grid GridOf(DataType type, int32_t zero_point) {
  const IntRange range = RangeOf(type);
  return {static_cast<float>(range.min - zero_point), static_cast<float>(range.max - zero_point)};
}

Grid SymmetricGrid(int bits) {
  const auto largest = static_cast<float>((1 << (bits - 1)) - 1);
  return {-largest, largest};
}

Grid AffineGrid(int bits, bool is_signed, int32_t zero_point) {
  const int32_t low = is_signed ? -(1 << (bits - 1)) : 0;
  const int32_t high = low + (1 << bits) - 1;
  return {static_cast<float>(low - zero_point), static_cast<float>(high - zero_point)};
}

Clamp ClampFor(Grid grid, float min, float max, float scale) {
  Clamp clamp{grid.low, grid.high, grid.low, grid.high};
  if (min > -std::numeric_limits<float>::infinity()) {
    const float units = min / scale;
    clamp.low = std::nearbyint(std::min(std::max(units, grid.low), grid.high));
    if (units >= grid.low) clamp.low_slope = 0;
  }
  if (max < std::numeric_limits<float>::infinity()) {
    const float units = max / scale;
    clamp.high = std::nearbyint(std::min(std::max(units, grid.low), grid.high));
    if (units <= grid.high) clamp.high_slope = 0;
  }
  return clamp;
}

void RoundToGrid(absl::Span<const float> units, float low, float high, float* rounded) {
  RoundBlock(units.data(), units.size(), low, high, rounded);
}

double BackThroughRounding(absl::Span<const float> units, absl::Span<const float> rounded,
                           const Clamp& clamp, float* gradients) {
  // Partial sums of f32, which double precision adds up.
  constexpr size_t kBlock = 4096;
  double sum = 0;
  for (size_t begin = 0; begin < units.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, units.size() - begin);
    sum += static_cast<double>(BackThroughBlock(units.data() + begin, rounded.data() + begin, count,
                                                clamp, gradients + begin));
  }
  return sum;
}

void BackThroughClamp(absl::Span<const float> values, float min, float max, float* gradients) {
  for (size_t i = 0; i < values.size(); ++i) {
    gradients[i] = values[i] < min || values[i] > max ? 0.0f : gradients[i];
  }
}

double ScaleGradientFactor(int64_t count, Grid grid) {
  const double levels = std::max(1.0, static_cast<double>(std::max(-grid.low, grid.high)));
  return 1 / std::sqrt(static_cast<double>(std::max<int64_t>(count, 1)) * levels);
}

}  // namespace octet

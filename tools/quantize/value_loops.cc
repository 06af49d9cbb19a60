#include "tools/quantize/value_loops.h"

#include <algorithm>

namespace octet {

void RoundValues(absl::Span<const float> values, const QuantParams& params, IntRange integers,
                 absl::Span<float> result) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds half to even
  const float scale = params.scale();
  const auto low = static_cast<float>(integers.min - params.zero_point());
  const auto high = static_cast<float>(integers.max - params.zero_point());
  for (size_t i = 0; i < values.size(); ++i) {
    const float clamped = std::min(std::max(values[i] / scale, low), high);
    result[i] = scale * ((clamped + kRound) - kRound);
  }
}

Squares SquaresOf(absl::Span<const float> values, absl::Span<const float> others) {
  constexpr size_t kLanes = 8, kBlock = 1024;
  Squares result;
  // Sums over a block are f32, so that they fill vectors.
  for (size_t first = 0; first < values.size(); first += kBlock) {
    const size_t end = std::min(first + kBlock, values.size());
    float squares[kLanes] = {}, differences[kLanes] = {};
    size_t i = first;
    for (; i + kLanes <= end; i += kLanes) {
      for (size_t l = 0; l < kLanes; ++l) {
        const float v = values[i + l], d = v - others[i + l];
        squares[l] += v * v;
        differences[l] += d * d;
      }
    }
    for (; i < end; ++i) {
      const float d = values[i] - others[i];
      squares[0] += values[i] * values[i];
      differences[0] += d * d;
    }
    for (size_t l = 0; l < kLanes; ++l) {
      result.values += static_cast<double>(squares[l]);
      result.differences += static_cast<double>(differences[l]);
    }
  }
  return result;
}

}  // namespace octet

#include "tools/quantize/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/status/status.h"
#include "runtime/core/cpu_features.h"
#include "runtime/core/numerics.h"
#include "runtime/core/validate.h"
#include "tools/quantize/scheme.h"

namespace octet {
namespace {

constexpr double kBiasOfZeroChannel = 1 << 20;

// A tensor seen as [outer, channels, inner].
struct Blocks {
  int64_t outer = 1;
  int64_t channels = 1;
  int64_t inner = 1;
};

Blocks BlocksOf(const Shape& shape, int axis) {
  Blocks blocks;
  for (int d = 0; d < static_cast<int>(shape.size()); ++d) {
    (d < axis ? blocks.outer : d == axis ? blocks.channels : blocks.inner) *= shape[d];
  }
  return blocks;
}

// Calls fn(channel, index of the element) for all elements.
template <typename Fn>
void ForEach(const Blocks& blocks, Fn fn) {
  int64_t at = 0;
  for (int64_t o = 0; o < blocks.outer; ++o) {
    for (int64_t c = 0; c < blocks.channels; ++c) {
      for (int64_t i = 0; i < blocks.inner; ++i)
        fn(static_cast<size_t>(c), static_cast<size_t>(at++));
    }
  }
}

bool AllFinite(absl::Span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

// Scales that are tried for a channel, relative to the one at which its largest weight is 127
// (kS8). Where a channel has few weights, a grid can be found that happens to lie close to all of
// them. Over many weights the errors average out, and what a search finds is a grid for which they
// sum up to little.
struct ScaleSearch {
  size_t most_weights;  // per channel, for which this row is meant
  int candidates;
  double least;
  double most;
};
constexpr ScaleSearch kScaleSearches[] = {
    {64, 200, 0.85, 1.15},
    {std::numeric_limits<size_t>::max(), 40, 0.97, 1.03},
};

// What rounding to multiples of `scale` costs: the errors' squares, and the square of their sum,
// which is the shift of the output where inputs have a mean. It is asked for some forty times per
// weight: eight weights go side by side, in vectors of whatever width the CPU has. The same bits
// for any width.
constexpr size_t kCostLanes = 8;
using Reals = float __attribute__((vector_size(kCostLanes * sizeof(float))));
using Sums = double __attribute__((vector_size(kCostLanes * sizeof(double))));

inline __attribute__((always_inline)) double CostOf(const float* weights, size_t count,
                                                    float scale) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds half to even
  const Reals divisor = Reals{} + scale;
  const Reals largest = Reals{} + static_cast<float>(kMaxS8);
  Sums squares = {}, errors = {};
  for (size_t i = 0; i < count; i += kCostLanes) {
    Reals w = {};  // zeros have no error
    if (i + kCostLanes <= count) {
      std::memcpy(&w, weights + i, sizeof(w));
    } else {
      std::memcpy(&w, weights + i, (count - i) * sizeof(float));
    }
    const Reals exact = w / divisor;
    const Reals above = exact > -largest ? exact : -largest;
    const Reals clamped = above < largest ? above : largest;
    const Reals q = (clamped + kRound) - kRound;
    const Sums error = __builtin_convertvector(w, Sums) -
                       static_cast<double>(scale) * __builtin_convertvector(q, Sums);
    squares += error * error;
    errors += error;
  }
  double square = 0, error = 0;
  for (size_t l = 0; l < kCostLanes; ++l) {
    square += squares[l];
    error += errors[l];
  }
  return square + error * error;
}

double CostAnywhere(const float* weights, size_t count, float scale) {
  return CostOf(weights, count, scale);
}
__attribute__((target("avx2"))) double CostAvx2(const float* weights, size_t count, float scale) {
  return CostOf(weights, count, scale);
}
__attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=512"))) double CostAvx512(
    const float* weights, size_t count, float scale) {
  return CostOf(weights, count, scale);
}

double RoundingCost(const std::vector<float>& weights, float scale) {
  static const CpuFeatures cpu = CpuFeatures::Host();
  static const auto cost = cpu.avx512 ? CostAvx512 : cpu.avx2 ? CostAvx2 : CostAnywhere;
  return cost(weights.data(), weights.size(), scale);
}

// The scale of least cost for a channel's weights.
float SearchScale(const std::vector<float>& weights, float largest_scale) {
  const ScaleSearch* search = kScaleSearches;
  while (weights.size() > search->most_weights) ++search;
  float best = largest_scale;
  double best_cost = RoundingCost(weights, best);
  const double step = (search->most - search->least) / search->candidates;
  for (int i = 0; i <= search->candidates; ++i) {
    const auto scale = static_cast<float>(largest_scale * (search->least + step * i));
    const double cost = RoundingCost(weights, scale);
    if (cost < best_cost) {
      best_cost = cost;
      best = scale;
    }
  }
  return best;
}

// `scale`, made larger where the bias would exceed `max_bias`; the scale for the bias alone when
// all weights are zero.
float FitBias(float scale, float max_abs, float bias, float input_scale, double max_bias) {
  const double magnitude = std::abs(static_cast<double>(bias)) / input_scale;
  double result = scale;
  if (max_abs == 0 && bias != 0) result = magnitude / kBiasOfZeroChannel;
  return static_cast<float>(std::clamp(std::max(result, magnitude / max_bias),
                                       static_cast<double>(kMinScale),
                                       static_cast<double>(kMaxScale)));
}

// Per channel, the scale that suits its weights.
std::vector<float> ScalesOfChannels(absl::Span<const float> weights, const Blocks& blocks,
                                    const std::vector<float>& max_abs, DataType type) {
  const size_t channels = max_abs.size();
  std::vector<float> scales(channels);
  for (size_t c = 0; c < channels; ++c) scales[c] = SymmetricScale(max_abs[c], type);
  // The rounding errors of 16 bits are not worth a search.
  if (type == DataType::kS16) return scales;
  std::vector<std::vector<float>> by_channel(channels);
  ForEach(blocks, [&](size_t c, size_t i) { by_channel[c].push_back(weights[i]); });
  for (size_t c = 0; c < channels; ++c) {
    if (max_abs[c] > 0) scales[c] = SearchScale(by_channel[c], scales[c]);
  }
  return scales;
}

}  // namespace

absl::StatusOr<QuantizedWeights> QuantizeWeights(absl::Span<const float> weights,
                                                 const Shape& shape, int axis,
                                                 absl::Span<const float> bias, float input_scale,
                                                 const WeightScheme& scheme) {
  if (!AllFinite(weights)) return absl::InvalidArgumentError("a weight is NaN or infinite");
  if (!AllFinite(bias)) return absl::InvalidArgumentError("a bias is NaN or infinite");
  const Blocks blocks = BlocksOf(shape, axis);
  const auto channels = static_cast<size_t>(blocks.channels);
  const auto max_bias = static_cast<double>(MaxBias(blocks.outer * blocks.inner, scheme.input));
  if (max_bias < 0) return absl::InvalidArgumentError("an output sums up too many products");
  std::vector<float> max_abs(channels, 0.0f);
  ForEach(blocks,
          [&](size_t c, size_t i) { max_abs[c] = std::max(max_abs[c], std::abs(weights[i])); });

  QuantizedWeights result;
  std::vector<float> scales(channels);
  if (scheme.granularity == WeightGranularity::kPerTensor) {
    const float largest = channels == 0 ? 0 : *std::max_element(max_abs.begin(), max_abs.end());
    float scale = SymmetricScale(largest, scheme.type);
    for (float b : bias) scale = FitBias(scale, largest, b, input_scale, max_bias);
    std::fill(scales.begin(), scales.end(), scale);
    result.scales = {scale};
  } else {
    scales = ScalesOfChannels(weights, blocks, max_abs, scheme.type);
    for (size_t c = 0; c < bias.size(); ++c) {
      scales[c] = FitBias(scales[c], max_abs[c], bias[c], input_scale, max_bias);
    }
    result.scales = scales;
  }
  result.weights.resize(weights.size());
  const int most = LargestSymmetric(scheme.type);
  ForEach(blocks, [&](size_t c, size_t i) {
    result.weights[i] =
        static_cast<int16_t>(QuantizeValue(weights[i], scales[c], 0, {-most, most}));
  });
  for (float scale : result.scales) result.bias_scales.push_back(input_scale * scale);
  for (size_t c = 0; c < bias.size(); ++c) {
    const double exact =
        static_cast<double>(bias[c]) / (static_cast<double>(input_scale) * scales[c]);
    result.bias.push_back(
        static_cast<int64_t>(std::clamp(std::nearbyint(exact), -max_bias, max_bias)));
  }
  return result;
}

}  // namespace octet

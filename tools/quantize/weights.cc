#include "tools/quantize/weights.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
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

// The scale of a channel with this largest weight and bias; `max_bias` limits the integer of the
// bias.
float ChannelScale(float max_abs, float bias, float input_scale, double max_bias) {
  const double magnitude = std::abs(static_cast<double>(bias)) / input_scale;
  double scale = SymmetricScale(max_abs);
  if (max_abs == 0 && bias != 0) scale = magnitude / kBiasOfZeroChannel;
  return static_cast<float>(std::clamp(std::max(scale, magnitude / max_bias),
                                       static_cast<double>(kMinScale),
                                       static_cast<double>(kMaxScale)));
}

}  // namespace

absl::StatusOr<QuantizedWeights> QuantizeWeights(absl::Span<const float> weights,
                                                 const Shape& shape, int axis,
                                                 absl::Span<const float> bias, float input_scale,
                                                 WeightGranularity granularity) {
  if (!AllFinite(weights)) return absl::InvalidArgumentError("a weight is NaN or infinite");
  if (!AllFinite(bias)) return absl::InvalidArgumentError("a bias is NaN or infinite");
  const Blocks blocks = BlocksOf(shape, axis);
  const auto channels = static_cast<size_t>(blocks.channels);
  const auto max_bias = static_cast<double>(MaxBias(blocks.outer * blocks.inner));
  if (max_bias < 0)
    return absl::InvalidArgumentError("an output sums up too many products for s32");
  std::vector<float> max_abs(channels, 0.0f);
  ForEach(blocks,
          [&](size_t c, size_t i) { max_abs[c] = std::max(max_abs[c], std::abs(weights[i])); });

  QuantizedWeights result;
  std::vector<float> scales(channels);
  if (granularity == WeightGranularity::kPerTensor) {
    const float largest = channels == 0 ? 0 : *std::max_element(max_abs.begin(), max_abs.end());
    float scale = ChannelScale(largest, 0, input_scale, max_bias);
    for (float b : bias) scale = std::max(scale, ChannelScale(largest, b, input_scale, max_bias));
    std::fill(scales.begin(), scales.end(), scale);
    result.scales = {scale};
  } else {
    for (size_t c = 0; c < channels; ++c) {
      scales[c] = ChannelScale(max_abs[c], bias.empty() ? 0 : bias[c], input_scale, max_bias);
    }
    result.scales = scales;
  }
  result.weights.resize(weights.size());
  ForEach(blocks, [&](size_t c, size_t i) {
    result.weights[i] =
        static_cast<int8_t>(QuantizeValue(weights[i], scales[c], 0, {-kMaxWeight, kMaxWeight}));
  });
  for (float scale : result.scales) result.bias_scales.push_back(input_scale * scale);
  for (size_t c = 0; c < bias.size(); ++c) {
    const double exact =
        static_cast<double>(bias[c]) / (static_cast<double>(input_scale) * scales[c]);
    result.bias.push_back(
        static_cast<int32_t>(std::clamp(std::nearbyint(exact), -max_bias, max_bias)));
  }
  return result;
}

}  // namespace octet

#ifndef OCTET_TOOLS_QUANTIZE_WEIGHTS_H_
#define OCTET_TOOLS_QUANTIZE_WEIGHTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/types.h"

namespace octet {

enum class WeightGranularity { kPerChannel, kPerTensor };

struct QuantizedWeights {
  std::vector<int16_t> weights;    // in the order of the real ones
  std::vector<int64_t> bias;       // one per channel; empty without a bias
  std::vector<float> scales;       // one per channel, or one for the tensor
  std::vector<float> bias_scales;  // input_scale * scales, as many
};

// What weights become: kS8 with values of [-127, 127], or kS16 of [-32767, 32767], which takes an
// input of kS16.
struct WeightScheme {
  WeightGranularity granularity = WeightGranularity::kPerChannel;
  DataType type = DataType::kS8;
  DataType input = DataType::kU8;  // of the activations
};

// The symmetric integers of weights, and the bias in units of input_scale * scale. `axis` is the
// dimension of output channels; `bias` has one value per channel or none.
//
// Per tensor, the scale maps the largest weight to the largest integer. Per channel, scales near
// that one are tried for kS8, and the one is taken for which the rounding errors, and their sum,
// are least: the sum shifts the channel's output wherever inputs have a mean, which they have after
// a ReLU. Scales are made larger where the bias would not fit beside the products: in s32, or with
// kS16 inputs in 53 bits. A channel of zeros gets a scale at which its bias keeps 20 bits.
//
// InvalidArgument when a weight or bias is NaN or infinite, or when the products alone may not fit.
absl::StatusOr<QuantizedWeights> QuantizeWeights(absl::Span<const float> weights,
                                                 const Shape& shape, int axis,
                                                 absl::Span<const float> bias, float input_scale,
                                                 const WeightScheme& scheme);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_WEIGHTS_H_

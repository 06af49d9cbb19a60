#ifndef OCTET_TOOLS_QUANTIZE_ROUND_LAYER_H_
#define OCTET_TOOLS_QUANTIZE_ROUND_LAYER_H_

#include <cstdint>
#include <vector>

#include "octet/thread_pool.h"
#include "tools/quantize/layer_matrix.h"
#include "tools/quantize/moments.h"

namespace octet {

// What a layer's weights are rounded for.
struct RoundingTask {
  LayerMatrix matrix;
  std::vector<float> weights;       // [groups, outputs, depth], finite
  std::vector<float> least_scales;  // per output of all groups
  bool per_channel = true;          // else one scale for the layer
  DataType type = DataType::kS8;    // of the integers, or kS16
  bool nearest = false;             // round to nearest; only scales are chosen for the outputs
};

struct RoundedWeights {
  std::vector<int16_t> weights;  // [groups, outputs, depth], symmetric
  std::vector<float> scales;     // one per output, or one
};

// Scales, and unless asked otherwise integers, for which the layer's outputs, but for their mean,
// are close to those with the real weights: least sum of squares over the inputs that `moments`
// describes, which must have a covariance. A scale is the best of several near the one that maps
// the largest weight to the largest integer, and at least the least one. The same bits for any
// number of threads.
RoundedWeights RoundLayer(const RoundingTask& task, const InputMoments& moments, ThreadPool& pool);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_ROUND_LAYER_H_

#ifndef OCTET_TOOLS_QUANTIZE_REFINED_LAYERS_H_
#define OCTET_TOOLS_QUANTIZE_REFINED_LAYERS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "runtime/core/graph.h"

namespace octet {

// The weights that refinement has found for one layer, free of the scale of its input, so that they
// serve wherever the layer multiplies integers.
struct RefinedLayer {
  std::vector<int16_t> weights;  // in the order of the layer's constant
  std::vector<float> scales;     // one per channel, or one
  std::vector<double> bias;      // real values, one per channel; empty without a bias

  friend bool operator==(const RefinedLayer& a, const RefinedLayer& b) {
    return a.weights == b.weights && a.scales == b.scales && a.bias == b.bias;
  }
};

// By index of the node in the float graph.
using RefinedLayers = std::map<int, RefinedLayer>;

// The layers of `integer`, which was made from `real`, that read integers.
RefinedLayers TakeLayers(const Graph& real, const Graph& integer);

// Gives them to another integer graph that was made from `real`, in which each of them may read
// integers of any scale, f32 with DYNAMIC arithmetic, or be float, when it stays as it is. Requires
// the granularity of weights that the layers were taken with.
void PutLayers(const Graph& real, const RefinedLayers& layers, Graph& integer);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_REFINED_LAYERS_H_

#ifndef OCTET_TOOLS_QUANTIZE_RECONSTRUCT_H_
#define OCTET_TOOLS_QUANTIZE_RECONSTRUCT_H_

#include "absl/status/status.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet {

// What is chosen anew of a layer's weights, by RoundLayer.
enum class WeightChoice {
  kNone,         // only biases move
  kCommonScale,  // the scale of weights that have one for all channels: how far they are clipped
  kIntegers,     // scales and integers
};

struct ReconstructOptions {
  WeightChoice weights = WeightChoice::kIntegers;
  bool biases = true;  // of layers whose weights stay, too
  ModelOptions run;
};

// Brings what each layer of `integer` yields close to what the layer of the float network `real`
// that it was made from would yield for the same inputs: those that the integer network has on
// `samples`. Biases take up the mean difference before activation: empirical bias correction (Nagel
// et al. 2019). Scales of activations stay; weights keep one scale or one per channel.
//
// Layers do not make up for errors of those before them. Fitted to the float network's own outputs,
// every layer shrinks its result by the noise in its inputs, as regression does.
absl::Status ReconstructLayers(const Graph& real, Graph& integer, const SampleSource& samples,
                               const ReconstructOptions& options);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_RECONSTRUCT_H_

#ifndef OCTET_TOOLS_QUANTIZE_EQUALIZE_H_
#define OCTET_TOOLS_QUANTIZE_EQUALIZE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/weights.h"

namespace octet {

// Cross-layer equalization (Nagel et al. 2019, "Data-free quantization through weight equalization
// and bias correction"), guided by data. Scales channels of activations between layers, within
// ChannelClasses, by positive factors that the layers' weights take up, so that channels are of
// similar size and a common scale serves them all. The factors are those for which an estimate of
// the noise of quantized weights and activations at the outputs is least (ScaleSearch).
//
// The result computes what `graph` computes on `samples`, up to rounding of f32: where an
// activation is bounded from above (ReLU6), a channel grows at most until its largest value reaches
// the bound, and one that reaches it already stays.
//
// `shapes` has the concrete shape of every tensor.
absl::StatusOr<Graph> EqualizeChannels(const Graph& graph, const std::vector<Shape>& shapes,
                                       const SampleSource& samples, WeightGranularity granularity,
                                       const ModelOptions& options);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_EQUALIZE_H_

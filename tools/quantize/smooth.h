#ifndef OCTET_TOOLS_QUANTIZE_SMOOTH_H_
#define OCTET_TOOLS_QUANTIZE_SMOOTH_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/weights.h"

namespace octet {

struct SmoothOptions {
  // How much of the outliers goes from the activation into the weights, from 0 to 1: alpha.
  double strength = 0.5;
  WeightGranularity weights = WeightGranularity::kPerChannel;
  ModelOptions run;
};

// SmoothQuant (Xiao et al. 2023, "SmoothQuant: Accurate and Efficient Post-Training Quantization
// for Large Language Models"). Channel j of an activation that matrix products with constant
// weights read is divided by s = max|x_j|^strength / max|w_j|^(1 - strength), the weights that it
// meets are multiplied by s: the products' results stay, and neither side has channels that stand
// out much. All products that read an activation (queries, keys and values) share its factors, with
// the largest of their weights. The division is taken up where NodesForFactors allows it, as by the
// gain of a normalization. Where others than those products read the activation, as a residual sum
// does, they keep it, and the products read that of a second normalization. Behind other functions
// that are computed in float, such as GELU, a product with constants is put before the matrix
// products where that helps much.
//
// Where few channels stand out from the others by far, those factors move too much: others are
// tried, too, that bring what exceeds a share of the largest channel down to it, and the rest part
// of the way up. The factors are taken for which an estimate of the noise of quantized activations
// and weights is least; activations for which it hardly falls stay as they are.
//
// The result computes what `graph` does, up to rounding of f32. Its nodes are those of `graph` in
// their order, with second normalizations and products between them. Nothing when there is no
// activation to smooth. `shapes` has the concrete shape of every tensor.
absl::StatusOr<absl::optional<Graph>> SmoothActivations(const Graph& graph,
                                                        const std::vector<Shape>& shapes,
                                                        const SampleSource& samples,
                                                        const SmoothOptions& options);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_SMOOTH_H_

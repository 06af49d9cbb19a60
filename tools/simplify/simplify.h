#ifndef OCTET_TOOLS_SIMPLIFY_SIMPLIFY_H_
#define OCTET_TOOLS_SIMPLIFY_SIMPLIFY_H_

#include "absl/status/status.h"
#include "runtime/core/graph.h"

namespace octet {

// Rewrites a network so that equal networks look equal whatever exporter wrote them, and so
// that what follows a matrix product rides on it: constants are computed, normalizations and biases
// become part of weights, residual sums and activations part of products. The numbers stay those of
// the network within f32 rounding; weights are changed in double and rounded once, to the type they
// have. Quantize and Dequantize nodes become the quantization of
// tensors: see absorb_quantization.h. Runs all passes until none finds anything. The graph must be
// valid, and is valid afterwards.
absl::Status Simplify(Graph& graph);

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_SIMPLIFY_H_

#ifndef OCTET_TOOLS_SIMPLIFY_EVALUATE_H_
#define OCTET_TOOLS_SIMPLIFY_EVALUATE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/core/graph.h"

namespace octet {

// Computes one float operator with the reference kernels. `inputs` are the operator's inputs as
// constants of any float type, null where absent; the result is one nameless f32 constant per
// output. Unimplemented for operators on quantized tensors.
absl::StatusOr<std::vector<Tensor>> EvaluateNode(const Node& node,
                                                 absl::Span<const Tensor* const> inputs);

// Computes a float network: `inputs` are constants, one per graph input. The result is all tensors
// of the graph as constants.
absl::StatusOr<std::vector<Tensor>> EvaluateGraph(const Graph& graph,
                                                  absl::Span<const Tensor> inputs);

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_EVALUATE_H_

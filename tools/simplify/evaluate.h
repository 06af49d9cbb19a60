#ifndef OCTET_TOOLS_SIMPLIFY_EVALUATE_H_
#define OCTET_TOOLS_SIMPLIFY_EVALUATE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/core/graph.h"

namespace octet {

// Computes one operator with the reference kernels. `inputs` are the operator's inputs as constants
// of any type, null where absent; `outputs` say what types and quantization its results have. The
// results are nameless constants. Constants of f16 and bf16 are widened first. InvalidArgument when
// value inputs are not bound or a kernel meets values that it cannot work with; Unimplemented when
// no kernel computes it.
absl::StatusOr<std::vector<Tensor>> EvaluateNode(const Node& node,
                                                 absl::Span<const Tensor* const> inputs,
                                                 absl::Span<const Tensor* const> outputs);

// Computes a network: `inputs` are constants, one per graph input. The result is all tensors of the
// graph as constants. Value inputs of its nodes are bound as they become known.
absl::StatusOr<std::vector<Tensor>> EvaluateGraph(const Graph& graph,
                                                  absl::Span<const Tensor> inputs);

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_EVALUATE_H_

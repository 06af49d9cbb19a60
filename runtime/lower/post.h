#ifndef OCTET_RUNTIME_LOWER_POST_H_
#define OCTET_RUNTIME_LOWER_POST_H_

#include <vector>

#include "absl/types/span.h"
#include "kernels/kernel.h"
#include "runtime/core/graph.h"
#include "runtime/lower/layout.h"

namespace octet {

// Makes functions of one number part of the real Conv or MatMul before them, where nothing else
// reads what is between: Unary operators whose cost is small beside the product, and sums and
// products with a number. Takes their nodes out of the graph and their entries out of `layouts`.
// Returns one entry per remaining node.
std::vector<std::vector<PostFunction>> FusePostFunctions(Graph& graph,
                                                         absl::Span<const Shape> shapes,
                                                         std::vector<NodeLayouts>& layouts);

}  // namespace octet

#endif  // OCTET_RUNTIME_LOWER_POST_H_

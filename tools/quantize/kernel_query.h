#ifndef OCTET_TOOLS_QUANTIZE_KERNEL_QUERY_H_
#define OCTET_TOOLS_QUANTIZE_KERNEL_QUERY_H_

#include <vector>

#include "octet/types.h"
#include "runtime/core/graph.h"
#include "tools/quantize/precision.h"

namespace octet {

// What integer operators hold. DYNAMIC arithmetic takes weights of s8 whatever is said here.
struct TrialTypes {
  DataType activations = DataType::kU8;
  DataType weights = DataType::kS8;
};

// Asks the executor's own kernels whether they run a node of `graph`: with integers of `types`, or
// with DYNAMIC arithmetic and faster than the reference. `shapes` has the concrete shape of every
// tensor of the graph. The graph must outlive the query.
KernelQuery KernelTableQuery(const Graph& graph, std::vector<Shape> shapes,
                             const TrialTypes& types);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_KERNEL_QUERY_H_

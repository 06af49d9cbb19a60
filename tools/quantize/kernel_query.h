#ifndef OCTET_TOOLS_QUANTIZE_KERNEL_QUERY_H_
#define OCTET_TOOLS_QUANTIZE_KERNEL_QUERY_H_

#include <vector>

#include "octet/types.h"
#include "runtime/core/graph.h"
#include "tools/quantize/precision.h"

namespace octet {

// Asks the executor's own kernels whether they run a node of `graph`: with integer activations of
// type `activations`, or with DYNAMIC arithmetic and faster than the reference. `shapes` has the
// concrete shape of every tensor of the graph. The graph must outlive the query.
KernelQuery KernelTableQuery(const Graph& graph, std::vector<Shape> shapes, DataType activations);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_KERNEL_QUERY_H_

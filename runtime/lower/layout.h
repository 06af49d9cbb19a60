#ifndef OCTET_RUNTIME_LOWER_LAYOUT_H_
#define OCTET_RUNTIME_LOWER_LAYOUT_H_

#include <vector>

#include "kernels/kernel.h"
#include "runtime/core/graph.h"

namespace octet {

// Whether a tensor of this shape has the same bytes in every layout.
bool LayoutFree(const Shape& shape);

// How a node sees its operands; one entry per input and output, kPlain for absent and constant
// ones.
struct NodeLayouts {
  std::vector<Layout> inputs;
  std::vector<Layout> outputs;
};

// Chooses a layout for every computed tensor by the operators' layout rules (kernels/kernel.h):
// channels last from the first spatial operator on, row-major at the graph's inputs and outputs.
// Where a reader needs another layout than the tensor has, a Transpose with the identity
// permutation is inserted, once per tensor and layout. `shapes` holds the concrete shape of every
// tensor and grows with the graph. Returns one entry per node of the changed graph.
std::vector<NodeLayouts> AssignLayouts(Graph& graph, std::vector<Shape>& shapes);

}  // namespace octet

#endif  // OCTET_RUNTIME_LOWER_LAYOUT_H_

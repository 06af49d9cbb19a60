#ifndef OCTET_RUNTIME_LOWER_RESOLVE_H_
#define OCTET_RUNTIME_LOWER_RESOLVE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/kernel.h"
#include "runtime/core/graph.h"

namespace octet {

// Which tensors' numbers decide shapes: the value inputs of operators, and all that these are
// computed from, down to the shapes of tensors.
std::vector<bool> NeededValues(const Graph& graph);

// What the kernels that compute these numbers run on.
struct ResolveEnvironment {
  CpuFeatures cpu;
  ThreadPool* pool = nullptr;  // never null
};

// Makes a graph ready to be planned for concrete input shapes: computes the numbers that decide
// shapes and moves them into the options (BindValues), so that all nodes that remain are bound.
// `input_values` has one entry per graph input: its elements where they are known, else an absent
// constant. Tensors of computed numbers become constants of the graph. Returns the shapes of all
// tensors. InvalidArgument names the operator whose shapes do not fit, or whose numbers are not
// known.
absl::StatusOr<std::vector<Shape>> ResolveValues(Graph& graph, absl::Span<const Shape> input_shapes,
                                                 absl::Span<const Constant> input_values,
                                                 const ResolveEnvironment& environment);

}  // namespace octet

#endif  // OCTET_RUNTIME_LOWER_RESOLVE_H_

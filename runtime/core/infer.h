#ifndef OCTET_RUNTIME_CORE_INFER_H_
#define OCTET_RUNTIME_CORE_INFER_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"

namespace octet {

// Shapes of the outputs of `node` for concrete input shapes (entries of absent optional inputs are
// ignored). This is the one place that knows an operator's shape rule and the legal values of its
// options; it accepts any input and never overflows. InvalidArgument names what was found and
// expected, without the node's name, and is the answer where value inputs are not bound.
absl::StatusOr<std::vector<Shape>> InferShapes(const Node& node, absl::Span<const Shape> inputs);

// Shapes of all tensors of the graph when its inputs have the shapes `inputs` (one per graph
// input). Errors name the operator. Checks declared sizes of tensors against the inferred ones.
absl::StatusOr<std::vector<Shape>> InferGraphShapes(const Graph& graph,
                                                    absl::Span<const Shape> inputs);

// The same, but tensors whose shapes depend on elements are left without one.
absl::StatusOr<std::vector<absl::optional<Shape>>> InferKnownShapes(const Graph& graph,
                                                                    absl::Span<const Shape> inputs);

// The graph's input shapes with `symbols_value` in place of every -1.
std::vector<Shape> DefaultInputShapes(const Graph& graph, int64_t symbols_value = 1);

// The sizes of a Split's parts along its axis of `size`: those of the options, or equal ones.
std::vector<int64_t> SplitSizes(const schema::SplitOptionsT& options, int64_t size, size_t parts);

// The elements that a Slice takes along one axis of a tensor, by numpy's rules.
struct SliceRange {
  int64_t start;  // index of the first one
  int64_t step;   // not 0
  int64_t count;
};
// step != 0.
SliceRange ResolveSlice(int64_t size, int64_t start, int64_t end, int64_t step);
// One range per dimension of x.
std::vector<SliceRange> SliceRanges(const schema::SliceOptionsT& options, const Shape& x);

// The scale of a Resize along options.axes[i]: the one given, or that which its sizes stand for.
double ResizeScale(const schema::ResizeOptionsT& options, const Shape& x, size_t i);

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_INFER_H_

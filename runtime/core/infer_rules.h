#ifndef OCTET_RUNTIME_CORE_INFER_RULES_H_
#define OCTET_RUNTIME_CORE_INFER_RULES_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"
#include "runtime/core/infer.h"

// The shape rules behind InferShapes, one function per operator. They may rely on what InferShapes
// has checked: number of inputs and outputs, and that input shapes are concrete and keep
// CheckShape.

namespace octet::infer {

using Shapes = absl::StatusOr<std::vector<Shape>>;

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

Shapes Conv(const Node& node, absl::Span<const Shape> inputs);
Shapes Pool(const Node& node, absl::Span<const Shape> inputs);
Shapes GlobalPool(const Node& node, absl::Span<const Shape> inputs);
Shapes MatMul(const Node& node, absl::Span<const Shape> inputs);
Shapes Binary(const Node& node, absl::Span<const Shape> inputs);
Shapes Unary(const Node& node, absl::Span<const Shape> inputs);
Shapes Concat(const Node& node, absl::Span<const Shape> inputs);
Shapes Split(const Node& node, absl::Span<const Shape> inputs);
Shapes Reshape(const Node& node, absl::Span<const Shape> inputs);
Shapes Transpose(const Node& node, absl::Span<const Shape> inputs);
Shapes Softmax(const Node& node, absl::Span<const Shape> inputs);
Shapes Pad(const Node& node, absl::Span<const Shape> inputs);
Shapes Reduce(const Node& node, absl::Span<const Shape> inputs);
Shapes Where(const Node& node, absl::Span<const Shape> inputs);
Shapes Slice(const Node& node, absl::Span<const Shape> inputs);
Shapes Gather(const Node& node, absl::Span<const Shape> inputs);
Shapes GatherElements(const Node& node, absl::Span<const Shape> inputs);
Shapes GatherND(const Node& node, absl::Span<const Shape> inputs);
Shapes ScatterElements(const Node& node, absl::Span<const Shape> inputs);
Shapes ScatterND(const Node& node, absl::Span<const Shape> inputs);
Shapes Expand(const Node& node, absl::Span<const Shape> inputs);
Shapes Tile(const Node& node, absl::Span<const Shape> inputs);
Shapes DepthToSpace(const Node& node, absl::Span<const Shape> inputs);
Shapes SpaceToDepth(const Node& node, absl::Span<const Shape> inputs);
Shapes ShapeOf(const Node& node, absl::Span<const Shape> inputs);
Shapes Range(const Node& node, absl::Span<const Shape> inputs);
Shapes Arg(const Node& node, absl::Span<const Shape> inputs);
Shapes TopK(const Node& node, absl::Span<const Shape> inputs);
Shapes Cumulate(const Node& node, absl::Span<const Shape> inputs);
Shapes OneHot(const Node& node, absl::Span<const Shape> inputs);
Shapes Trilu(const Node& node, absl::Span<const Shape> inputs);
Shapes ReverseSequence(const Node& node, absl::Span<const Shape> inputs);
Shapes Einsum(const Node& node, absl::Span<const Shape> inputs);
Shapes ConvTranspose(const Node& node, absl::Span<const Shape> inputs);
Shapes Normalization(const Node& node, absl::Span<const Shape> inputs);
Shapes Lrn(const Node& node, absl::Span<const Shape> inputs);
Shapes Resize(const Node& node, absl::Span<const Shape> inputs);
Shapes GridSample(const Node& node, absl::Span<const Shape> inputs);
Shapes RoiAlign(const Node& node, absl::Span<const Shape> inputs);
Shapes Attention(const Node& node, absl::Span<const Shape> inputs);
Shapes Recurrent(const Node& node, absl::Span<const Shape> inputs);

// numpy's broadcast of two shapes.
absl::StatusOr<Shape> Broadcast(absl::Span<const int64_t> a, absl::Span<const int64_t> b);

// min <= max, neither NaN.
absl::Status CheckActivation(float min, float max);
// 0 <= axis < rank.
absl::Status CheckAxis(int axis, const Shape& x);
// Optional inputs of Conv and MatMul: bias [channels] and residual, which has the shape of the
// output.
absl::Status CheckBiasAndResidual(const Node& node, absl::Span<const Shape> inputs,
                                  int64_t channels, const Shape& output);

}  // namespace octet::infer

#endif  // OCTET_RUNTIME_CORE_INFER_RULES_H_

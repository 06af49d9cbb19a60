#ifndef OCTET_RUNTIME_CORE_INFER_RULES_H_
#define OCTET_RUNTIME_CORE_INFER_RULES_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"

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

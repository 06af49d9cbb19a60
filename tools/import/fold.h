#ifndef OCTET_TOOLS_IMPORT_FOLD_H_
#define OCTET_TOOLS_IMPORT_FOLD_H_

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/core/infer.h"
#include "tools/import/array.h"
#include "tools/import/attributes.h"

// Evaluation of ONNX nodes whose inputs are all known. Exporters compute shapes by such chains:
// Shape, Gather, Mul, Concat, Reshape. Floats are computed in double and rounded once per node.

namespace octet::importer {

using octet::ResolveSlice;
using octet::SliceRange;

// Elements that an evaluated tensor may have at most; larger ones are for the graph to compute.
inline constexpr int64_t kMaxFoldedElements = int64_t{1} << 22;
// The same for tensors that are evaluated once per probe.
inline constexpr int64_t kMaxProbedElements = int64_t{1} << 12;

struct FoldContext {
  const onnx::NodeProto& node;
  Attributes& attributes;
  int opset;
  std::vector<const Array*> inputs;      // null: absent
  std::shared_ptr<const OnnxFile> file;  // that the node lies in
  int64_t limit = kMaxFoldedElements;    // elements that a result may have

  const Array* input(size_t i) const { return i < inputs.size() ? inputs[i] : nullptr; }
};

using Folded = absl::StatusOr<std::vector<Array>>;
using FoldFunction = Folded (*)(FoldContext& context);

// The function that evaluates an operator; null for operators that are never part of a shape's
// computation.
FoldFunction FindFold(const std::string& op_type);

// The parts of the table, by file.
FoldFunction FindElementwiseFold(const std::string& op_type);
FoldFunction FindMovementFold(const std::string& op_type);

// An axis counted from 0, of `rank` dimensions.
absl::StatusOr<size_t> NormalizeAxis(int64_t axis, size_t rank);

// The numbers of an attribute in files of opsets below `since`, of input `index` from there on.
// Empty when absent.
std::vector<int64_t> AttributeOrInput(FoldContext& context, const std::string& name, size_t index,
                                      int since);

// Shapes of Reshape, Squeeze and Unsqueeze in ONNX's notation. InvalidArgument when they do not
// fit.
absl::StatusOr<Shape> ReshapedShape(const Shape& shape, absl::Span<const int64_t> target,
                                    bool allow_zero);
absl::StatusOr<Shape> SqueezedShape(const Shape& shape, absl::Span<const int64_t> axes);
absl::StatusOr<Shape> UnsqueezedShape(const Shape& shape, absl::Span<const int64_t> axes);
absl::StatusOr<Shape> FlattenedShape(const Shape& shape, int64_t axis);

// For each element of `to` in row-major order, the index of the element of `from` that broadcasting
// puts there. Requires that `from` broadcasts to `to`.
std::vector<int64_t> BroadcastIndices(const Shape& from, const Shape& to);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_FOLD_H_

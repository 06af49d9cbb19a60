#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/core/operators.h"
#include "tools/import/fold.h"
#include "tools/import/tflite_op.h"

// Operators that rename the dimensions of a tensor but do not touch its elements, and Transpose.

namespace octet::importer {
namespace {

// Input 0 with the shape that `shape_of` makes of its own under each probe. Constants keep their
// bytes.
absl::Status FinishReshape(TfliteOp& op,
                           absl::FunctionRef<absl::StatusOr<Shape>(size_t probe, Shape)> shape_of) {
  TfliteValue& x = op.in(0);
  ProbedShape to;
  for (size_t p = 0; p < kProbes; ++p) {
    absl::StatusOr<Shape> shape = shape_of(p, x.shape()[p]);
    if (!shape.ok()) return shape.status();
    if (absl::Status s = CheckShape(*shape, false); !s.ok()) return s;
    if (NumElements(*shape) != NumElements(x.shape()[p])) {
      return absl::InvalidArgumentError(
          absl::StrCat("makes ", ToString(*shape), " of ", ToString(x.shape()[p])));
    }
    to[p] = *std::move(shape);
  }
  if (x.is_known()) {
    std::vector<Array> arrays = x.value().arrays;
    for (size_t p = 0; p < arrays.size(); ++p) arrays[p].shape = to[p];
    op.Define(0,
              arrays.size() == 1 ? Value::Of(std::move(arrays[0])) : Value::Of(std::move(arrays)),
              Order::kFile);
    op.out().quant = x.quant;
    if (x.quant && x.quant->axis >= 0) {
      return absl::UnimplementedError("reshapes a constant with scales along an axis");
    }
    return absl::OkStatus();
  }
  const absl::StatusOr<TensorId> id = op.Tensor(0, Order::kFile);
  if (!id.ok()) return id.status();
  auto reshape = ReshapeBetween(x.shape(), to);
  if (!reshape.ok()) return reshape.status();
  return op.Finish(*std::move(reshape), {*id}, Order::kFile);
}

absl::Status ImportReshape(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  if (!op.has(1)) {
    const auto options = op.Options<tflite::ReshapeOptions>();
    const std::vector<int64_t> target(options.new_shape.begin(), options.new_shape.end());
    return FinishReshape(op,
                         [&](size_t, const Shape& x) { return ReshapedShape(x, target, true); });
  }
  const TfliteValue& target = op.in(1);
  if (!target.is_known()) {
    return absl::UnimplementedError(absl::StrCat("computes its shape '", target.name,
                                                 "' from tensor elements; shapes that follow from "
                                                 "the sizes of the model's inputs are supported"));
  }
  return FinishReshape(op, [&](size_t p, const Shape& x) {
    return ReshapedShape(x, target.value().array(p).ints(), true);
  });
}

absl::Status ImportSqueeze(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  const auto options = op.Options<tflite::SqueezeOptions>();
  const std::vector<int64_t> axes(options.squeeze_dims.begin(), options.squeeze_dims.end());
  return FinishReshape(op, [&](size_t, const Shape& x) { return SqueezedShape(x, axes); });
}

absl::Status ImportExpandDims(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const absl::StatusOr<int64_t> axis = op.Number(1);
  if (!axis.ok()) return axis.status();
  return FinishReshape(op, [&](size_t, const Shape& x) { return UnsqueezedShape(x, {*axis}); });
}

absl::Status ImportTranspose(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  TfliteValue& x = op.in(0);
  const absl::StatusOr<std::vector<int64_t>> wanted = op.Numbers(1);
  if (!wanted.ok()) return wanted.status();
  std::vector<int64_t> sorted = *wanted;
  std::sort(sorted.begin(), sorted.end());
  bool legal = sorted.size() == x.rank();
  for (size_t d = 0; legal && d < sorted.size(); ++d) legal = sorted[d] == static_cast<int64_t>(d);
  if (!legal) return absl::InvalidArgumentError("has a permutation that is none");
  std::vector<int> permutation;
  for (const int64_t d : *wanted) {
    permutation.push_back(MapAxis(static_cast<int>(d), x.rank(), x.home));
  }
  if (x.is_constant() && !(x.quant && x.quant->axis >= 0)) {
    const Array& array = x.value().arrays[0];
    if (auto s = op.builder.Charge(static_cast<int64_t>(array.data.size())); !s.ok()) return s;
    op.Define(0, Value::Of(Permuted(array, permutation)), Order::kFile);
    op.out().quant = x.quant;
    return absl::OkStatus();
  }
  const absl::StatusOr<TensorId> id = op.Tensor(0, x.home);
  if (!id.ok()) return id.status();
  schema::TransposeOptionsT options;
  options.permutation = std::move(permutation);
  return op.Finish(std::move(options), {*id}, Order::kFile);
}

// The sizes of a tensor, or their number, as numbers.
absl::Status ImportShape(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  const DataType type = op.out().type;
  std::vector<Array> arrays;
  for (const Shape& shape : op.in(0).shape()) {
    const auto rank = static_cast<int64_t>(shape.size());
    arrays.push_back(op.code == tflite::BuiltinOperator::RANK
                         ? Array::OfInts(type, {}, {rank})
                         : Array::OfInts(type, {rank}, absl::MakeConstSpan(shape)));
  }
  op.Define(0, Value::Of(std::move(arrays)), Order::kFile);
  return absl::OkStatus();
}

constexpr TfliteRow kRows[] = {
    {tflite::BuiltinOperator::RESHAPE, ImportReshape},
    {tflite::BuiltinOperator::SQUEEZE, ImportSqueeze},
    {tflite::BuiltinOperator::EXPAND_DIMS, ImportExpandDims},
    {tflite::BuiltinOperator::TRANSPOSE, ImportTranspose},
    {tflite::BuiltinOperator::SHAPE, ImportShape},
    {tflite::BuiltinOperator::RANK, ImportShape},
};

}  // namespace

absl::Span<const TfliteRow> TfliteShapeOps() { return kRows; }

}  // namespace octet::importer

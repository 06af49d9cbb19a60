#include <algorithm>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"

// Operators that rename the dimensions of a tensor but do not touch its elements.

namespace octet::importer {
namespace {

// Emits a Reshape to the shape that `shape_of` gives under each probe.
absl::Status EmitReshape(OpContext& c, absl::FunctionRef<absl::StatusOr<Shape>(size_t)> shape_of) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  ProbedShape to;
  for (size_t p = 0; p < kProbes; ++p) {
    absl::StatusOr<Shape> shape = shape_of(p);
    if (!shape.ok()) return shape.status();
    to[p] = *std::move(shape);
  }
  auto target = GraphBuilder::ReshapeTarget(c.value(0).shape, to);
  if (!target.ok()) return target.status();
  schema::ReshapeOptionsT options;
  options.shape = *std::move(target);
  return c.Finish(std::move(options), {*x});
}

absl::Status ImportReshape(OpContext& c) {
  if (!c.has(0) || !c.has(1)) return absl::InvalidArgumentError("lacks an input");
  if (!c.value(1).is_known()) {
    return absl::UnimplementedError(absl::StrCat("computes its shape '", c.input_name(1),
                                                 "' from tensor elements; shapes that follow from "
                                                 "the sizes of the model's inputs are supported"));
  }
  const bool allow_zero = c.attributes.Int("allowzero", 0) != 0;
  return EmitReshape(c, [&](size_t p) {
    return ReshapedShape(c.value(0).shape[p], c.value(1).array(p).ints(), allow_zero);
  });
}

absl::Status ImportFlatten(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  const int64_t axis = c.attributes.Int("axis", 1);
  return EmitReshape(c, [&](size_t p) { return FlattenedShape(c.value(0).shape[p], axis); });
}

absl::Status ImportSqueeze(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  auto axes = c.Numbers("axes", 1, 13);
  if (!axes.ok()) return axes.status();
  return EmitReshape(c, [&](size_t p) { return SqueezedShape(c.value(0).shape[p], *axes); });
}

absl::Status ImportUnsqueeze(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  auto axes = c.Numbers("axes", 1, 13);
  if (!axes.ok()) return axes.status();
  return EmitReshape(c, [&](size_t p) { return UnsqueezedShape(c.value(0).shape[p], *axes); });
}

absl::Status ImportTranspose(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  schema::TransposeOptionsT options;
  for (const int64_t d : c.attributes.Ints("perm"))
    options.permutation.push_back(static_cast<int>(d));
  const auto rank = static_cast<int>(c.value(0).rank());
  if (options.permutation.empty()) {
    for (int i = rank; i-- > 0;) options.permutation.push_back(i);
  }
  return c.Finish(std::move(options), {*x});
}

// The shape of a tensor, or a range of its dimensions, as numbers.
absl::Status ImportShape(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  const auto rank = static_cast<int64_t>(c.value(0).rank());
  const SliceRange range =
      ResolveSlice(rank, c.attributes.Int("start", 0), c.attributes.Int("end", rank), 1);
  std::vector<Array> arrays;
  for (const Shape& shape : c.value(0).shape) {
    arrays.push_back(Array::Vector(absl::MakeConstSpan(shape).subspan(
        static_cast<size_t>(range.start), static_cast<size_t>(range.count))));
  }
  c.outputs = {Value::Of(std::move(arrays))};
  return absl::OkStatus();
}

absl::Status ImportSize(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  std::vector<Array> arrays;
  for (const Shape& shape : c.value(0).shape) {
    arrays.push_back(Array::OfInts(DataType::kS64, {}, {NumElements(shape)}));
  }
  c.outputs = {Value::Of(std::move(arrays))};
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {"Reshape", ImportReshape},     {"Flatten", ImportFlatten},     {"Squeeze", ImportSqueeze},
    {"Unsqueeze", ImportUnsqueeze}, {"Transpose", ImportTranspose}, {"Shape", ImportShape},
    {"Size", ImportSize},
};

}  // namespace

absl::Span<const OpRow> ShapeOps() { return kRows; }

}  // namespace octet::importer

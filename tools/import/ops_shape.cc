#include <algorithm>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"

// Operators that rename the dimensions of a tensor but do not touch its elements.

namespace octet::importer {

absl::StatusOr<schema::ReshapeOptionsT> ReshapeOptionsFor(const ProbedShape& from,
                                                          const ProbedShape& to) {
  schema::ReshapeOptionsT options;
  for (const int64_t size : to[0]) options.allow_zero = options.allow_zero || size == 0;
  if (!options.allow_zero) {
    auto target = GraphBuilder::ReshapeTarget(from, to);
    if (!target.ok()) return target.status();
    options.shape = *std::move(target);
    return options;
  }
  for (size_t i = 0; i < to[0].size(); ++i) {
    size_t source = 0;
    while (source < from[0].size() && SizeAt(from, source) != SizeAt(to, i)) ++source;
    const bool fixed = IsFixed(SizeAt(to, i));
    if (!fixed && source == from[0].size()) {
      return absl::UnimplementedError("has a size of 0 and others that are open");
    }
    options.shape.push_back(fixed ? to[0][i] : -2 - static_cast<int64_t>(source));
  }
  return options;
}

absl::StatusOr<Value> EmitReshape(OpContext& c, const Value& x, const ProbedShape& to,
                                  absl::FunctionRef<absl::StatusOr<TensorId>()> sizes,
                                  const std::string& node, const std::string& output) {
  if (!HasFixedRank(to)) {
    return absl::UnimplementedError("its rank depends on the sizes of the model's inputs");
  }
  auto options = ReshapeOptionsFor(x.shape, to);
  if (options.ok()) return c.builder.Emit(node, *std::move(options), {x.tensor}, output);
  auto tensor = sizes();
  if (!tensor.ok()) return tensor.status();
  schema::ReshapeOptionsT by_value;
  by_value.allow_zero = true;
  return c.builder.Emit(node, std::move(by_value), {x.tensor, *tensor}, output);
}

absl::StatusOr<TensorId> EmitShapeOf(OpContext& c, TensorId x, size_t begin, size_t end,
                                     const std::string& suffix) {
  schema::ShapeOfOptionsT options;
  options.start = static_cast<int>(begin);
  options.end = static_cast<int>(end);
  absl::StatusOr<Value> shape = c.Step(suffix, std::move(options), {x});
  if (!shape.ok()) return shape.status();
  std::vector<Array> sizes;
  for (const Shape& s : c.builder.shape(x)) {
    sizes.push_back(Array::Vector(absl::MakeConstSpan(s).subspan(begin, end - begin)));
  }
  c.builder.Know(shape->tensor, Value::Of(std::move(sizes)).arrays);
  return shape->tensor;
}

namespace {

using ShapeFunction = absl::FunctionRef<absl::StatusOr<Shape>(size_t)>;

// The shape that `shape_of` gives under each probe.
absl::StatusOr<ProbedShape> UnderProbes(ShapeFunction shape_of) {
  ProbedShape to;
  for (size_t p = 0; p < kProbes; ++p) {
    absl::StatusOr<Shape> shape = shape_of(p);
    if (!shape.ok()) return shape.status();
    to[p] = *std::move(shape);
  }
  return to;
}

absl::Status FinishReshape(OpContext& c, ShapeFunction shape_of,
                           absl::FunctionRef<absl::StatusOr<TensorId>()> sizes) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  auto to = UnderProbes(shape_of);
  if (!to.ok()) return to.status();
  auto value = EmitReshape(c, c.value(0), *to, sizes, c.name, c.node.output(0));
  if (!value.ok()) return value.status();
  c.outputs = {*std::move(value)};
  return absl::OkStatus();
}

absl::StatusOr<TensorId> NoSizes() {
  return absl::UnimplementedError("makes sizes that are known only when the model runs");
}

absl::Status ImportReshape(OpContext& c) {
  if (!c.has(0) || !c.has(1)) return absl::InvalidArgumentError("lacks an input");
  const bool allow_zero = c.attributes.Int("allowzero", 0) != 0;
  Value& shape = c.value(1);
  if (shape.is_known()) {
    const auto shape_of = [&](size_t p) {
      return ReshapedShape(c.value(0).shape[p], shape.array(p).ints(), allow_zero);
    };
    const auto to = UnderProbes(shape_of);
    const auto unusable = [&] { return c.builder.TensorOf(shape, c.input_name(1)); };
    if (to.ok() && (ReshapeOptionsFor(c.value(0).shape, *to).ok() || !HasFixedRank(*to))) {
      return FinishReshape(c, shape_of, unusable);
    }
  }
  // What the source says, to be resolved when the model runs.
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  schema::ReshapeOptionsT options;
  options.allow_zero = allow_zero;
  if (shape.is_constant()) {
    options.shape = shape.arrays[0].ints();
    for (const int64_t size : options.shape) {
      if (size < -1) return absl::InvalidArgumentError(absl::StrCat("reshapes to size ", size));
    }
    return c.Finish(std::move(options), {*x});
  }
  absl::StatusOr<TensorId> sizes = c.Tensor(1);
  if (!sizes.ok()) return sizes.status();
  return c.Finish(std::move(options), {*x, *sizes});
}

// The product of the sizes of dimensions [begin, end) of x, as a vector of one.
absl::StatusOr<TensorId> SizeProduct(OpContext& c, TensorId x, size_t begin, size_t end,
                                     bool keep_dims, const std::string& suffix) {
  auto sizes = EmitShapeOf(c, x, begin, end, suffix + "_sizes");
  if (!sizes.ok()) return sizes.status();
  schema::ReduceOptionsT product;
  product.kind = schema::ReduceKind::PRODUCT;
  product.axes = {0};
  product.keep_dims = keep_dims;
  auto value = c.Step(suffix, std::move(product), {*sizes});
  if (!value.ok()) return value.status();
  std::vector<Array> arrays;
  for (const Shape& shape : c.builder.shape(x)) {
    const int64_t elements = NumElements(
        Shape(shape.begin() + static_cast<long>(begin), shape.begin() + static_cast<long>(end)));
    arrays.push_back(Array::OfInts(DataType::kS64, keep_dims ? Shape{1} : Shape{}, {elements}));
  }
  c.builder.Know(value->tensor, Value::Of(std::move(arrays)).arrays);
  return value->tensor;
}

absl::Status ImportFlatten(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const int64_t axis = c.attributes.Int("axis", 1);
  const size_t rank = c.value(0).rank();
  const auto sizes = [&]() -> absl::StatusOr<TensorId> {
    const auto split = static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
    std::vector<TensorId> parts;
    for (const auto& [begin, end] : {std::make_pair(size_t{0}, split), {split, rank}}) {
      auto part = SizeProduct(c, *x, begin, end, true, absl::StrCat("dim", parts.size()));
      if (!part.ok()) return part.status();
      parts.push_back(*part);
    }
    auto joined = c.Step("sizes", schema::ConcatOptionsT(), parts);
    if (!joined.ok()) return joined.status();
    std::vector<Array> arrays;
    for (const Shape& shape : c.value(0).shape) {
      arrays.push_back(Array::Vector(*FlattenedShape(shape, axis)));
    }
    c.builder.Know(joined->tensor, Value::Of(std::move(arrays)).arrays);
    return joined->tensor;
  };
  return FinishReshape(
      c, [&](size_t p) { return FlattenedShape(c.value(0).shape[p], axis); }, sizes);
}

absl::Status ImportSqueeze(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  auto axes = c.Numbers("axes", 1, 13);
  if (!axes.ok()) return axes.status();
  return FinishReshape(
      c, [&](size_t p) { return SqueezedShape(c.value(0).shape[p], *axes); }, NoSizes);
}

absl::Status ImportUnsqueeze(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  auto axes = c.Numbers("axes", 1, 13);
  if (!axes.ok()) return axes.status();
  return FinishReshape(
      c, [&](size_t p) { return UnsqueezedShape(c.value(0).shape[p], *axes); }, NoSizes);
}

absl::Status ImportTranspose(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const auto rank = static_cast<int>(c.value(0).rank());
  schema::TransposeOptionsT options;
  for (const int64_t d : c.attributes.Ints("perm")) {
    if (d < 0 || d >= rank) {
      return absl::InvalidArgumentError(absl::StrCat("attribute 'perm' names dimension ", d));
    }
    options.permutation.push_back(static_cast<int>(d));
  }
  if (options.permutation.empty()) {
    for (int i = rank; i-- > 0;) options.permutation.push_back(i);
  }
  return c.Finish(std::move(options), {*x});
}

// The shape of a tensor, or a range of its dimensions: as numbers, and as a tensor where these are
// open.
absl::Status ImportShape(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  const auto rank = static_cast<int64_t>(c.value(0).rank());
  const SliceRange range =
      ResolveSlice(rank, c.attributes.Int("start", 0), c.attributes.Int("end", rank), 1);
  const auto start = static_cast<size_t>(range.start), count = static_cast<size_t>(range.count);
  std::vector<Array> arrays;
  for (const Shape& shape : c.value(0).shape) {
    arrays.push_back(Array::Vector(absl::MakeConstSpan(shape).subspan(start, count)));
  }
  Value value = Value::Of(std::move(arrays));
  if (absl::StatusOr<TensorId> x = c.Tensor(0); !value.is_constant() && x.ok()) {
    schema::ShapeOfOptionsT options;
    options.start = static_cast<int>(start);
    options.end = static_cast<int>(start + count);
    if (absl::Status s = c.Finish(std::move(options), {*x}); !s.ok()) return s;
    value.tensor = c.outputs[0].tensor;
    c.builder.Know(value.tensor, value.arrays);
  }
  c.outputs = {value};
  return absl::OkStatus();
}

absl::Status ImportSize(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  std::vector<Array> arrays;
  for (const Shape& shape : c.value(0).shape) {
    arrays.push_back(Array::OfInts(DataType::kS64, {}, {NumElements(shape)}));
  }
  Value value = Value::Of(std::move(arrays));
  if (absl::StatusOr<TensorId> x = c.Tensor(0); !value.is_constant() && x.ok()) {
    auto product = SizeProduct(c, *x, 0, c.value(0).rank(), false, "elements");
    if (!product.ok()) return product.status();
    value.tensor = *product;
  }
  c.outputs = {value};
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {"Flatten", ImportFlatten, 1, ""},
    {"Reshape", ImportReshape, 5, "the rank must be fixed"},
    {"Shape", ImportShape, 1, ""},
    {"Size", ImportSize, 1, ""},
    {"Squeeze", ImportSqueeze, 1, "constant axes; without axes, open sizes are not taken for 1"},
    {"Transpose", ImportTranspose, 1, ""},
    {"Unsqueeze", ImportUnsqueeze, 1, "constant axes"},
};

}  // namespace

absl::Span<const OpRow> ShapeOps() { return kRows; }

}  // namespace octet::importer

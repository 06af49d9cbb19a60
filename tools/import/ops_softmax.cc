#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Softmax, LogSoftmax and Hardmax.

namespace octet::importer {
namespace {

absl::StatusOr<TensorId> NoSizes() {
  return absl::UnimplementedError("flattens sizes that are known only when the model runs");
}

// What the operator does along one dimension.
absl::StatusOr<Value> Along(OpContext& c, const Value& x, size_t axis, const std::string& node,
                            const std::string& output) {
  const std::string& op = c.node.op_type();
  if (op != "Hardmax") {
    schema::SoftmaxOptionsT options;
    options.axis = static_cast<int>(axis);
    options.log = op == "LogSoftmax";
    return c.builder.Emit(node, std::move(options), {x.tensor}, output);
  }
  // 1 where the first maximum is.
  if (!x.fixed(axis)) {
    return absl::UnimplementedError(
        "looks for the maximum along a size that is known only when the model runs");
  }
  schema::ArgOptionsT first;
  first.axis = static_cast<int>(axis);
  first.keep_dims = false;
  auto index = c.Step("index", std::move(first), {x.tensor});
  if (!index.ok()) return index.status();
  const TensorId values = c.Constant("off_on", Array::OfDoubles(DataType::kF32, {2}, {0.0, 1.0}));
  schema::OneHotOptionsT options;
  options.axis = static_cast<int>(axis);
  options.depth = x.shape[0][axis];
  return c.builder.Emit(node, std::move(options), {index->tensor, values}, output);
}

// Opset 12 and before: over all dimensions from `axis` on, as one.
absl::Status Flattened(OpContext& c, size_t axis) {
  const Value& x = c.value(0);
  ProbedShape flat;
  for (size_t p = 0; p < kProbes; ++p) {
    auto shape = FlattenedShape(x.shape[p], static_cast<int64_t>(axis));
    if (!shape.ok()) return shape.status();
    flat[p] = *shape;
  }
  auto rows =
      EmitReshape(c, x, flat, NoSizes, c.Intermediate("flatten"), c.Intermediate("flatten"));
  if (!rows.ok()) return rows.status();
  auto result = Along(c, *rows, 1, c.Intermediate("rows"), c.Intermediate("rows"));
  if (!result.ok()) return result.status();
  const auto sizes = [&] { return EmitShapeOf(c, x.tensor, 0, x.rank(), "shape"); };
  auto back = EmitReshape(c, *result, x.shape, sizes, c.name, c.node.output(0));
  if (!back.ok()) return back.status();
  c.outputs = {*std::move(back)};
  return absl::OkStatus();
}

absl::Status ImportSoftmax(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  Value& value = c.value(0);
  const auto axis = NormalizeAxis(c.attributes.Int("axis", c.opset < 13 ? 1 : -1), value.rank());
  if (!axis.ok()) return axis.status();
  // Where only one of the dimensions from `axis` on is not 1, it alone is the axis.
  size_t wide = *axis;
  int count = 0;
  for (size_t i = *axis; i < value.rank() && c.opset < 13; ++i) {
    if (value.fixed(i) && value.shape[0][i] == 1) continue;
    wide = i;
    ++count;
  }
  if (count > 1) return Flattened(c, *axis);
  auto result = Along(c, value, wide, c.name, c.node.output(0));
  if (!result.ok()) return result.status();
  c.outputs = {*std::move(result)};
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {"Hardmax", ImportSoftmax, 1, "along a fixed size"},
    {"LogSoftmax", ImportSoftmax, 1, ""},
    {"Softmax", ImportSoftmax, 1, ""},
};

}  // namespace

absl::Span<const OpRow> SoftmaxOps() { return kRows; }

}  // namespace octet::importer

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/graph_importer.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Operators that join, cut, repeat or make tensors.

namespace octet::importer {
namespace {

absl::Status ImportConcat(OpContext& c) {
  auto inputs = c.Tensors(c.inputs.size());
  if (!inputs.ok()) return inputs.status();
  if (inputs->empty()) return absl::InvalidArgumentError("has no inputs");
  const auto axis = NormalizeAxis(c.attributes.Int("axis", 1), c.value(0).rank());
  if (!axis.ok()) return axis.status();
  schema::ConcatOptionsT options;
  options.axis = static_cast<int>(*axis);
  return c.Finish(std::move(options), *std::move(inputs));
}

// Sizes of the parts of a dimension of `size`: given, or equal but for a smaller last one.
absl::StatusOr<std::vector<int64_t>> FixedSplitSizes(OpContext& c, int64_t size, int64_t parts) {
  absl::StatusOr<std::vector<int64_t>> sizes = c.Numbers("split", 1, 13);
  if (!sizes.ok()) return sizes.status();
  if (sizes->empty()) {
    const int64_t part = (size + parts - 1) / parts;
    for (int64_t left = size; static_cast<int64_t>(sizes->size()) < parts; left -= part) {
      sizes->push_back(std::max<int64_t>(std::min(part, left), 0));
    }
  }
  return sizes;
}

absl::Status ImportSplit(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const auto axis = NormalizeAxis(c.attributes.Int("axis", 0), c.value(0).rank());
  if (!axis.ok()) return axis.status();
  const int parts = c.node.output_size();
  const int64_t declared = c.attributes.Int("num_outputs", parts);
  if (declared != parts) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", parts, " outputs, but num_outputs is ", declared));
  }
  schema::SplitOptionsT options;
  options.axis = static_cast<int>(*axis);
  if (c.opset >= 13 && c.IsOpen(1)) {
    absl::StatusOr<TensorId> sizes = c.Tensor(1);
    if (!sizes.ok()) return sizes.status();
    return c.FinishMany(parts, std::move(options), {*x, *sizes});
  }
  // Equal parts of a size that is open follow when the model runs.
  const bool given = c.opset < 13 ? c.attributes.Has("split") : c.has(1);
  if (given || c.value(0).fixed(*axis)) {
    auto sizes = FixedSplitSizes(c, c.value(0).shape[0][*axis], parts);
    if (!sizes.ok()) return sizes.status();
    if (static_cast<int>(sizes->size()) != parts) {
      return absl::InvalidArgumentError(
          absl::StrCat("has ", parts, " outputs for ", sizes->size(), " parts"));
    }
    options.sizes = *std::move(sizes);
  }
  return c.FinishMany(parts, std::move(options), {*x});
}

absl::Status ImportExpand(OpContext& c) {
  auto inputs = c.Tensors(1);
  if (!inputs.ok()) return inputs.status();
  if (!c.has(1)) return absl::InvalidArgumentError("lacks its shape");
  schema::ExpandOptionsT options;
  if (c.value(1).is_constant()) {
    options.shape = c.value(1).arrays[0].ints();
    inputs->pop_back();
  }
  return c.Finish(std::move(options), *std::move(inputs));
}

absl::Status ImportTile(OpContext& c) {
  auto inputs = c.Tensors(2);
  if (!inputs.ok()) return inputs.status();
  schema::TileOptionsT options;
  if (c.value(1).is_constant()) {
    options.repeats = c.value(1).arrays[0].ints();
    inputs->pop_back();
  }
  return c.Finish(std::move(options), *std::move(inputs));
}

absl::Status ImportWhere(OpContext& c) {
  auto inputs = c.Tensors(3);
  if (!inputs.ok()) return inputs.status();
  return c.Finish(schema::WhereOptionsT(), *std::move(inputs));
}

// One number, repeated as often as the shape says.
absl::Status ImportConstantOfShape(OpContext& c) {
  absl::StatusOr<TensorId> shape = c.Tensor(0);
  if (!shape.ok()) return shape.status();
  Array value = Array::OfDoubles(DataType::kF32, {}, {0.0});
  if (const onnx::TensorProto* tensor = c.attributes.Tensor("value")) {
    auto array = DecodeTensor(*tensor, c.importer.job().file);
    if (!array.ok()) return array.status();
    if (NumElements(array->shape) != 1) {
      return absl::InvalidArgumentError("attribute 'value' must hold one element");
    }
    value = *std::move(array);
    value.shape = {};
  }
  const TensorId number = c.Constant("value", value);
  if (c.value(0).is_constant()) {
    schema::ExpandOptionsT options;
    options.shape = c.value(0).arrays[0].ints();
    return c.Finish(std::move(options), {number}, value.type);
  }
  return c.Finish(schema::ExpandOptionsT(), {number, *shape}, value.type);
}

absl::Status ImportRange(OpContext& c) {
  c.attributes.Ignore("stash_type");
  auto inputs = c.Tensors(3);
  if (!inputs.ok()) return inputs.status();
  return c.Finish(schema::RangeOptionsT(), *std::move(inputs), c.value(0).type);
}

// Ones on the k-th diagonal: where the column less the row is k.
absl::Status ImportEyeLike(OpContext& c) {
  if (!c.has(0) || c.value(0).rank() != 2) {
    return absl::InvalidArgumentError("needs a tensor of 2 dimensions");
  }
  const int onnx_type = static_cast<int>(c.attributes.Int("dtype", 0));
  const DataType type = onnx_type == 0 ? c.value(0).type : TypeOfOnnx(onnx_type);
  const int64_t k = c.attributes.Int("k", 0);
  if (type == DataType::kUnknown) {
    return absl::UnimplementedError(absl::StrCat("makes elements of ", NameOfOnnxType(onnx_type)));
  }
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  TensorId indices[2];
  for (size_t i = 0; i < 2; ++i) {
    auto size = EmitShapeOf(c, *x, i, i + 1, absl::StrCat("size", i));
    if (!size.ok()) return size.status();
    const TensorId zero = c.Number("zero", DataType::kS64, 0.0);
    const TensorId one = c.Number("one", DataType::kS64, 1.0);
    auto range = c.Step(absl::StrCat("index", i), schema::RangeOptionsT(), {zero, *size, one},
                        DataType::kS64);
    if (!range.ok()) return range.status();
    indices[i] = range->tensor;
  }
  schema::ReshapeOptionsT column;
  column.shape = {-1, 1};
  auto rows = c.Step("rows", std::move(column), {indices[0]});
  if (!rows.ok()) return rows.status();
  const TensorId shift = c.Number("k", DataType::kS64, static_cast<double>(k));
  auto shifted = c.Step("shifted", Binary(schema::BinaryKind::ADD), {rows->tensor, shift});
  if (!shifted.ok()) return shifted.status();
  auto equal = c.Step("diagonal", Binary(schema::BinaryKind::EQUAL), {shifted->tensor, indices[1]});
  if (!equal.ok()) return equal.status();
  if (type == DataType::kBool) {
    c.outputs = {*equal};
    return absl::OkStatus();
  }
  return c.Finish(schema::CastOptionsT(), {equal->tensor}, type);
}

constexpr OpRow kRows[] = {
    {"Concat", ImportConcat, 1, ""}, {"ConstantOfShape", ImportConstantOfShape, 9, ""},
    {"Expand", ImportExpand, 8, ""}, {"EyeLike", ImportEyeLike, 9, ""},
    {"Range", ImportRange, 11, ""},  {"Split", ImportSplit, 1, ""},
    {"Tile", ImportTile, 6, ""},     {"Where", ImportWhere, 9, ""},
};

}  // namespace

absl::Span<const OpRow> DataOps() { return kRows; }

}  // namespace octet::importer

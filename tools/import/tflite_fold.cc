#include "tools/import/tflite_fold.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"

namespace octet::importer {
namespace {

using Code = tflite::BuiltinOperator;

// Shapes and what is computed of them are short.
constexpr int64_t kMaxElements = 1 << 16;

// The arrays of one operand under each probe: one that is the same for all, or kProbes.
using Arrays = std::vector<Array>;

const Array& At(const Arrays& arrays, size_t probe) {
  return arrays[arrays.size() == 1 ? 0 : probe];
}

// Evaluates an operator that means the same in ONNX (operator set 13) with that importer's
// function.
absl::StatusOr<Arrays> Apply(const char* onnx_op, const std::vector<Arrays>& operands,
                             const std::function<void(onnx::NodeProto&)>& describe = {}) {
  onnx::NodeProto node;
  node.set_op_type(onnx_op);
  if (describe) describe(node);
  Attributes attributes(node);
  const FoldFunction fold = FindFold(onnx_op);
  if (fold == nullptr) return absl::UnimplementedError("computes with numbers known at import");
  const bool constant =
      std::all_of(operands.begin(), operands.end(), [](const Arrays& a) { return a.size() == 1; });
  Arrays results;
  for (size_t p = 0; p < (constant ? 1 : kProbes); ++p) {
    FoldContext context{node, attributes, 13, {}, nullptr};
    for (const Arrays& arrays : operands) context.inputs.push_back(&At(arrays, p));
    Folded folded = fold(context);
    if (!folded.ok()) return folded.status();
    if (folded->size() != 1) return absl::UnimplementedError("has several outputs");
    results.push_back(std::move((*folded)[0]));
  }
  return results;
}

void SetInt(onnx::NodeProto& node, const char* name, int64_t value) {
  onnx::AttributeProto* attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

Arrays Ints(const std::vector<int64_t>& values) { return {Array::Vector(values)}; }

absl::StatusOr<Arrays> FoldStridedSlice(TfliteOp& op, const std::vector<Arrays>& in) {
  absl::StatusOr<StridedSlice> slice = ReadStridedSlice(op);
  if (!slice.ok()) return slice.status();
  std::vector<int64_t> axes, vanishing;
  for (size_t d = 0; d < slice->begin.size(); ++d) {
    axes.push_back(static_cast<int64_t>(d));
    if (slice->shrinks[d]) vanishing.push_back(static_cast<int64_t>(d));
  }
  auto taken =
      Apply("Slice", {in[0], Ints(slice->begin), Ints(slice->end), Ints(axes), Ints(slice->step)});
  if (!taken.ok() || vanishing.empty()) return taken;
  return Apply("Squeeze", {*taken, Ints(vanishing)});
}

absl::StatusOr<Arrays> FoldSlice(TfliteOp& op, const std::vector<Arrays>& in) {
  const absl::StatusOr<PlainSlice> slice = ReadSlice(op);
  if (!slice.ok()) return slice.status();
  return Apply("Slice", {in[0], Ints(slice->begin), Ints(slice->end)});
}

absl::StatusOr<Arrays> FoldPack(TfliteOp& op, const std::vector<Arrays>& in) {
  const auto axis = TfliteAxis(op.Options<tflite::PackOptions>().axis, op.in(0).rank() + 1);
  if (!axis.ok()) return axis.status();
  std::vector<Arrays> parts;
  for (const Arrays& part : in) {
    auto wide = Apply("Unsqueeze", {part, Ints({*axis})});
    if (!wide.ok()) return wide;
    parts.push_back(*std::move(wide));
  }
  return Apply("Concat", parts, [&](onnx::NodeProto& node) { SetInt(node, "axis", *axis); });
}

absl::StatusOr<Arrays> FoldFill(TfliteOp&, const std::vector<Arrays>& in) {
  if (in.size() != 2) return absl::InvalidArgumentError("expected 2 inputs");
  return Apply("Expand", {in[1], in[0]});
}

absl::StatusOr<Arrays> FoldConcat(TfliteOp& op, const std::vector<Arrays>& in) {
  const int axis = op.Options<tflite::ConcatenationOptions>().axis;
  return Apply("Concat", in, [&](onnx::NodeProto& node) { SetInt(node, "axis", axis); });
}

absl::StatusOr<Arrays> FoldGather(TfliteOp& op, const std::vector<Arrays>& in) {
  const auto options = op.Options<tflite::GatherOptions>();
  if (options.batch_dims != 0) return absl::UnimplementedError("has batch_dims");
  return Apply("Gather", in, [&](onnx::NodeProto& node) { SetInt(node, "axis", options.axis); });
}

absl::StatusOr<Arrays> FoldProduct(TfliteOp& op, const std::vector<Arrays>& in) {
  const auto axes = op.Numbers(1);
  if (!axes.ok()) return axes.status();
  return Apply("ReduceProd", {in[0]}, [&](onnx::NodeProto& node) {
    SetInt(node, "keepdims", op.Options<tflite::ReducerOptions>().keep_dims ? 1 : 0);
    onnx::AttributeProto* attribute = node.add_attribute();
    attribute->set_name("axes");
    attribute->set_type(onnx::AttributeProto::INTS);
    for (const int64_t axis : *axes) attribute->add_ints(axis);
  });
}

// Quotients that round down; those of C round towards 0, which is the same for sizes.
absl::StatusOr<Arrays> FoldFloorDiv(TfliteOp&, const std::vector<Arrays>& in) {
  for (const Arrays& arrays : in) {
    for (const Array& array : arrays) {
      const std::vector<int64_t> values = array.ints();
      if (std::any_of(values.begin(), values.end(), [](int64_t v) { return v < 0; })) {
        return absl::UnimplementedError("divides negative numbers");
      }
    }
  }
  return Apply("Div", in);
}

// A Cast between integers; other types do not occur in shapes.
absl::StatusOr<Arrays> FoldCast(TfliteOp& op, const std::vector<Arrays>& in) {
  Arrays results;
  for (const Array& array : in[0]) {
    results.push_back(Array::OfInts(op.out().type, array.shape, array.ints()));
  }
  return results;
}

struct SameRow {
  Code code;
  const char* onnx;
};

// Operators with the same inputs, and no options that matter.
constexpr SameRow kSame[] = {
    {Code::ADD, "Add"},       {Code::SUB, "Sub"},
    {Code::MUL, "Mul"},       {Code::DIV, "Div"},
    {Code::MINIMUM, "Min"},   {Code::MAXIMUM, "Max"},
    {Code::FLOOR_MOD, "Mod"}, {Code::EQUAL, "Equal"},
    {Code::LESS, "Less"},     {Code::GREATER, "Greater"},
    {Code::SELECT, "Where"},  {Code::SELECT_V2, "Where"},
    {Code::RANGE, "Range"},   {Code::EXPAND_DIMS, "Unsqueeze"},
};

struct FoldRow {
  Code code;
  size_t operands;
  absl::StatusOr<Arrays> (*function)(TfliteOp& op, const std::vector<Arrays>& in);
};

constexpr FoldRow kRows[] = {
    {Code::STRIDED_SLICE, 4, FoldStridedSlice},
    {Code::SLICE, 3, FoldSlice},
    {Code::PACK, 1, FoldPack},
    {Code::FILL, 2, FoldFill},
    {Code::CONCATENATION, 1, FoldConcat},
    {Code::GATHER, 2, FoldGather},
    {Code::REDUCE_PROD, 2, FoldProduct},
    {Code::CAST, 1, FoldCast},
    {Code::FLOOR_DIV, 2, FoldFloorDiv},
};

absl::StatusOr<Arrays> Fold(TfliteOp& op, const std::vector<Arrays>& in) {
  for (const FoldRow& row : kRows) {
    if (row.code == op.code && in.size() >= row.operands) return row.function(op, in);
  }
  for (const SameRow& row : kSame) {
    if (row.code == op.code) return Apply(row.onnx, in);
  }
  return absl::UnimplementedError("computes with numbers known at import");
}

}  // namespace

absl::StatusOr<Value> FoldTflite(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  std::vector<Arrays> operands;
  for (const TfliteValue* value : op.inputs) {
    if (value == nullptr || value->quant) {
      return absl::UnimplementedError("computes with quantized numbers");
    }
    for (const Shape& shape : value->shape()) {
      if (NumElements(shape) > kMaxElements) {
        return absl::UnimplementedError("computes with large constants");
      }
    }
    operands.push_back(value->value().arrays);
  }
  absl::StatusOr<Arrays> results = Fold(op, operands);
  if (!results.ok()) return results.status();
  for (const Array& array : *results) {
    if (array.shape.size() != (*results)[0].shape.size()) {
      return absl::UnimplementedError("makes a tensor whose rank depends on the model's inputs");
    }
  }
  return results->size() == 1 ? Value::Of(std::move((*results)[0]))
                              : Value::Of(*std::move(results));
}

absl::StatusOr<PlainSlice> ReadSlice(const TfliteOp& op) {
  const auto begin = op.Numbers(1), size = op.Numbers(2);
  if (!begin.ok()) return begin.status();
  if (!size.ok()) return size.status();
  const size_t rank = op.in(0).rank();
  if (begin->size() != rank || size->size() != rank) {
    return absl::InvalidArgumentError("begin and size must have one entry per dimension");
  }
  PlainSlice slice;
  for (size_t d = 0; d < rank; ++d) {
    const int64_t from = (*begin)[d], count = (*size)[d];
    if (from < 0 || count < -1 || from > std::numeric_limits<int32_t>::max() ||
        count > std::numeric_limits<int32_t>::max()) {
      return absl::InvalidArgumentError(absl::StrCat("takes ", count, " elements from ", from));
    }
    slice.begin.push_back(from);
    slice.end.push_back(count == -1 ? std::numeric_limits<int32_t>::max() : from + count);
  }
  return slice;
}

absl::StatusOr<StridedSlice> ReadStridedSlice(const TfliteOp& op) {
  const auto options = op.Options<tflite::StridedSliceOptions>();
  if (options.ellipsis_mask != 0 || options.new_axis_mask != 0 || options.offset) {
    return absl::UnimplementedError("has an ellipsis_mask, a new_axis_mask or offset");
  }
  const auto begin = op.Numbers(1), end = op.Numbers(2), step = op.Numbers(3);
  for (const auto* numbers : {&begin, &end, &step}) {
    if (!numbers->ok()) return numbers->status();
  }
  const size_t given = begin->size();
  if (given > op.in(0).rank() || end->size() != given || step->size() != given) {
    return absl::InvalidArgumentError("begin, end and strides must have an entry per dimension");
  }
  constexpr int64_t kFar = std::numeric_limits<int32_t>::max();
  StridedSlice slice;
  for (size_t d = 0; d < op.in(0).rank(); ++d) {
    const auto has = [&](int mask) { return d < given && ((mask >> d) & 1) != 0; };
    const int64_t by = d < given ? (*step)[d] : 1;
    if (by == 0) return absl::InvalidArgumentError("has a stride of 0");
    const bool shrinks = has(options.shrink_axis_mask);
    int64_t from = d < given ? (*begin)[d] : 0, to = d < given ? (*end)[d] : kFar;
    if (has(options.begin_mask)) from = by > 0 ? 0 : kFar;
    if (has(options.end_mask)) to = by > 0 ? kFar : -kFar;
    // One element: the last one ends where the dimension does, which -1 + 1 would not say.
    if (shrinks) to = from == -1 ? kFar : from + 1;
    slice.begin.push_back(from);
    slice.end.push_back(to);
    slice.step.push_back(shrinks ? 1 : by);
    slice.shrinks.push_back(shrinks);
  }
  return slice;
}

}  // namespace octet::importer

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/infer_rules.h"
#include "tools/import/fold.h"
#include "tools/simplify/constants.h"

// Operators that make tensors or move elements, and reductions.

namespace octet::importer {
namespace {

std::vector<Array> One(Array array) {
  std::vector<Array> result;
  result.push_back(std::move(array));
  return result;
}

absl::Status LacksInput() { return absl::InvalidArgumentError("lacks an input"); }

absl::Status CheckSize(const FoldContext& c, const Shape& shape) {
  const int64_t elements = CheckedElements(shape);
  if (elements >= 0 && elements <= c.limit) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("makes a constant of ", ToString(shape), ", which is too large"));
}

// The elements of `x` at `indices`, in that order.
Array Pick(const Array& x, Shape shape, const std::vector<int64_t>& indices) {
  const size_t size = SizeOf(x.type);
  std::vector<uint8_t> bytes(indices.size() * size);
  for (size_t i = 0; i < indices.size(); ++i) {
    std::memcpy(bytes.data() + i * size, x.data.data() + static_cast<size_t>(indices[i]) * size,
                size);
  }
  return {x.type, std::move(shape), Constant::Own(std::move(bytes))};
}

// Row-major indices of the sub-box that starts at `starts` and walks in `steps`.
std::vector<int64_t> BoxIndices(const Shape& from, const Shape& starts, const Shape& steps,
                                const Shape& counts) {
  std::vector<int64_t> indices = {0};
  for (size_t d = 0; d < from.size(); ++d) {
    std::vector<int64_t> next;
    next.reserve(indices.size() * static_cast<size_t>(counts[d]));
    for (const int64_t base : indices) {
      for (int64_t i = 0; i < counts[d]; ++i) {
        next.push_back(base * from[d] + starts[d] + i * steps[d]);
      }
    }
    indices = std::move(next);
  }
  return indices;
}

Folded FoldConstant(FoldContext& c) {
  Attributes& a = c.attributes;
  if (const onnx::TensorProto* tensor = a.Tensor("value")) {
    auto array = DecodeTensor(*tensor, c.file);
    if (!array.ok()) return array.status();
    return One(*std::move(array));
  }
  if (a.Has("value_float")) {
    return One(
        Array::OfDoubles(DataType::kF32, {}, {static_cast<double>(a.Float("value_float", 0))}));
  }
  if (a.Has("value_int")) return One(Array::OfInts(DataType::kS64, {}, {a.Int("value_int", 0)}));
  if (a.Has("value_ints")) return One(Array::Vector(a.Ints("value_ints")));
  if (a.Has("value_floats")) {
    const std::vector<float> floats = a.Floats("value_floats");
    return One(
        {DataType::kF32, {static_cast<int64_t>(floats.size())}, Constant::Of<float>(floats)});
  }
  return absl::UnimplementedError(
      "is neither a tensor nor numbers; dense tensors, floats and integers are supported");
}

Folded FoldConstantOfShape(FoldContext& c) {
  if (!c.input(0)) return LacksInput();
  const std::vector<int64_t> dims = c.input(0)->ints();
  const Shape shape(dims.begin(), dims.end());
  if (absl::Status status = CheckSize(c, shape); !status.ok()) return status;
  Array value = Array::OfDoubles(DataType::kF32, {1}, {0.0});
  if (const onnx::TensorProto* tensor = c.attributes.Tensor("value")) {
    auto array = DecodeTensor(*tensor, c.file);
    if (!array.ok()) return array.status();
    value = *std::move(array);
    if (NumElements(value.shape) != 1) {
      return absl::InvalidArgumentError("attribute 'value' must hold one element");
    }
  }
  const size_t size = SizeOf(value.type);
  std::vector<uint8_t> bytes(static_cast<size_t>(NumElements(shape)) * size);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = value.data.data()[i % size];
  return One({value.type, shape, Constant::Own(std::move(bytes))});
}

Folded FoldSize(FoldContext& c) {
  if (!c.input(0)) return LacksInput();
  return One(Array::OfInts(DataType::kS64, {}, {NumElements(c.input(0)->shape)}));
}

Folded FoldRange(FoldContext& c) {
  if (!c.input(0) || !c.input(1) || !c.input(2)) return LacksInput();
  for (size_t i = 0; i < 3; ++i) {
    if (NumElements(c.input(i)->shape) != 1) return absl::InvalidArgumentError("needs scalars");
  }
  const double start = c.input(0)->doubles()[0];
  const double limit = c.input(1)->doubles()[0];
  const double delta = c.input(2)->doubles()[0];
  const double count = delta == 0 ? -1 : std::max(0.0, std::ceil((limit - start) / delta));
  if (!(count >= 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot count from ", start, " to ", limit, " in steps of ", delta));
  }
  if (count > static_cast<double>(c.limit)) {
    return absl::UnimplementedError("makes a constant that is too large");
  }
  std::vector<double> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = start + static_cast<double>(i) * delta;
  return One(Array::OfDoubles(c.input(0)->type, {static_cast<int64_t>(values.size())}, values));
}

// Identity and Dropout.
Folded FoldCopy(FoldContext& c) {
  if (!c.input(0)) return LacksInput();
  if (c.node.output_size() > 1) return absl::UnimplementedError("has a mask as its second output");
  c.attributes.Ignore("ratio");
  c.attributes.Ignore("seed");
  return One(*c.input(0));
}

Folded FoldReshape(FoldContext& c) {
  if (!c.input(0)) return LacksInput();
  const Array& x = *c.input(0);
  absl::StatusOr<Shape> shape;
  const std::string& op = c.node.op_type();
  if (op == "Reshape") {
    if (!c.input(1)) return LacksInput();
    shape = ReshapedShape(x.shape, c.input(1)->ints(), c.attributes.Int("allowzero", 0) != 0);
  } else if (op == "Flatten") {
    shape = FlattenedShape(x.shape, c.attributes.Int("axis", 1));
  } else if (op == "Squeeze") {
    shape = SqueezedShape(x.shape, AttributeOrInput(c, "axes", 1, 13));
  } else {
    shape = UnsqueezedShape(x.shape, AttributeOrInput(c, "axes", 1, 13));
  }
  if (!shape.ok()) return shape.status();
  return One({x.type, *std::move(shape), x.data});
}

Folded FoldTranspose(FoldContext& c) {
  if (!c.input(0)) return LacksInput();
  const Array& x = *c.input(0);
  const size_t rank = x.shape.size();
  std::vector<int64_t> permutation = c.attributes.Ints("perm");
  if (permutation.empty()) {
    for (size_t i = 0; i < rank; ++i) permutation.push_back(static_cast<int64_t>(rank - 1 - i));
  }
  std::vector<int64_t> sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < std::max(rank, sorted.size()); ++i) {
    if (i >= rank || i >= sorted.size() || sorted[i] != static_cast<int64_t>(i)) {
      return absl::InvalidArgumentError(
          absl::StrCat("attribute 'perm' does not order ", rank, " dimensions"));
    }
  }
  Shape strides(rank, 1);
  for (size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * x.shape[i];
  Shape shape;
  std::vector<int64_t> indices = {0};
  for (const int64_t from : permutation) {
    const int64_t size = x.shape[static_cast<size_t>(from)];
    const int64_t stride = strides[static_cast<size_t>(from)];
    shape.push_back(size);
    std::vector<int64_t> next;
    next.reserve(indices.size() * static_cast<size_t>(size));
    for (const int64_t base : indices) {
      for (int64_t i = 0; i < size; ++i) next.push_back(base + i * stride);
    }
    indices = std::move(next);
  }
  return One(Pick(x, shape, indices));
}

Folded FoldExpand(FoldContext& c) {
  if (!c.input(0) || !c.input(1)) return LacksInput();
  const std::vector<int64_t> dims = c.input(1)->ints();
  auto shape = infer::Broadcast(c.input(0)->shape, Shape(dims.begin(), dims.end()));
  if (!shape.ok()) return shape.status();
  if (absl::Status status = CheckSize(c, *shape); !status.ok()) return status;
  return One(Pick(*c.input(0), *shape, BroadcastIndices(c.input(0)->shape, *shape)));
}

Folded FoldGather(FoldContext& c) {
  if (!c.input(0) || !c.input(1)) return LacksInput();
  const Array& x = *c.input(0);
  const auto axis = NormalizeAxis(c.attributes.Int("axis", 0), x.shape.size());
  if (!axis.ok()) return axis.status();
  const int64_t size = x.shape[*axis];
  std::vector<int64_t> picks = c.input(1)->ints();
  for (int64_t& pick : picks) {
    if (pick < -size || pick >= size) {
      return absl::InvalidArgumentError(
          absl::StrCat("index ", pick, " is outside of a dimension of ", size));
    }
    if (pick < 0) pick += size;
  }
  Shape shape(x.shape.begin(), x.shape.begin() + static_cast<long>(*axis));
  shape.insert(shape.end(), c.input(1)->shape.begin(), c.input(1)->shape.end());
  shape.insert(shape.end(), x.shape.begin() + static_cast<long>(*axis) + 1, x.shape.end());
  if (absl::Status status = CheckSize(c, shape); !status.ok()) return status;
  const int64_t inner =
      NumElements(Shape(x.shape.begin() + static_cast<long>(*axis) + 1, x.shape.end()));
  const int64_t outer =
      NumElements(Shape(x.shape.begin(), x.shape.begin() + static_cast<long>(*axis)));
  std::vector<int64_t> indices;
  for (int64_t o = 0; o < outer; ++o) {
    for (const int64_t pick : picks) {
      for (int64_t i = 0; i < inner; ++i) indices.push_back((o * size + pick) * inner + i);
    }
  }
  return One(Pick(x, shape, indices));
}

Folded FoldConcat(FoldContext& c) {
  if (!c.input(0)) return LacksInput();
  const auto axis = NormalizeAxis(c.attributes.Int("axis", 1), c.input(0)->shape.size());
  if (!axis.ok()) return axis.status();
  Array result = *c.input(0);
  const size_t element = SizeOf(result.type);
  Shape shape = result.shape;
  for (size_t i = 1; i < c.inputs.size(); ++i) {
    if (!c.input(i)) return LacksInput();
    Shape other = c.input(i)->shape;
    if (other.size() != shape.size() || c.input(i)->type != result.type) {
      return absl::InvalidArgumentError("joins tensors of different ranks or types");
    }
    shape[*axis] += other[*axis];
    other[*axis] = result.shape[*axis];
    if (other != result.shape) {
      return absl::InvalidArgumentError("joins tensors whose other sizes differ");
    }
  }
  const int64_t outer = NumElements(Shape(shape.begin(), shape.begin() + static_cast<long>(*axis)));
  std::vector<uint8_t> bytes;
  for (int64_t o = 0; o < outer; ++o) {
    for (const Array* x : c.inputs) {
      const size_t run = static_cast<size_t>(NumElements(x->shape) / outer) * element;
      const uint8_t* begin = x->data.data() + static_cast<size_t>(o) * run;
      bytes.insert(bytes.end(), begin, begin + run);
    }
  }
  return One({result.type, shape, Constant::Own(std::move(bytes))});
}

Folded FoldSlice(FoldContext& c) {
  if (!c.input(0)) return LacksInput();
  const Array& x = *c.input(0);
  const size_t rank = x.shape.size();
  const std::vector<int64_t> starts = AttributeOrInput(c, "starts", 1, 10);
  const std::vector<int64_t> ends = AttributeOrInput(c, "ends", 2, 10);
  std::vector<int64_t> axes = AttributeOrInput(c, "axes", 3, 10);
  std::vector<int64_t> steps = AttributeOrInput(c, "steps", 4, 10);
  for (size_t i = axes.size(); i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  steps.resize(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size()) {
    return absl::InvalidArgumentError("needs as many ends and axes as starts");
  }
  Shape first(rank, 0), step(rank, 1), count = x.shape;
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis = NormalizeAxis(axes[i], rank);
    if (!axis.ok()) return axis.status();
    if (steps[i] == 0) return absl::InvalidArgumentError("has a step of 0");
    const SliceRange range = ResolveSlice(x.shape[*axis], starts[i], ends[i], steps[i]);
    first[*axis] = range.start;
    count[*axis] = range.count;
    step[*axis] = range.count > 1 ? steps[i] : 1;
  }
  return One(Pick(x, count, BoxIndices(x.shape, first, step, count)));
}

Folded FoldReduce(FoldContext& c) {
  if (!c.input(0)) return LacksInput();
  const Array& x = *c.input(0);
  const std::string& op = c.node.op_type();
  const bool keep = c.attributes.Int("keepdims", 1) != 0;
  const bool noop = c.attributes.Int("noop_with_empty_axes", 0) != 0;
  const auto axes = AttributeOrInput(c, "axes", 1, op == "ReduceSum" ? 13 : 18);
  if (axes.empty() && noop) return One(x);
  Shape kept = x.shape, shape;
  std::vector<bool> reduced(x.shape.size(), axes.empty());
  for (const int64_t axis : axes) {
    const auto i = NormalizeAxis(axis, x.shape.size());
    if (!i.ok()) return i.status();
    reduced[*i] = true;
  }
  for (size_t i = 0; i < kept.size(); ++i) {
    if (reduced[i]) kept[i] = 1;
    if (!reduced[i] || keep) shape.push_back(kept[i]);
  }
  if (NumElements(x.shape) == 0)
    return absl::UnimplementedError("reduces a tensor without elements");
  const std::vector<int64_t> at = BroadcastIndices(kept, x.shape);
  const std::vector<double> values = x.doubles();
  std::vector<double> result(static_cast<size_t>(NumElements(kept)));
  std::vector<int64_t> seen(result.size(), 0);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto to = static_cast<size_t>(at[i]);
    double& r = result[to];
    if (seen[to]++ == 0)
      r = values[i];
    else if (op == "ReduceProd")
      r *= values[i];
    else if (op == "ReduceMax")
      r = std::max(r, values[i]);
    else if (op == "ReduceMin")
      r = std::min(r, values[i]);
    else
      r += values[i];
  }
  if (op == "ReduceMean") {
    for (size_t i = 0; i < result.size(); ++i) result[i] /= static_cast<double>(seen[i]);
  }
  return One(Array::OfDoubles(x.type, shape, result));
}

struct Row {
  const char* op;
  FoldFunction function;
};

constexpr Row kRows[] = {
    {"Constant", FoldConstant},   {"ConstantOfShape", FoldConstantOfShape},
    {"Size", FoldSize},           {"Range", FoldRange},
    {"Identity", FoldCopy},       {"Dropout", FoldCopy},
    {"Reshape", FoldReshape},     {"Flatten", FoldReshape},
    {"Squeeze", FoldReshape},     {"Unsqueeze", FoldReshape},
    {"Transpose", FoldTranspose}, {"Expand", FoldExpand},
    {"Gather", FoldGather},       {"Concat", FoldConcat},
    {"Slice", FoldSlice},         {"ReduceProd", FoldReduce},
    {"ReduceSum", FoldReduce},    {"ReduceMax", FoldReduce},
    {"ReduceMin", FoldReduce},    {"ReduceMean", FoldReduce},
};

}  // namespace

FoldFunction FindMovementFold(const std::string& op_type) {
  for (const Row& row : kRows) {
    if (op_type == row.op) return row.function;
  }
  return nullptr;
}

}  // namespace octet::importer

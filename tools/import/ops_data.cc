#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Operators that copy elements: Concat, Split, Slice, Pad, Expand, Cast, Identity.

namespace octet::importer {
namespace {

absl::Status ImportConcat(OpContext& c) {
  std::vector<TensorId> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    absl::StatusOr<TensorId> x = c.Tensor(i);
    if (!x.ok()) return x.status();
    inputs.push_back(*x);
  }
  if (inputs.empty()) return absl::InvalidArgumentError("has no inputs");
  const auto axis = NormalizeAxis(c.attributes.Int("axis", 1), c.value(0).rank());
  if (!axis.ok()) return axis.status();
  schema::ConcatOptionsT options;
  options.axis = static_cast<int>(*axis);
  return c.Finish(std::move(options), std::move(inputs));
}

// Sizes of the parts of a dimension of `size`: given, or equal but for a smaller last one.
absl::StatusOr<std::vector<int64_t>> SplitSizes(OpContext& c, int64_t size, int64_t parts) {
  absl::StatusOr<std::vector<int64_t>> sizes = c.Numbers("split", 1, 13);
  if (!sizes.ok()) return sizes.status();
  if (sizes->empty()) {
    const int64_t declared = c.attributes.Int("num_outputs", parts);
    if (declared != parts) {
      return absl::InvalidArgumentError(
          absl::StrCat("has ", parts, " outputs, but num_outputs is ", declared));
    }
    const int64_t part = (size + parts - 1) / parts;
    for (int64_t left = size; left > 0 || static_cast<int64_t>(sizes->size()) < parts;
         left -= part) {
      sizes->push_back(std::max<int64_t>(std::min(part, left), 0));
    }
  }
  if (static_cast<int64_t>(sizes->size()) != parts) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", parts, " outputs for ", sizes->size(), " parts"));
  }
  return sizes;
}

absl::Status ImportSplit(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const auto axis = NormalizeAxis(c.attributes.Int("axis", 0), c.value(0).rank());
  if (!axis.ok()) return axis.status();
  if (!c.value(0).fixed(*axis)) {
    return absl::UnimplementedError(
        absl::StrCat("splits dimension ", *axis, ", whose size is known only when the model runs"));
  }
  auto sizes = SplitSizes(c, c.value(0).shape[0][*axis], c.node.output_size());
  if (!sizes.ok()) return sizes.status();
  schema::SplitOptionsT options;
  options.axis = static_cast<int>(*axis);
  options.sizes = *std::move(sizes);
  std::vector<std::string> names;
  for (int i = 0; i < c.node.output_size(); ++i) {
    const std::string& name = c.node.output(i);
    names.push_back(name.empty() ? c.Intermediate(absl::StrCat("part", i)) : name);
  }
  auto values = c.builder.EmitMany(c.name, std::move(options), {*x}, names);
  if (!values.ok()) return values.status();
  c.outputs = *std::move(values);
  return absl::OkStatus();
}

struct SliceSpec {
  std::vector<int64_t> starts, ends, axes;
};

absl::StatusOr<SliceSpec> ReadSlice(OpContext& c) {
  auto starts = c.Numbers("starts", 1, 10);
  auto ends = c.Numbers("ends", 2, 10);
  auto axes = c.Numbers("axes", 3, 10);
  auto steps = c.Numbers("steps", 4, 10);
  for (const auto* part : {&starts, &ends, &axes, &steps}) {
    if (!part->ok()) return part->status();
  }
  for (size_t i = axes->size(); i < starts->size(); ++i) axes->push_back(static_cast<int64_t>(i));
  if (ends->size() != starts->size() || axes->size() != starts->size()) {
    return absl::InvalidArgumentError("needs as many ends and axes as starts");
  }
  for (const int64_t step : *steps) {
    if (step != 1) return absl::UnimplementedError("takes steps other than 1");
  }
  return SliceSpec{*starts, *ends, *axes};
}

// A range of indices is the middle part of a Split.
absl::StatusOr<Value> TakeRange(OpContext& c, const Value& x, size_t axis, SliceRange range,
                                const std::string& name, const std::string& output) {
  schema::SplitOptionsT options;
  options.axis = static_cast<int>(axis);
  options.sizes = {range.start, range.count, x.shape[0][axis] - range.start - range.count};
  std::vector<std::string> names = {name + "/before", output, name + "/after"};
  if (options.sizes[2] == 0) {
    options.sizes.pop_back();
    names.pop_back();
  }
  size_t taken = 1;
  if (options.sizes[0] == 0) {
    options.sizes.erase(options.sizes.begin());
    names.erase(names.begin());
    taken = 0;
  }
  auto parts = c.builder.EmitMany(name, std::move(options), {x.tensor}, names);
  if (!parts.ok()) return parts.status();
  return (*parts)[taken];
}

// Whether the range is the whole dimension, whatever its size.
bool TakesAll(const Value& x, size_t axis, int64_t start, int64_t end) {
  return std::all_of(x.shape.begin(), x.shape.end(), [&](const Shape& shape) {
    const SliceRange range = ResolveSlice(shape[axis], start, end, 1);
    return range.start == 0 && range.count == shape[axis];
  });
}

absl::Status ImportSlice(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  absl::StatusOr<SliceSpec> spec = ReadSlice(c);
  if (!spec.ok()) return spec.status();
  Value value = c.value(0);
  for (size_t i = 0; i < spec->starts.size(); ++i) {
    const auto axis = NormalizeAxis(spec->axes[i], value.rank());
    if (!axis.ok()) return axis.status();
    if (TakesAll(value, *axis, spec->starts[i], spec->ends[i])) continue;
    if (!value.fixed(*axis)) {
      return absl::UnimplementedError(
          absl::StrCat("cuts dimension ", *axis, ", whose size is known only when the model runs"));
    }
    const SliceRange range = ResolveSlice(value.shape[0][*axis], spec->starts[i], spec->ends[i], 1);
    if (range.count == 0) return absl::UnimplementedError("makes a tensor without elements");
    const bool last = i + 1 == spec->starts.size();
    auto taken = TakeRange(c, value, *axis, range,
                           last ? c.name : c.Intermediate(absl::StrCat("axis", *axis)),
                           last ? c.node.output(0) : c.Intermediate(absl::StrCat("axis", *axis)));
    if (!taken.ok()) return taken.status();
    value = *std::move(taken);
  }
  c.outputs = {value};
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int64_t>> ReadPads(OpContext& c, size_t rank) {
  auto pads = c.Numbers("pads", 1, 11);
  if (!pads.ok()) return pads.status();
  if (c.opset < 18 || !c.has(3)) {
    if (pads->size() == 2 * rank) return pads;
    return absl::InvalidArgumentError(
        absl::StrCat("has ", pads->size(), " pads for ", rank, " dimensions"));
  }
  auto axes = c.Numbers("axes", 3, 18);
  if (!axes.ok()) return axes.status();
  if (pads->size() != 2 * axes->size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", pads->size(), " pads for ", axes->size(), " axes"));
  }
  std::vector<int64_t> all(2 * rank, 0);
  for (size_t i = 0; i < axes->size(); ++i) {
    const auto axis = NormalizeAxis((*axes)[i], rank);
    if (!axis.ok()) return axis.status();
    all[*axis] = (*pads)[i];
    all[rank + *axis] = (*pads)[axes->size() + i];
  }
  return all;
}

absl::Status ImportPad(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const size_t rank = c.value(0).rank();
  auto pads = ReadPads(c, rank);
  if (!pads.ok()) return pads.status();
  for (const int64_t pad : *pads) {
    if (pad < 0) return absl::UnimplementedError("has negative pads; crop with Slice instead");
  }
  schema::PadOptionsT options;
  const std::string mode = c.attributes.String("mode", "constant");
  if (mode == "constant") {
    options.mode = schema::PadMode::CONSTANT;
  } else if (mode == "reflect") {
    options.mode = schema::PadMode::REFLECT;
  } else if (mode == "edge") {
    options.mode = schema::PadMode::EDGE;
  } else {
    return absl::UnimplementedError(
        absl::StrCat("pads in mode '", mode, "'; constant, reflect and edge are supported"));
  }
  absl::StatusOr<float> value =
      c.opset < 11 ? c.attributes.Float("value", 0.0f) : c.Scalar(2, 0.0f);
  if (!value.ok()) return value.status();
  options.value = *value;
  options.pads_begin.assign(pads->begin(), pads->begin() + static_cast<long>(rank));
  options.pads_end.assign(pads->begin() + static_cast<long>(rank), pads->end());
  return c.Finish(std::move(options), {*x});
}

// What must be added to `x` under broadcasting to give it the shape `to`: a shape with 1 where `x`
// has the size already.
absl::StatusOr<Shape> BroadcastPartner(const ProbedShape& x, const ProbedShape& to) {
  if (!HasFixedRank(to)) return absl::UnimplementedError("makes a tensor whose rank is not fixed");
  Shape partner;
  const size_t offset = to[0].size() - x[0].size();
  for (size_t i = 0; i < to[0].size(); ++i) {
    const ProbedSize size = SizeAt(to, i);
    if (i >= offset && SizeAt(x, i - offset) == size) {
      partner.push_back(1);
    } else if (IsFixed(size)) {
      partner.push_back(size[0]);
    } else {
      return absl::UnimplementedError(
          "repeats elements as often as a size says that is known only when the model runs");
    }
  }
  return partner;
}

// A sum with zeros of the shape that is asked for.
absl::Status ImportExpand(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  if (!c.has(1) || !c.value(1).is_known()) {
    return absl::UnimplementedError("computes its shape from tensor elements");
  }
  ProbedShape to;
  for (size_t p = 0; p < kProbes; ++p) {
    const std::vector<int64_t> dims = c.value(1).array(p).ints();
    auto shape = BroadcastShapes(c.value(0).shape[p], Shape(dims.begin(), dims.end()));
    if (!shape.ok()) return shape.status();
    to[p] = *std::move(shape);
  }
  if (to == c.value(0).shape) {
    c.outputs = {c.value(0)};
    return absl::OkStatus();
  }
  absl::StatusOr<Shape> partner = BroadcastPartner(c.value(0).shape, to);
  if (!partner.ok()) return partner.status();
  const int64_t elements = CheckedElements(*partner);
  if (elements < 0 || elements > kMaxFoldedElements) {
    return absl::UnimplementedError(absl::StrCat("makes a tensor of ", ToString(to[0])));
  }
  const std::vector<double> zeros(static_cast<size_t>(elements), 0.0);
  const TensorId zero = c.Constant("zeros", Array::OfDoubles(DataType::kF32, *partner, zeros));
  return c.Finish(schema::BinaryOptionsT(), {*x, zero});
}

// Between floats a Cast changes nothing, because all floats are computed in f32. 8-bit inputs of
// the model are quantized tensors of scale 1.
absl::Status ImportCast(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  c.attributes.Ignore("saturate");
  const int onnx_type = static_cast<int>(c.attributes.Int("to", 0));
  const DataType to = TypeOfOnnx(onnx_type);
  const Value& x = c.value(0);
  if (IsFloat(x.type) && IsFloat(to)) {
    c.outputs = {x};
    return absl::OkStatus();
  }
  const bool bytes = x.type == DataType::kU8 || x.type == DataType::kS8;
  if (!bytes || !IsFloat(to) || x.tensor == kNoTensor) {
    return absl::UnimplementedError(absl::StrCat("casts '", c.input_name(0), "' from ",
                                                 Name(x.type), " to ", NameOfOnnxType(onnx_type),
                                                 " while the model runs"));
  }
  QuantParams unit;
  unit.scales = {1.0f};
  unit.zero_points = {0};
  c.builder.graph().tensor(x.tensor).quant = unit;
  return c.Finish(schema::DequantizeOptionsT(), {x.tensor});
}

absl::Status ImportIdentity(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  c.outputs = {c.value(0)};
  return absl::OkStatus();
}

absl::Status ImportDropout(OpContext& c) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  c.attributes.Ignore("ratio");
  c.attributes.Ignore("seed");
  c.attributes.Ignore("is_test");
  if (c.has(2)) {
    absl::StatusOr<float> training = c.Scalar(2, 0.0f);
    if (!training.ok()) return training.status();
    if (*training != 0.0f) return absl::UnimplementedError("is in training mode");
  }
  // The mask is a node's result that nobody reads in inference; whoever does finds it missing.
  c.outputs = {c.value(0)};
  return absl::OkStatus();
}

constexpr OpRow kRows[] = {
    {"Concat", ImportConcat},     {"Split", ImportSplit},     {"Slice", ImportSlice},
    {"Pad", ImportPad},           {"Expand", ImportExpand},   {"Cast", ImportCast},
    {"Identity", ImportIdentity}, {"Dropout", ImportDropout},
};

}  // namespace

absl::Span<const OpRow> DataOps() { return kRows; }

}  // namespace octet::importer

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/tflite_fold.h"
#include "tools/import/tflite_op.h"

// Operators that join, cut, pad and pick elements.

namespace octet::importer {
namespace {

using Code = tflite::BuiltinOperator;

absl::Status ImportConcatenation(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(op.inputs.size()); !s.ok()) return s;
  if (op.inputs.empty()) return absl::InvalidArgumentError("joins nothing");
  const auto options = op.Options<tflite::ConcatenationOptions>();
  const size_t rank = op.in(0).rank();
  const absl::StatusOr<int> axis = TfliteAxis(options.axis, rank);
  if (!axis.ok()) return axis.status();
  const absl::StatusOr<ActivationBounds> bounds = BoundsOf(options.activation);
  if (!bounds.ok()) return bounds.status();
  const Order order = op.CommonOrder();
  std::vector<TensorId> parts;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    if (op.in(i).rank() != rank) {
      return absl::InvalidArgumentError("joins tensors of different ranks");
    }
    const absl::StatusOr<TensorId> id = op.Tensor(i, order);
    if (!id.ok()) return id.status();
    parts.push_back(*id);
  }
  schema::ConcatOptionsT concat;
  concat.axis = MapAxis(*axis, rank, order);
  return op.FinishBounded(std::move(concat), std::move(parts), order, *bounds);
}

// Input `i` in pieces of these sizes along `axis` of the file.
absl::Status FinishSplit(TfliteOp& op, size_t i, int axis, std::vector<int64_t> sizes) {
  TfliteValue& x = op.in(i);
  const absl::StatusOr<TensorId> id = op.Tensor(i, x.home);
  if (!id.ok()) return id.status();
  schema::SplitOptionsT split;
  split.axis = MapAxis(axis, x.rank(), x.home);
  split.sizes = std::move(sizes);
  std::vector<std::string> names;
  for (const TfliteValue* output : op.outputs) names.push_back(output->name);
  auto values =
      op.builder.Emit(op.name, std::move(split), {*id}, names, op.out().type, op.out().quant);
  if (!values.ok()) return values.status();
  for (size_t k = 0; k < values->size(); ++k) {
    op.builder.SetType((*values)[k], op.out(k).type, op.out(k).quant);
    op.Define(k, (*values)[k], x.home);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> FixedSize(const TfliteValue& x, int axis) {
  const ProbedSize size = SizeAt(x.shape(), static_cast<size_t>(axis));
  if (IsFixed(size)) return size[0];
  return absl::UnimplementedError("cuts along a size that is known only when the model runs");
}

absl::Status ImportSplit(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2, op.outputs.size()); !s.ok()) return s;
  const absl::StatusOr<int64_t> number = op.Number(0);
  if (!number.ok()) return number.status();
  const absl::StatusOr<int> axis = TfliteAxis(*number, op.in(1).rank());
  if (!axis.ok()) return axis.status();
  const absl::StatusOr<int64_t> size = FixedSize(op.in(1), *axis);
  if (!size.ok()) return size.status();
  const auto parts = static_cast<int64_t>(op.outputs.size());
  if (parts == 0 || *size % parts != 0) {
    return absl::InvalidArgumentError(absl::StrCat("cuts ", *size, " in ", parts, " equal parts"));
  }
  return FinishSplit(op, 1, *axis, std::vector<int64_t>(op.outputs.size(), *size / parts));
}

absl::Status ImportSplitV(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(3, op.outputs.size()); !s.ok()) return s;
  absl::StatusOr<std::vector<int64_t>> sizes = op.Numbers(1);
  if (!sizes.ok()) return sizes.status();
  const absl::StatusOr<int64_t> number = op.Number(2);
  if (!number.ok()) return number.status();
  const absl::StatusOr<int> axis = TfliteAxis(*number, op.in(0).rank());
  if (!axis.ok()) return axis.status();
  const auto open = std::find(sizes->begin(), sizes->end(), -1);
  if (open != sizes->end()) {
    const absl::StatusOr<int64_t> size = FixedSize(op.in(0), *axis);
    if (!size.ok()) return size.status();
    *open = *size;
    for (auto s = sizes->begin(); s != sizes->end(); ++s) {
      if (s == open) continue;
      if (*s < 0 || *s > *open) return absl::InvalidArgumentError("has sizes that do not fit");
      *open -= *s;
    }
  }
  return FinishSplit(op, 0, *axis, *std::move(sizes));
}

// The part of input 0 that a slice takes, in the order that it is there.
absl::StatusOr<schema::SliceOptionsT> SliceOf(const TfliteValue& x, const StridedSlice& slice) {
  schema::SliceOptionsT options;
  for (size_t d = 0; d < slice.begin.size(); ++d) {
    constexpr int64_t kFar = std::numeric_limits<int32_t>::max();
    const bool whole = slice.begin[d] == 0 && slice.end[d] == kFar && slice.step[d] == 1;
    if (whole) continue;
    options.axes.push_back(MapAxis(static_cast<int>(d), x.rank(), x.home));
    options.starts.push_back(slice.begin[d]);
    options.ends.push_back(slice.end[d]);
    options.steps.push_back(slice.step[d]);
  }
  return options;
}

absl::Status FinishSlice(TfliteOp& op, const StridedSlice& slice) {
  TfliteValue& x = op.in(0);
  const absl::StatusOr<TensorId> id = op.Tensor(0, x.home);
  if (!id.ok()) return id.status();
  absl::StatusOr<schema::SliceOptionsT> options = SliceOf(x, slice);
  if (!options.ok()) return options.status();
  const bool shrinks =
      std::find(slice.shrinks.begin(), slice.shrinks.end(), true) != slice.shrinks.end();
  if (!shrinks && options->axes.empty()) {
    return op.Finish(schema::UnaryOptionsT(), {*id}, x.home);
  }
  if (!shrinks) return op.Finish(*std::move(options), {*id}, x.home);
  TfliteValue taken;
  taken.name = op.name + "/taken";
  taken.type = op.out().type;
  taken.quant = op.out().quant;
  taken.home = x.home;
  auto value = op.Step("taken", *std::move(options), {*id}, taken.type, taken.quant);
  if (!value.ok()) return value.status();
  taken.forms[static_cast<int>(x.home)] = *value;
  ProbedShape to = taken.shape();
  for (Shape& shape : to) {
    for (size_t d = shape.size(); d-- > 0;) {
      if (slice.shrinks[d]) shape.erase(shape.begin() + static_cast<long>(d));
    }
  }
  const absl::StatusOr<TensorId> in_file_order = op.builder.Tensor(taken, Order::kFile);
  if (!in_file_order.ok()) return in_file_order.status();
  auto reshape = ReshapeBetween(taken.shape(), to);
  if (!reshape.ok()) return reshape.status();
  return op.Finish(*std::move(reshape), {*in_file_order}, Order::kFile);
}

absl::Status ImportSlice(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(3); !s.ok()) return s;
  absl::StatusOr<PlainSlice> plain = ReadSlice(op);
  if (!plain.ok()) return plain.status();
  const size_t rank = op.in(0).rank();
  return FinishSlice(op, {std::move(plain->begin), std::move(plain->end),
                          std::vector<int64_t>(rank, 1), std::vector<bool>(rank, false)});
}

absl::Status ImportStridedSlice(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(4); !s.ok()) return s;
  const absl::StatusOr<StridedSlice> slice = ReadStridedSlice(op);
  if (!slice.ok()) return slice.status();
  return FinishSlice(op, *slice);
}

// Tensors of one shape along a new dimension.
absl::Status ImportPack(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(std::max<size_t>(op.inputs.size(), 1)); !s.ok()) return s;
  const size_t rank = op.in(0).rank() + 1;
  const absl::StatusOr<int> axis = TfliteAxis(op.Options<tflite::PackOptions>().axis, rank);
  if (!axis.ok()) return axis.status();
  std::vector<TensorId> parts;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    const absl::StatusOr<TensorId> id = op.Tensor(i, Order::kFile);
    if (!id.ok()) return id.status();
    if (op.in(i).rank() + 1 != rank) {
      return absl::InvalidArgumentError("joins tensors of different ranks");
    }
    ProbedShape to = op.in(i).shape();
    for (Shape& shape : to) shape.insert(shape.begin() + *axis, 1);
    auto reshape = ReshapeBetween(op.in(i).shape(), to);
    if (!reshape.ok()) return reshape.status();
    auto part =
        op.Step(absl::StrCat("part", i), *std::move(reshape), {*id}, op.in(i).type, op.in(i).quant);
    if (!part.ok()) return part.status();
    parts.push_back(part->tensor);
  }
  schema::ConcatOptionsT concat;
  concat.axis = *axis;
  return op.Finish(std::move(concat), std::move(parts), Order::kFile);
}

// The slices along a dimension, without it.
absl::Status ImportUnpack(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1, op.outputs.size()); !s.ok()) return s;
  TfliteValue& x = op.in(0);
  const absl::StatusOr<int> axis = TfliteAxis(op.Options<tflite::UnpackOptions>().axis, x.rank());
  if (!axis.ok()) return axis.status();
  const absl::StatusOr<TensorId> id = op.Tensor(0, Order::kFile);
  if (!id.ok()) return id.status();
  schema::SplitOptionsT split;
  split.axis = *axis;
  split.sizes.assign(op.outputs.size(), 1);
  std::vector<std::string> names;
  for (size_t i = 0; i < op.outputs.size(); ++i)
    names.push_back(absl::StrCat(op.name, "/slice", i));
  auto slices = op.builder.Emit(op.name, std::move(split), {*id}, names, x.type, x.quant);
  if (!slices.ok()) return slices.status();
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    ProbedShape to = (*slices)[i].shape;
    for (Shape& shape : to) shape.erase(shape.begin() + *axis);
    auto reshape = ReshapeBetween((*slices)[i].shape, to);
    if (!reshape.ok()) return reshape.status();
    auto s = op.Finish(*std::move(reshape), {(*slices)[i].tensor}, Order::kFile, i);
    if (!s.ok()) return s;
  }
  return absl::OkStatus();
}

// Pads along each dimension of the file, in the order that x is there.
absl::StatusOr<schema::PadOptionsT> PadsOf(const TfliteOp& op) {
  const TfliteValue& x = op.in(0);
  const absl::StatusOr<std::vector<int64_t>> pads = op.Numbers(1);
  if (!pads.ok()) return pads.status();
  if (pads->size() != 2 * x.rank()) {
    return absl::InvalidArgumentError("must have two pads per dimension");
  }
  schema::PadOptionsT options;
  options.pads_begin.resize(x.rank());
  options.pads_end.resize(x.rank());
  for (size_t d = 0; d < x.rank(); ++d) {
    const auto to = static_cast<size_t>(MapAxis(static_cast<int>(d), x.rank(), x.home));
    options.pads_begin[to] = (*pads)[2 * d];
    options.pads_end[to] = (*pads)[2 * d + 1];
  }
  return options;
}

// The real number that a constant of one element stands for.
absl::StatusOr<float> RealOf(const TfliteValue& value) {
  if (!value.is_constant() || NumElements(value.shape()[0]) != 1) {
    return absl::UnimplementedError("pads with a number that is not one constant");
  }
  const double stored = value.value().arrays[0].doubles()[0];
  if (!value.quant) return static_cast<float>(stored);
  return static_cast<float>(value.quant->scale() * (stored - value.quant->zero_point()));
}

absl::Status ImportPad(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(op.code == Code::PADV2 ? 3 : 2); !s.ok()) return s;
  const Order order = op.in(0).home;
  const absl::StatusOr<TensorId> x = op.Tensor(0, order);
  if (!x.ok()) return x.status();
  absl::StatusOr<schema::PadOptionsT> options = PadsOf(op);
  if (!options.ok()) return options.status();
  if (op.code == Code::PADV2) {
    const absl::StatusOr<float> value = RealOf(op.in(2));
    if (!value.ok()) return value.status();
    options->value = *value;
  }
  return op.Finish(*std::move(options), {*x}, order);
}

absl::Status ImportMirrorPad(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const Order order = op.in(0).home;
  const absl::StatusOr<TensorId> x = op.Tensor(0, order);
  if (!x.ok()) return x.status();
  absl::StatusOr<schema::PadOptionsT> options = PadsOf(op);
  if (!options.ok()) return options.status();
  options->mode = schema::PadMode::REFLECT;
  if (op.Options<tflite::MirrorPadOptions>().mode == tflite::MirrorPadMode::SYMMETRIC) {
    // A mirror that shows the edge itself first shows nothing else where it is one element wide.
    const auto narrow = [](const std::vector<int64_t>& pads) {
      return std::all_of(pads.begin(), pads.end(), [](int64_t pad) { return pad <= 1; });
    };
    if (!narrow(options->pads_begin) || !narrow(options->pads_end)) {
      return absl::UnimplementedError("mirrors more than one element with its edge");
    }
    options->mode = schema::PadMode::EDGE;
  }
  return op.Finish(*std::move(options), {*x}, order);
}

constexpr TfliteRow kRows[] = {
    {Code::CONCATENATION, ImportConcatenation},
    {Code::SPLIT, ImportSplit},
    {Code::SPLIT_V, ImportSplitV},
    {Code::SLICE, ImportSlice},
    {Code::STRIDED_SLICE, ImportStridedSlice},
    {Code::PACK, ImportPack},
    {Code::UNPACK, ImportUnpack},
    {Code::PAD, ImportPad},
    {Code::PADV2, ImportPad},
    {Code::MIRROR_PAD, ImportMirrorPad},
};

}  // namespace

absl::Span<const TfliteRow> TfliteDataOps() { return kRows; }

}  // namespace octet::importer

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/import/steps.h"
#include "tools/simplify/constants.h"

// Operators that pick or place elements by indices.

namespace octet::importer {
namespace {

// The attribute `name` as a dimension of input 0.
absl::StatusOr<int> Axis(OpContext& c, int64_t absent, const char* name = "axis",
                         size_t more_dims = 0) {
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  const auto axis = NormalizeAxis(c.attributes.Int(name, absent), c.value(0).rank() + more_dims);
  if (!axis.ok()) return axis.status();
  return static_cast<int>(*axis);
}

template <typename OptionsT>
absl::Status FinishAlong(OpContext& c, OptionsT options, int64_t absent, size_t inputs) {
  const auto axis = Axis(c, absent);
  if (!axis.ok()) return axis.status();
  options.axis = *axis;
  auto tensors = c.Tensors(inputs);
  if (!tensors.ok()) return tensors.status();
  return c.Finish(std::move(options), *std::move(tensors));
}

absl::Status ImportGather(OpContext& c) { return FinishAlong(c, schema::GatherOptionsT(), 0, 2); }

absl::Status ImportGatherElements(OpContext& c) {
  return FinishAlong(c, schema::GatherElementsOptionsT(), 0, 2);
}

absl::Status ImportGatherND(OpContext& c) {
  schema::GatherNDOptionsT options;
  options.batch_dims = static_cast<int>(c.attributes.Int("batch_dims", 0));
  auto tensors = c.Tensors(2);
  if (!tensors.ok()) return tensors.status();
  return c.Finish(std::move(options), *std::move(tensors));
}

absl::StatusOr<schema::ScatterReduction> ReadReduction(OpContext& c) {
  const std::string reduction = c.attributes.String("reduction", "none");
  if (reduction == "none") return schema::ScatterReduction::NONE;
  if (reduction == "add") return schema::ScatterReduction::ADD;
  if (reduction == "mul") return schema::ScatterReduction::MUL;
  if (reduction == "max") return schema::ScatterReduction::MAXIMUM;
  if (reduction == "min") return schema::ScatterReduction::MINIMUM;
  return absl::InvalidArgumentError(absl::StrCat("attribute 'reduction' is '", reduction, "'"));
}

absl::Status ImportScatterElements(OpContext& c) {
  const auto reduction = ReadReduction(c);
  if (!reduction.ok()) return reduction.status();
  schema::ScatterElementsOptionsT options;
  options.reduction = *reduction;
  return FinishAlong(c, std::move(options), 0, 3);
}

absl::Status ImportScatterND(OpContext& c) {
  const auto reduction = ReadReduction(c);
  if (!reduction.ok()) return reduction.status();
  schema::ScatterNDOptionsT options;
  options.reduction = *reduction;
  auto tensors = c.Tensors(3);
  if (!tensors.ok()) return tensors.status();
  return c.Finish(std::move(options), *std::move(tensors));
}

absl::Status ImportArg(OpContext& c) {
  schema::ArgOptionsT options;
  options.kind = c.node.op_type() == "ArgMax" ? schema::ArgKind::MAXIMUM : schema::ArgKind::MINIMUM;
  options.keep_dims = c.attributes.Int("keepdims", 1) != 0;
  options.last = c.attributes.Int("select_last_index", 0) != 0;
  return FinishAlong(c, std::move(options), 0, 1);
}

absl::Status ImportTopK(OpContext& c) {
  const auto axis = Axis(c, -1);
  if (!axis.ok()) return axis.status();
  c.attributes.Ignore("sorted");  // unsorted ones may come in any order
  schema::TopKOptionsT options;
  options.axis = *axis;
  options.largest = c.attributes.Int("largest", 1) != 0;
  auto x = c.Tensor(0);
  if (!x.ok()) return x.status();
  std::vector<TensorId> inputs = {*x};
  if (c.opset >= 10 && c.IsOpen(1)) {
    auto k = c.Tensor(1);
    if (!k.ok()) return k.status();
    inputs.push_back(*k);
  } else if (c.opset < 10) {
    options.k = c.attributes.Int("k", -1);
  } else {
    const auto k = c.Numbers("k", 1, 10);
    if (!k.ok()) return k.status();
    if (k->size() != 1) return absl::InvalidArgumentError("needs one number k");
    options.k = (*k)[0];
  }
  return c.FinishMany(2, std::move(options), std::move(inputs));
}

absl::Status ImportCumulate(OpContext& c) {
  Steps s(c);
  schema::CumulateOptionsT options;
  options.kind =
      c.node.op_type() == "CumSum" ? schema::CumulateKind::SUM : schema::CumulateKind::PRODUCT;
  options.exclusive = c.attributes.Int("exclusive", 0) != 0;
  options.reverse = c.attributes.Int("reverse", 0) != 0;
  const TensorId x = s.Input(0);
  if (!s.ok()) return s.status();
  if (c.IsOpen(1)) return s.Finish(std::move(options), {x, s.Input(1)});
  const auto number = c.Numbers("axis", 1, 11);
  if (!number.ok()) return number.status();
  if (number->size() != 1) return absl::InvalidArgumentError("needs one axis");
  const auto axis = NormalizeAxis((*number)[0], c.value(0).rank());
  if (!axis.ok()) return axis.status();
  options.axis = static_cast<int>(*axis);
  return s.Finish(std::move(options), {x});
}

absl::Status ImportOneHot(OpContext& c) {
  const auto axis = Axis(c, -1, "axis", 1);
  if (!axis.ok()) return axis.status();
  Steps s(c);
  schema::OneHotOptionsT options;
  options.axis = *axis;
  std::vector<TensorId> inputs = {s.Input(0), s.Input(2)};
  if (!c.has(1)) return absl::InvalidArgumentError("lacks its depth");
  if (c.IsOpen(1)) {
    inputs.push_back(s.Cast("depth", DataType::kS64, s.Input(1)));
  } else {
    const std::vector<int64_t> depth = c.value(1).arrays[0].ints();
    if (depth.size() != 1) return absl::InvalidArgumentError("needs one depth");
    options.depth = depth[0];
  }
  return s.Finish(std::move(options), std::move(inputs));
}

absl::Status ImportCompress(OpContext& c) {
  schema::CompressOptionsT options;
  options.axis = -1;
  if (c.attributes.Has("axis")) {
    const auto axis = Axis(c, 0);
    if (!axis.ok()) return axis.status();
    options.axis = *axis;
  }
  auto tensors = c.Tensors(2);
  if (!tensors.ok()) return tensors.status();
  return c.Finish(std::move(options), *std::move(tensors));
}

absl::Status ImportUnique(OpContext& c) {
  schema::UniqueOptionsT options;
  options.axis = -1;
  options.sorted = c.attributes.Int("sorted", 1) != 0;
  if (c.attributes.Has("axis")) {
    const auto axis = Axis(c, 0);
    if (!axis.ok()) return axis.status();
    options.axis = *axis;
  }
  auto x = c.Tensor(0);
  if (!x.ok()) return x.status();
  return c.FinishMany(4, std::move(options), {*x});
}

absl::Status ImportNonZero(OpContext& c) {
  auto x = c.Tensor(0);
  if (!x.ok()) return x.status();
  return c.Finish(schema::NonZeroOptionsT(), {*x});
}

// What is absent is 0 in ONNX: no boxes, no overlap; but no score is too low.
absl::Status ImportNonMaxSuppression(OpContext& c) {
  Steps s(c);
  schema::NonMaxSuppressionOptionsT options;
  options.center_point = c.attributes.Int("center_point_box", 0) != 0;
  std::vector<TensorId> inputs = {s.Input(0), s.Input(1)};
  inputs.push_back(c.has(2) ? s.Input(2) : s.Number(DataType::kS64, 0));
  inputs.push_back(c.has(3) ? s.Input(3) : s.Number(DataType::kF32, 0));
  if (c.has(4)) inputs.push_back(s.Input(4));
  return s.Finish(std::move(options), std::move(inputs));
}

absl::Status ImportReverseSequence(OpContext& c) {
  const auto batch = Axis(c, 1, "batch_axis"), time = Axis(c, 0, "time_axis");
  if (!batch.ok()) return batch.status();
  if (!time.ok()) return time.status();
  schema::ReverseSequenceOptionsT options;
  options.batch_axis = *batch;
  options.time_axis = *time;
  auto tensors = c.Tensors(2);
  if (!tensors.ok()) return tensors.status();
  return c.Finish(std::move(options), *std::move(tensors));
}

absl::Status ImportTrilu(OpContext& c) {
  Steps s(c);
  schema::TriluOptionsT options;
  options.upper = c.attributes.Int("upper", 1) != 0;
  std::vector<TensorId> inputs = {s.Input(0)};
  if (c.IsOpen(1)) {
    inputs.push_back(s.Input(1));
  } else {
    const auto k = c.Numbers("k", 1, 14);
    if (!k.ok()) return k.status();
    if (k->size() > 1) return absl::InvalidArgumentError("needs one number k");
    options.k = k->empty() ? 0 : (*k)[0];
  }
  return s.Finish(std::move(options), std::move(inputs));
}

absl::Status ImportDepthToSpace(OpContext& c) {
  schema::DepthToSpaceOptionsT options;
  options.block_size = static_cast<int>(c.attributes.Int("blocksize", 0));
  const std::string mode = c.attributes.String("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") {
    return absl::InvalidArgumentError(absl::StrCat("attribute 'mode' is '", mode, "'"));
  }
  options.column_row = mode == "CRD";
  auto x = c.Tensor(0);
  if (!x.ok()) return x.status();
  return c.Finish(std::move(options), {*x});
}

absl::Status ImportSpaceToDepth(OpContext& c) {
  schema::SpaceToDepthOptionsT options;
  options.block_size = static_cast<int>(c.attributes.Int("blocksize", 0));
  if (c.attributes.String("mode", "DCR") != "DCR") {
    return absl::UnimplementedError("orders the depth as CRD; DCR is supported");
  }
  auto x = c.Tensor(0);
  if (!x.ok()) return x.status();
  return c.Finish(std::move(options), {*x});
}

constexpr OpRow kRows[] = {
    {"ArgMax", ImportArg, 1, ""},
    {"ArgMin", ImportArg, 1, ""},
    {"Compress", ImportCompress, 9, ""},
    {"CumProd", ImportCumulate, 26, ""},
    {"CumSum", ImportCumulate, 11, ""},
    {"DepthToSpace", ImportDepthToSpace, 1, ""},
    {"Gather", ImportGather, 1, ""},
    {"GatherElements", ImportGatherElements, 11, ""},
    {"GatherND", ImportGatherND, 11, ""},
    {"NonMaxSuppression", ImportNonMaxSuppression, 10, ""},
    {"NonZero", ImportNonZero, 9, ""},
    {"OneHot", ImportOneHot, 9, ""},
    {"ReverseSequence", ImportReverseSequence, 10, ""},
    {"Scatter", ImportScatterElements, 9, ""},
    {"ScatterElements", ImportScatterElements, 11, ""},
    {"ScatterND", ImportScatterND, 11, ""},
    {"SpaceToDepth", ImportSpaceToDepth, 1, "mode DCR"},
    {"TopK", ImportTopK, 1, ""},
    {"Trilu", ImportTrilu, 14, ""},
    {"Unique", ImportUnique, 11, ""},
};

}  // namespace

absl::Span<const OpRow> SelectOps() { return kRows; }

}  // namespace octet::importer

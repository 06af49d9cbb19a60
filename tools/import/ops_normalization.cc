#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Softmax, reductions and batch normalization.

namespace octet::importer {
namespace {

absl::StatusOr<Value> ReshapeStep(OpContext& c, const Value& x, const ProbedShape& to,
                                  const std::string& suffix) {
  auto target = GraphBuilder::ReshapeTarget(x.shape, to);
  if (!target.ok()) return target.status();
  schema::ReshapeOptionsT options;
  options.shape = *std::move(target);
  return c.Step(suffix, std::move(options), {x.tensor});
}

// Softmax of opset 12 and before: over all dimensions from `axis` on, as one.
absl::Status FlattenedSoftmax(OpContext& c, size_t axis) {
  const Value& x = c.value(0);
  ProbedShape flat;
  for (size_t p = 0; p < kProbes; ++p) {
    auto shape = FlattenedShape(x.shape[p], static_cast<int64_t>(axis));
    if (!shape.ok()) return shape.status();
    flat[p] = *shape;
  }
  absl::StatusOr<Value> rows = ReshapeStep(c, x, flat, "flatten");
  if (!rows.ok()) return rows.status();
  schema::SoftmaxOptionsT softmax;
  softmax.axis = 1;
  absl::StatusOr<Value> result = c.Step("softmax", std::move(softmax), {rows->tensor});
  if (!result.ok()) return result.status();
  auto target = GraphBuilder::ReshapeTarget(result->shape, x.shape);
  if (!target.ok()) return target.status();
  schema::ReshapeOptionsT back;
  back.shape = *std::move(target);
  return c.Finish(std::move(back), {result->tensor});
}

absl::Status ImportSoftmax(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  Value& value = c.value(0);
  value.tensor = *x;
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
  if (count > 1) return FlattenedSoftmax(c, *axis);
  schema::SoftmaxOptionsT options;
  options.axis = static_cast<int>(wide);
  return c.Finish(std::move(options), {*x});
}

absl::Status ImportReduce(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const std::string& op = c.node.op_type();
  schema::ReduceOptionsT options;
  options.kind = op == "ReduceMean"  ? schema::ReduceKind::MEAN
                 : op == "ReduceSum" ? schema::ReduceKind::SUM
                 : op == "ReduceMax" ? schema::ReduceKind::MAXIMUM
                                     : schema::ReduceKind::MINIMUM;
  auto axes = c.Numbers("axes", 1, op == "ReduceSum" ? 13 : 18);
  if (!axes.ok()) return axes.status();
  const bool noop = c.attributes.Int("noop_with_empty_axes", 0) != 0;
  options.keep_dims = c.attributes.Int("keepdims", 1) != 0;
  if (axes->empty() && noop) {
    c.outputs = {c.value(0)};
    return absl::OkStatus();
  }
  for (size_t i = 0; i < c.value(0).rank() && axes->empty(); ++i) {
    options.axes.push_back(static_cast<int>(i));
  }
  for (const int64_t a : *axes) {
    const auto axis = NormalizeAxis(a, c.value(0).rank());
    if (!axis.ok()) return axis.status();
    options.axes.push_back(static_cast<int>(*axis));
  }
  std::sort(options.axes.begin(), options.axes.end());
  options.axes.erase(std::unique(options.axes.begin(), options.axes.end()), options.axes.end());
  return c.Finish(std::move(options), {*x});
}

// scale * (x - mean) / sqrt(variance + epsilon) + bias as x * factor + offset.
absl::Status ImportBatchNormalization(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  c.attributes.Ignore("momentum");
  if (c.attributes.Int("training_mode", 0) != 0) {
    return absl::UnimplementedError("is in training mode; export the model for inference");
  }
  if (c.attributes.Int("spatial", 1) != 1) {
    return absl::UnimplementedError(
        "has statistics per element (spatial=0); per channel is supported");
  }
  if (c.value(0).rank() < 2 || !c.value(0).fixed(1)) {
    return absl::UnimplementedError("needs a known number of channels");
  }
  const int64_t channels = c.value(0).shape[0][1];
  std::vector<double> parameters[4];  // scale, bias, mean, variance
  for (size_t i = 1; i <= 4; ++i) {
    if (!c.has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
    if (!c.value(i).is_constant()) {
      return absl::UnimplementedError(
          absl::StrCat("computes '", c.input_name(i), "' while the model runs"));
    }
    parameters[i - 1] = c.value(i).arrays[0].doubles();
    if (parameters[i - 1].size() != static_cast<size_t>(channels)) {
      return absl::InvalidArgumentError(absl::StrCat("'", c.input_name(i), "' has ",
                                                     parameters[i - 1].size(), " entries for ",
                                                     channels, " channels"));
    }
  }
  const double epsilon = c.attributes.Float("epsilon", 1e-5f);
  std::vector<double> factor(static_cast<size_t>(channels)), offset(factor.size());
  for (size_t i = 0; i < factor.size(); ++i) {
    factor[i] = parameters[0][i] / std::sqrt(parameters[3][i] + epsilon);
    offset[i] = parameters[1][i] - parameters[2][i] * factor[i];
  }
  Shape shape(c.value(0).rank() - 1, 1);
  shape[0] = channels;
  schema::BinaryOptionsT mul, add;
  mul.kind = schema::BinaryKind::MUL;
  const TensorId by = c.Constant("factor", Array::OfDoubles(DataType::kF32, shape, factor));
  absl::StatusOr<Value> scaled = c.Step("scaled", std::move(mul), {*x, by});
  if (!scaled.ok()) return scaled.status();
  const TensorId plus = c.Constant("offset", Array::OfDoubles(DataType::kF32, shape, offset));
  return c.Finish(std::move(add), {scaled->tensor, plus});
}

constexpr OpRow kRows[] = {
    {"Softmax", ImportSoftmax},  {"ReduceMean", ImportReduce},
    {"ReduceSum", ImportReduce}, {"ReduceMax", ImportReduce},
    {"ReduceMin", ImportReduce}, {"BatchNormalization", ImportBatchNormalization},
};

}  // namespace

absl::Span<const OpRow> NormalizationOps() { return kRows; }

}  // namespace octet::importer

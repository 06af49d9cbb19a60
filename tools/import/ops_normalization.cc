#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/op.h"
#include "tools/import/steps.h"
#include "tools/simplify/constants.h"

// Normalizations.

namespace octet::importer {
namespace {

using schema::BinaryKind;
using schema::NormalizationKind;
using schema::ReduceKind;
using schema::UnaryKind;

// x * factor + offset, where the parameters are computed: factor = scale / sqrt(variance +
// epsilon), offset = bias - mean * factor, each along dimension 1.
absl::Status ComputedBatchNormalization(OpContext& c, float epsilon) {
  Steps s(c);
  const TensorId x = s.Input(0);
  TensorId parameters[4];  // scale, bias, mean, variance
  for (size_t i = 0; i < 4; ++i) parameters[i] = s.Input(i + 1);
  const TensorId variance =
      s.Sum("variance", parameters[3], s.Number(DataType::kF32, static_cast<double>(epsilon)));
  const TensorId deviation = s.Unary("deviation", UnaryKind::SQRT, variance);
  TensorId factor = s.Binary("factor", BinaryKind::DIV, parameters[0], deviation);
  const TensorId shift = s.Product("shift", parameters[2], factor);
  TensorId offset = s.Binary("offset", BinaryKind::SUB, parameters[1], shift);
  std::vector<int64_t> shape(c.value(0).rank() - 1, 1);
  shape[0] = -1;
  factor = s.Reshape("factors", shape, factor);
  offset = s.Reshape("offsets", shape, offset);
  return s.Finish(Binary(BinaryKind::ADD), {s.Product("scaled", x, factor), offset});
}

// scale * (x - mean) / sqrt(variance + epsilon) + bias as x * factor + offset.
absl::Status ConstantBatchNormalization(OpContext& c, float epsilon_attribute) {
  Steps s(c);
  const TensorId x = s.Input(0);
  const int64_t channels = NumElements(c.value(1).shape[0]);
  std::vector<double> parameters[4];  // scale, bias, mean, variance
  for (size_t i = 1; i <= 4; ++i) {
    parameters[i - 1] = c.value(i).arrays[0].doubles();
    if (parameters[i - 1].size() != static_cast<size_t>(channels)) {
      return absl::InvalidArgumentError(absl::StrCat("'", c.input_name(i), "' has ",
                                                     parameters[i - 1].size(), " entries for ",
                                                     channels, " channels"));
    }
  }
  const double epsilon = epsilon_attribute;
  std::vector<double> factor(static_cast<size_t>(channels)), offset(factor.size());
  for (size_t i = 0; i < factor.size(); ++i) {
    factor[i] = parameters[0][i] / std::sqrt(parameters[3][i] + epsilon);
    offset[i] = parameters[1][i] - parameters[2][i] * factor[i];
  }
  Shape shape(c.value(0).rank() - 1, 1);
  shape[0] = channels;
  const TensorId by = c.Constant("factor", Array::OfDoubles(DataType::kF32, shape, factor));
  const TensorId plus = c.Constant("offset", Array::OfDoubles(DataType::kF32, shape, offset));
  return s.Finish(Binary(BinaryKind::ADD), {s.Product("scaled", x, by), plus});
}

absl::Status ImportBatchNormalization(OpContext& c) {
  c.attributes.Ignore("momentum");
  if (c.attributes.Int("training_mode", 0) != 0) {
    return absl::UnimplementedError("is in training mode; export the model for inference");
  }
  if (c.attributes.Int("spatial", 1) != 1) {
    return absl::UnimplementedError(
        "has statistics per element (spatial=0); per channel is supported");
  }
  for (size_t i = 0; i <= 4; ++i) {
    if (!c.has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
  }
  if (c.value(0).rank() < 2) return absl::UnimplementedError("needs a dimension of channels");
  const float epsilon = c.attributes.Float("epsilon", 1e-5f);
  for (size_t i = 1; i <= 4; ++i) {
    if (c.IsOpen(i)) return ComputedBatchNormalization(c, epsilon);
  }
  return ConstantBatchNormalization(c, epsilon);
}

// Mean and 1 / sqrt(variance + epsilon) over the dimensions from `axis` on.
absl::Status LayerStatistics(OpContext& c, size_t axis, float epsilon, Value& mean,
                             Value& inverse) {
  Steps s(c);
  const TensorId x = s.Input(0);
  std::vector<int> axes;
  for (size_t i = axis; i < c.value(0).rank(); ++i) axes.push_back(static_cast<int>(i));
  const TensorId average = s.Reduce("mean", ReduceKind::MEAN, axes, x);
  const TensorId centered = s.Binary("centered", BinaryKind::SUB, x, average);
  const TensorId variance =
      s.Reduce("variance", ReduceKind::MEAN, axes, s.Product("squares", centered, centered));
  const TensorId sum =
      s.Sum("stable", variance, s.Number(DataType::kF32, static_cast<double>(epsilon)));
  const TensorId result =
      s.Unary("inverse", UnaryKind::RECIPROCAL, s.Unary("deviation", UnaryKind::SQRT, sum));
  if (!s.ok()) return s.status();
  mean = ValueOf(c.builder, average);
  inverse = ValueOf(c.builder, result);
  return absl::OkStatus();
}

// LayerNormalization and RMSNormalization.
absl::Status ImportLayerNormalization(OpContext& c) {
  c.attributes.Ignore("stash_type");  // everything is computed in f32
  auto tensors = c.Tensors(2);
  if (!tensors.ok()) return tensors.status();
  const auto axis = NormalizeAxis(c.attributes.Int("axis", -1), c.value(0).rank());
  if (!axis.ok()) return axis.status();
  schema::NormalizationOptionsT options;
  const bool layer = c.node.op_type() == "LayerNormalization";
  options.kind = layer ? NormalizationKind::LAYER : NormalizationKind::RMS;
  options.axis = static_cast<int>(*axis);
  options.epsilon = c.attributes.Float("epsilon", 1e-5f);
  const float epsilon = options.epsilon;
  if (absl::Status s = c.Finish(std::move(options), *std::move(tensors)); !s.ok()) return s;
  if (!c.wants(1) && !c.wants(2)) return absl::OkStatus();
  c.outputs.resize(3);
  return LayerStatistics(c, *axis, epsilon, c.outputs[1], c.outputs[2]);
}

absl::Status ImportInstanceNormalization(OpContext& c) {
  auto tensors = c.Tensors(3);
  if (!tensors.ok()) return tensors.status();
  if (c.value(0).rank() < 3 || !c.value(0).fixed(1)) {
    return absl::UnimplementedError("needs a known number of channels");
  }
  schema::NormalizationOptionsT options;
  options.kind = NormalizationKind::GROUP;
  options.groups = static_cast<int>(c.value(0).shape[0][1]);
  options.epsilon = c.attributes.Float("epsilon", 1e-5f);
  return c.Finish(std::move(options), *std::move(tensors));
}

// Before opset 21 scale and bias have an entry per group.
absl::Status ImportGroupNormalization(OpContext& c) {
  c.attributes.Ignore("stash_type");
  Steps s(c);
  std::vector<TensorId> inputs = {s.Input(0), s.Input(1), s.Input(2)};
  if (!s.ok()) return s.status();
  const int64_t groups = c.attributes.Int("num_groups", 0);
  if (groups < 1 || c.value(0).rank() < 2) {
    return absl::InvalidArgumentError(absl::StrCat("has ", groups, " groups"));
  }
  schema::NormalizationOptionsT options;
  options.kind = NormalizationKind::GROUP;
  options.groups = static_cast<int>(groups);
  options.epsilon = c.attributes.Float("epsilon", 1e-5f);
  if (c.opset >= 21) return s.Finish(std::move(options), std::move(inputs));
  if (!c.value(0).fixed(1)) return absl::UnimplementedError("needs a known number of channels");
  const int64_t channels = c.value(0).shape[0][1];
  std::vector<int64_t> group_of;
  for (int64_t i = 0; i < channels && channels % groups == 0; ++i) {
    group_of.push_back(i / (channels / groups));
  }
  const TensorId indices = s.Numbers(group_of);
  for (size_t i = 1; i <= 2; ++i) {
    inputs[i] = s.Add(i == 1 ? "scales" : "biases", schema::GatherOptionsT(), {inputs[i], indices});
  }
  return s.Finish(std::move(options), std::move(inputs));
}

// (x - mean) / (sqrt(mean((x - mean)^2)) + 1e-9), as the function that ONNX defines it by.
absl::Status ImportMeanVarianceNormalization(OpContext& c) {
  Steps s(c);
  const TensorId x = s.Input(0);
  if (!s.ok()) return s.status();
  std::vector<int64_t> given = c.attributes.Ints("axes");
  if (!c.attributes.Has("axes")) given = {0, 2, 3};
  std::vector<int> axes;
  for (const int64_t a : given) {
    const auto axis = NormalizeAxis(a, c.value(0).rank());
    if (!axis.ok()) return axis.status();
    axes.push_back(static_cast<int>(*axis));
  }
  std::sort(axes.begin(), axes.end());
  const TensorId mean = s.Reduce("mean", ReduceKind::MEAN, axes, x);
  const TensorId centered = s.Binary("centered", BinaryKind::SUB, x, mean);
  const TensorId variance =
      s.Reduce("variance", ReduceKind::MEAN, axes, s.Product("squares", centered, centered));
  const TensorId deviation = s.Sum("deviation", s.Unary("root", UnaryKind::SQRT, variance),
                                   s.Number(DataType::kF32, 1e-9));
  return s.Finish(Binary(BinaryKind::DIV), {centered, deviation});
}

// x / norm; all 0 where the norm is.
absl::Status ImportLpNormalization(OpContext& c) {
  Steps s(c);
  const TensorId x = s.Input(0);
  if (!s.ok()) return s.status();
  const int64_t p = c.attributes.Int("p", 2);
  const auto axis = NormalizeAxis(c.attributes.Int("axis", -1), c.value(0).rank());
  if (!axis.ok()) return axis.status();
  if (p != 1 && p != 2) return absl::InvalidArgumentError(absl::StrCat("attribute 'p' is ", p));
  const std::vector<int> axes = {static_cast<int>(*axis)};
  const TensorId powers =
      p == 1 ? s.Unary("magnitudes", UnaryKind::ABS, x) : s.Product("squares", x, x);
  TensorId norm = s.Reduce("norm", ReduceKind::SUM, axes, powers);
  if (p == 2) norm = s.Unary("root", UnaryKind::SQRT, norm);
  const TensorId zero = s.Binary("is_zero", BinaryKind::EQUAL, norm, s.Number(DataType::kF32, 0.0));
  const TensorId divisor =
      s.Add("divisor", schema::WhereOptionsT(), {zero, s.Number(DataType::kF32, 1.0), norm});
  return s.Finish(Binary(BinaryKind::DIV), {x, divisor});
}

absl::Status ImportLrn(OpContext& c) {
  auto x = c.Tensor(0);
  if (!x.ok()) return x.status();
  schema::LrnOptionsT options;
  options.size = static_cast<int>(c.attributes.Int("size", 0));
  options.alpha = c.attributes.Float("alpha", 1e-4f);
  options.beta = c.attributes.Float("beta", 0.75f);
  options.bias = c.attributes.Float("bias", 1.0f);
  return c.Finish(std::move(options), {*x});
}

constexpr OpRow kRows[] = {
    {"BatchNormalization", ImportBatchNormalization, 1, "inference"},
    {"GroupNormalization", ImportGroupNormalization, 18, ""},
    {"InstanceNormalization", ImportInstanceNormalization, 1, "a fixed number of channels"},
    {"LRN", ImportLrn, 1, ""},
    {"LayerNormalization", ImportLayerNormalization, 17, ""},
    {"LpNormalization", ImportLpNormalization, 1, ""},
    {"MeanVarianceNormalization", ImportMeanVarianceNormalization, 9, ""},
    {"RMSNormalization", ImportLayerNormalization, 23, ""},
};

}  // namespace

absl::Span<const OpRow> NormalizationOps() { return kRows; }

}  // namespace octet::importer

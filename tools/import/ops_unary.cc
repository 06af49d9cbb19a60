#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Functions of one number.

namespace octet::importer {

schema::UnaryOptionsT Unary(schema::UnaryKind kind, float alpha, float beta) {
  schema::UnaryOptionsT options;
  options.kind = kind;
  options.alpha = alpha;
  options.beta = beta;
  return options;
}

namespace {

using schema::BinaryKind;
using schema::UnaryKind;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// An attribute that is a parameter of the function; without a name it is always `absent`.
struct Parameter {
  const char* name = nullptr;
  float absent = 0.0f;
};

struct UnaryRow {
  const char* op;
  UnaryKind kind;
  int since;
  Parameter alpha = {};
  Parameter beta = {};
};

constexpr UnaryRow kUnary[] = {
    {"Abs", UnaryKind::ABS, 1},
    {"Acos", UnaryKind::ACOS, 7},
    {"Acosh", UnaryKind::ACOSH, 9},
    {"Asin", UnaryKind::ASIN, 7},
    {"Asinh", UnaryKind::ASINH, 9},
    {"Atan", UnaryKind::ATAN, 7},
    {"Atanh", UnaryKind::ATANH, 9},
    {"BitwiseNot", UnaryKind::BIT_NOT, 18},
    {"Ceil", UnaryKind::CEIL, 1},
    {"Celu", UnaryKind::CELU, 12, {"alpha", 1.0f}},
    {"Cos", UnaryKind::COS, 7},
    {"Cosh", UnaryKind::COSH, 9},
    {"Elu", UnaryKind::ELU, 1, {"alpha", 1.0f}},
    {"Erf", UnaryKind::ERF, 9},
    {"Exp", UnaryKind::EXP, 1},
    {"Floor", UnaryKind::FLOOR, 1},
    {"HardSigmoid", UnaryKind::HARD_SIGMOID, 1, {"alpha", 0.2f}, {"beta", 0.5f}},
    {"HardSwish", UnaryKind::HARD_SWISH, 14},
    {"IsNaN", UnaryKind::IS_NAN, 9},
    {"LeakyRelu", UnaryKind::LEAKY_RELU, 1, {"alpha", 0.01f}},
    {"Log", UnaryKind::LOG, 1},
    {"Mish", UnaryKind::MISH, 18},
    {"Neg", UnaryKind::NEG, 1},
    {"Not", UnaryKind::NOT, 1},
    {"Reciprocal", UnaryKind::RECIPROCAL, 1},
    {"Round", UnaryKind::ROUND, 11},
    {"Selu",
     UnaryKind::SELU,
     1,
     {"alpha", 1.67326319217681884765625f},
     {"gamma", 1.05070102214813232421875f}},
    {"Shrink", UnaryKind::SHRINK, 9, {"lambd", 0.5f}, {"bias", 0.0f}},
    {"Sigmoid", UnaryKind::SIGMOID, 1},
    {"Sign", UnaryKind::SIGN, 9},
    {"Sin", UnaryKind::SIN, 7},
    {"Sinh", UnaryKind::SINH, 9},
    {"Softplus", UnaryKind::SOFTPLUS, 1},
    {"Softsign", UnaryKind::SOFTSIGN, 1},
    {"Sqrt", UnaryKind::SQRT, 1},
    {"Tan", UnaryKind::TAN, 7},
    {"Tanh", UnaryKind::TANH, 1},
    {"ThresholdedRelu", UnaryKind::THRESHOLDED_RELU, 10, {"alpha", 1.0f}},
};

absl::Status ImportUnary(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const auto read = [&c](const Parameter& p) {
    return p.name == nullptr ? p.absent : c.attributes.Float(p.name, p.absent);
  };
  for (const UnaryRow& row : kUnary) {
    if (c.node.op_type() != row.op) continue;
    return c.Finish(Unary(row.kind, read(row.alpha), read(row.beta)), {*x});
  }
  return absl::InternalError("is missing in the table of functions");
}

absl::Status ImportIsInf(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const auto negative = static_cast<float>(c.attributes.Int("detect_negative", 1) != 0);
  const auto positive = static_cast<float>(c.attributes.Int("detect_positive", 1) != 0);
  return c.Finish(Unary(UnaryKind::IS_INF, negative, positive), {*x});
}

absl::Status ImportGelu(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const std::string approximate = c.attributes.String("approximate", "none");
  if (approximate != "none" && approximate != "tanh") {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'approximate' is '", approximate, "'"));
  }
  return c.Finish(Unary(approximate == "tanh" ? UnaryKind::GELU_TANH : UnaryKind::GELU), {*x});
}

// x * sigmoid(alpha * x)
absl::Status ImportSwish(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const float alpha = c.attributes.Float("alpha", 1.0f);
  if (alpha == 1.0f) return c.Finish(Unary(UnaryKind::SWISH), {*x});
  const TensorId factor = c.Number("alpha", DataType::kF32, static_cast<double>(alpha));
  auto scaled = c.Step("scaled", Binary(BinaryKind::MUL), {*x, factor});
  if (!scaled.ok()) return scaled.status();
  auto gate = c.Step("gate", Unary(UnaryKind::SIGMOID), {scaled->tensor});
  if (!gate.ok()) return gate.status();
  return c.Finish(Binary(BinaryKind::MUL), {*x, gate->tensor});
}

absl::Status ImportRelu(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  if (IsReal(c.value(0).type)) return c.Finish(Unary(UnaryKind::CLIP, 0.0f, kInfinity), {*x});
  const TensorId zero = c.Number("zero", c.value(0).type, 0.0);
  return c.Finish(Binary(BinaryKind::MAXIMUM), {*x, zero});
}

// Bounds that are computed, and those of integers, are a maximum and a minimum.
absl::Status ClipByExtremes(OpContext& c, TensorId x) {
  const bool low = c.has(1), high = c.has(2);
  if (low) {
    absl::StatusOr<TensorId> bound = c.Tensor(1);
    if (!bound.ok()) return bound.status();
    if (!high) return c.Finish(Binary(BinaryKind::MAXIMUM), {x, *bound});
    auto raised = c.Step("raised", Binary(BinaryKind::MAXIMUM), {x, *bound});
    if (!raised.ok()) return raised.status();
    x = raised->tensor;
  }
  if (!high) return c.Forward(0);
  absl::StatusOr<TensorId> bound = c.Tensor(2);
  if (!bound.ok()) return bound.status();
  return c.Finish(Binary(BinaryKind::MINIMUM), {x, *bound});
}

absl::Status ImportClip(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  float low = -kInfinity, high = kInfinity;
  if (c.opset < 11) {
    low = c.attributes.Float("min", low);
    high = c.attributes.Float("max", high);
  } else {
    if (!IsReal(c.value(0).type) || c.IsOpen(1) || c.IsOpen(2)) return ClipByExtremes(c, *x);
    absl::StatusOr<float> min = c.Scalar(1, low);
    absl::StatusOr<float> max = c.Scalar(2, high);
    if (!min.ok()) return min.status();
    if (!max.ok()) return max.status();
    low = *min;
    high = *max;
  }
  if (std::isnan(low) || std::isnan(high)) return absl::InvalidArgumentError("clips to NaN");
  // min(max(x, low), high) is `high` everywhere when the bounds are exchanged.
  return c.Finish(Unary(UnaryKind::CLIP, std::min(low, high), high), {*x});
}

constexpr OpRow kOthers[] = {
    {"Clip", ImportClip, 1, ""}, {"Gelu", ImportGelu, 20, ""},   {"IsInf", ImportIsInf, 10, ""},
    {"Relu", ImportRelu, 1, ""}, {"Swish", ImportSwish, 24, ""},
};

constexpr auto MakeRows() {
  std::array<OpRow, std::size(kUnary) + std::size(kOthers)> rows{};
  size_t i = 0;
  for (const UnaryRow& row : kUnary) rows[i++] = {row.op, ImportUnary, row.since, ""};
  for (const OpRow& row : kOthers) rows[i++] = row;
  return rows;
}

constexpr auto kRows = MakeRows();

}  // namespace

absl::Span<const OpRow> UnaryOps() { return kRows; }

}  // namespace octet::importer

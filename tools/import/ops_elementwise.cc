#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Functions of one number, and of two or more that broadcast.

namespace octet::importer {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

schema::UnaryOptionsT Unary(UnaryKind kind, float alpha = 0.0f, float beta = 0.0f) {
  schema::UnaryOptionsT options;
  options.kind = kind;
  options.alpha = alpha;
  options.beta = beta;
  return options;
}

schema::BinaryOptionsT Binary(BinaryKind kind) {
  schema::BinaryOptionsT options;
  options.kind = kind;
  return options;
}

struct UnaryRow {
  const char* op;
  UnaryKind kind;
};

constexpr UnaryRow kUnary[] = {
    {"Sigmoid", UnaryKind::SIGMOID},
    {"Tanh", UnaryKind::TANH},
    {"Exp", UnaryKind::EXP},
    {"Log", UnaryKind::LOG},
    {"Sqrt", UnaryKind::SQRT},
    {"Reciprocal", UnaryKind::RECIPROCAL},
    {"Abs", UnaryKind::ABS},
    {"Neg", UnaryKind::NEG},
    {"Floor", UnaryKind::FLOOR},
    {"Ceil", UnaryKind::CEIL},
    {"Round", UnaryKind::ROUND},
    {"Erf", UnaryKind::ERF},
    {"HardSwish", UnaryKind::HARD_SWISH},
    {"Softplus", UnaryKind::SOFTPLUS},
    {"Sign", UnaryKind::SIGN},
    {"Sin", UnaryKind::SIN},
    {"Cos", UnaryKind::COS},
};

absl::Status ImportUnary(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  for (const UnaryRow& row : kUnary) {
    if (c.node.op_type() == row.op) return c.Finish(Unary(row.kind), {*x});
  }
  return absl::InternalError("is missing in the table of functions");
}

// Relu, LeakyRelu, Elu, HardSigmoid: functions with parameters.
absl::Status ImportParameterized(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const std::string& op = c.node.op_type();
  if (op == "Relu") return c.Finish(Unary(UnaryKind::CLIP, 0.0f, kInfinity), {*x});
  if (op == "LeakyRelu") {
    return c.Finish(Unary(UnaryKind::LEAKY_RELU, c.attributes.Float("alpha", 0.01f)), {*x});
  }
  if (op == "Elu") return c.Finish(Unary(UnaryKind::ELU, c.attributes.Float("alpha", 1.0f)), {*x});
  return c.Finish(Unary(UnaryKind::HARD_SIGMOID, c.attributes.Float("alpha", 0.2f),
                        c.attributes.Float("beta", 0.5f)),
                  {*x});
}

absl::Status ImportGelu(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  if (c.attributes.String("approximate", "none") != "none") {
    return absl::UnimplementedError("approximates by tanh; approximate=none is supported");
  }
  return c.Finish(Unary(UnaryKind::GELU), {*x});
}

// LeakyRelu where the slope is one number; with others max(x, 0) + slope * min(x, 0).
absl::Status ImportPRelu(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  if (!c.has(1)) return absl::InvalidArgumentError("lacks its slopes");
  if (c.value(1).is_constant() && NumElements(c.value(1).shape[0]) == 1) {
    const auto slope = static_cast<float>(c.value(1).arrays[0].doubles()[0]);
    return c.Finish(Unary(UnaryKind::LEAKY_RELU, slope), {*x});
  }
  absl::StatusOr<TensorId> slopes = c.Tensor(1);
  if (!slopes.ok()) return slopes.status();
  auto positive = c.Step("positive", Unary(UnaryKind::CLIP, 0.0f, kInfinity), {*x});
  if (!positive.ok()) return positive.status();
  auto negative = c.Step("negative", Unary(UnaryKind::CLIP, -kInfinity, 0.0f), {*x});
  if (!negative.ok()) return negative.status();
  auto scaled = c.Step("scaled", Binary(BinaryKind::MUL), {negative->tensor, *slopes});
  if (!scaled.ok()) return scaled.status();
  return c.Finish(Binary(BinaryKind::ADD), {positive->tensor, scaled->tensor});
}

absl::Status ImportClip(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  float low = -kInfinity, high = kInfinity;
  if (c.opset < 11) {
    low = c.attributes.Float("min", low);
    high = c.attributes.Float("max", high);
  } else {
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

struct BinaryRow {
  const char* op;
  BinaryKind kind;
};

constexpr BinaryRow kBinary[] = {
    {"Add", BinaryKind::ADD},     {"Sum", BinaryKind::ADD}, {"Sub", BinaryKind::SUB},
    {"Mul", BinaryKind::MUL},     {"Div", BinaryKind::DIV}, {"Min", BinaryKind::MINIMUM},
    {"Max", BinaryKind::MAXIMUM}, {"Pow", BinaryKind::POW},
};

// Min, Max and Sum of n inputs are n - 1 operations.
absl::Status ImportBinary(OpContext& c) {
  BinaryKind kind = BinaryKind::ADD;
  for (const BinaryRow& row : kBinary) {
    if (c.node.op_type() == row.op) kind = row.kind;
  }
  absl::StatusOr<TensorId> result = c.Tensor(0);
  if (!result.ok()) return result.status();
  const size_t count = c.inputs.size();
  if (count == 1) {
    if (c.node.op_type() != "Sum" && kind != BinaryKind::MINIMUM && kind != BinaryKind::MAXIMUM) {
      return absl::InvalidArgumentError("lacks input 1");
    }
    c.outputs = {c.value(0)};
    return absl::OkStatus();
  }
  for (size_t i = 1; i < count; ++i) {
    absl::StatusOr<TensorId> next = c.Tensor(i);
    if (!next.ok()) return next.status();
    if (i + 1 == count) return c.Finish(Binary(kind), {*result, *next});
    absl::StatusOr<Value> partial =
        c.Step(absl::StrCat("partial", i), Binary(kind), {*result, *next});
    if (!partial.ok()) return partial.status();
    result = partial->tensor;
  }
  return absl::InvalidArgumentError("has no inputs");
}

absl::Status ImportPow(OpContext& c) {
  if (!c.has(1) || !c.value(1).is_constant()) return ImportBinary(c);
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const Array& exponent = c.value(1).arrays[0];
  const std::vector<double> values = exponent.doubles();
  // Exponents may be integers; a square needs no logarithm.
  const bool keeps_shape = exponent.shape.size() <= c.value(0).rank();
  if (values.size() == 1 && keeps_shape && values[0] == 2.0) {
    return c.Finish(Binary(BinaryKind::MUL), {*x, *x});
  }
  if (values.size() == 1 && keeps_shape && values[0] == 0.5) {
    return c.Finish(Unary(UnaryKind::SQRT), {*x});
  }
  const TensorId power =
      c.builder
          .AddConstant(c.input_name(1), Array::OfDoubles(DataType::kF32, exponent.shape, values))
          .tensor;
  return c.Finish(Binary(BinaryKind::POW), {*x, power});
}

constexpr OpRow kRows[] = {
    {"Sigmoid", ImportUnary},
    {"Tanh", ImportUnary},
    {"Exp", ImportUnary},
    {"Log", ImportUnary},
    {"Sqrt", ImportUnary},
    {"Reciprocal", ImportUnary},
    {"Abs", ImportUnary},
    {"Neg", ImportUnary},
    {"Floor", ImportUnary},
    {"Ceil", ImportUnary},
    {"Round", ImportUnary},
    {"Erf", ImportUnary},
    {"HardSwish", ImportUnary},
    {"Softplus", ImportUnary},
    {"Sign", ImportUnary},
    {"Sin", ImportUnary},
    {"Cos", ImportUnary},
    {"Relu", ImportParameterized},
    {"LeakyRelu", ImportParameterized},
    {"Elu", ImportParameterized},
    {"HardSigmoid", ImportParameterized},
    {"Gelu", ImportGelu},
    {"PRelu", ImportPRelu},
    {"Clip", ImportClip},
    {"Add", ImportBinary},
    {"Sum", ImportBinary},
    {"Sub", ImportBinary},
    {"Mul", ImportBinary},
    {"Div", ImportBinary},
    {"Min", ImportBinary},
    {"Max", ImportBinary},
    {"Pow", ImportPow},
};

}  // namespace

absl::Span<const OpRow> ElementwiseOps() { return kRows; }

}  // namespace octet::importer

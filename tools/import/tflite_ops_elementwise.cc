#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tools/import/tflite_op.h"

// Functions of one number, and of two that broadcast.

namespace octet::importer {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;
using Code = tflite::BuiltinOperator;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

schema::UnaryOptionsT Unary(UnaryKind kind, float alpha = 0.0f, float beta = 0.0f) {
  schema::UnaryOptionsT options;
  options.kind = kind;
  options.alpha = alpha;
  options.beta = beta;
  return options;
}

schema::BinaryOptionsT Binary(BinaryKind kind, const ActivationBounds& bounds = {}) {
  schema::BinaryOptionsT options;
  options.kind = kind;
  options.activation_min = bounds.min;
  options.activation_max = bounds.max;
  return options;
}

struct UnaryRow {
  Code code;
  UnaryKind kind;
  float alpha = 0.0f;
  float beta = 0.0f;
};

constexpr UnaryRow kUnary[] = {
    {Code::LOGISTIC, UnaryKind::SIGMOID},
    {Code::TANH, UnaryKind::TANH},
    {Code::RELU, UnaryKind::CLIP, 0.0f, kInfinity},
    {Code::RELU6, UnaryKind::CLIP, 0.0f, 6.0f},
    {Code::RELU_N1_TO_1, UnaryKind::CLIP, -1.0f, 1.0f},
    {Code::RELU_0_TO_1, UnaryKind::CLIP, 0.0f, 1.0f},
    {Code::ELU, UnaryKind::ELU, 1.0f},
    {Code::HARD_SWISH, UnaryKind::HARD_SWISH},
    {Code::EXP, UnaryKind::EXP},
    {Code::LOG, UnaryKind::LOG},
    {Code::SQRT, UnaryKind::SQRT},
    {Code::ABS, UnaryKind::ABS},
    {Code::NEG, UnaryKind::NEG},
    {Code::FLOOR, UnaryKind::FLOOR},
    {Code::CEIL, UnaryKind::CEIL},
    {Code::ROUND, UnaryKind::ROUND},
    {Code::SIN, UnaryKind::SIN},
    {Code::COS, UnaryKind::COS},
    {Code::SIGN, UnaryKind::SIGN},
};

absl::Status FinishUnary(TfliteOp& op, schema::UnaryOptionsT options) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  const Order order = op.in(0).home;
  const absl::StatusOr<TensorId> x = op.Tensor(0, order);
  if (!x.ok()) return x.status();
  return op.Finish(std::move(options), {*x}, order);
}

absl::Status ImportUnary(TfliteOp& op) {
  for (const UnaryRow& row : kUnary) {
    if (row.code == op.code) return FinishUnary(op, Unary(row.kind, row.alpha, row.beta));
  }
  return absl::InternalError("is missing in the table of functions");
}

absl::Status ImportLeakyRelu(TfliteOp& op) {
  return FinishUnary(op,
                     Unary(UnaryKind::LEAKY_RELU, op.Options<tflite::LeakyReluOptions>().alpha));
}

absl::Status ImportGelu(TfliteOp& op) {
  const bool approximate = op.Options<tflite::GeluOptions>().approximate;
  return FinishUnary(op, Unary(approximate ? UnaryKind::GELU_TANH : UnaryKind::GELU));
}

absl::Status ImportRsqrt(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  const Order order = op.in(0).home;
  const absl::StatusOr<TensorId> x = op.Reals(0, op.in(0).rank(), order);
  if (!x.ok()) return x.status();
  const absl::StatusOr<TensorId> root = op.RealStep("sqrt", Unary(UnaryKind::SQRT), {*x});
  if (!root.ok()) return root.status();
  return op.FinishReal(Unary(UnaryKind::RECIPROCAL), {*root}, order);
}

absl::Status ImportNot(TfliteOp& op) { return FinishUnary(op, Unary(UnaryKind::NOT)); }

// The two operands of a function, in the order that one of them has already.
struct Operands {
  TensorId a, b;
  size_t rank;
  Order order;
};

absl::StatusOr<Operands> ReadOperands(TfliteOp& op, bool real) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  Operands operands{};
  operands.rank = std::max(op.in(0).rank(), op.in(1).rank());
  operands.order = operands.rank == 4 ? op.CommonOrder() : Order::kFile;
  TensorId* ids[] = {&operands.a, &operands.b};
  for (size_t i = 0; i < 2; ++i) {
    const auto id = real ? op.Reals(i, operands.rank, operands.order)
                         : op.Broadcast(i, operands.rank, operands.order);
    if (!id.ok()) return id.status();
    *ids[i] = *id;
  }
  return operands;
}

absl::Status FinishBinary(TfliteOp& op, BinaryKind kind, tflite::ActivationFunction activation) {
  const absl::StatusOr<ActivationBounds> bounds = BoundsOf(activation);
  if (!bounds.ok()) return bounds.status();
  const absl::StatusOr<Operands> operands = ReadOperands(op, false);
  if (!operands.ok()) return operands.status();
  return op.Finish(Binary(kind, *bounds), {operands->a, operands->b}, operands->order);
}

absl::Status ImportAdd(TfliteOp& op) {
  return FinishBinary(op, BinaryKind::ADD, op.Options<tflite::AddOptions>().activation);
}
absl::Status ImportSub(TfliteOp& op) {
  return FinishBinary(op, BinaryKind::SUB, op.Options<tflite::SubOptions>().activation);
}
absl::Status ImportMul(TfliteOp& op) {
  return FinishBinary(op, BinaryKind::MUL, op.Options<tflite::MulOptions>().activation);
}
absl::Status ImportDiv(TfliteOp& op) {
  return FinishBinary(op, BinaryKind::DIV, op.Options<tflite::DivOptions>().activation);
}
absl::Status ImportMinimum(TfliteOp& op) {
  return FinishBinary(op, BinaryKind::MINIMUM, tflite::ActivationFunction::NONE);
}
absl::Status ImportMaximum(TfliteOp& op) {
  return FinishBinary(op, BinaryKind::MAXIMUM, tflite::ActivationFunction::NONE);
}
absl::Status ImportPow(TfliteOp& op) {
  return FinishBinary(op, BinaryKind::POW, tflite::ActivationFunction::NONE);
}

struct ComparisonRow {
  Code code;
  BinaryKind kind;
  bool negated = false;
};

constexpr ComparisonRow kComparisons[] = {
    {Code::EQUAL, BinaryKind::EQUAL},     {Code::NOT_EQUAL, BinaryKind::EQUAL, true},
    {Code::LESS, BinaryKind::LESS},       {Code::LESS_EQUAL, BinaryKind::LESS_EQUAL},
    {Code::GREATER, BinaryKind::GREATER}, {Code::GREATER_EQUAL, BinaryKind::GREATER_EQUAL},
    {Code::LOGICAL_AND, BinaryKind::AND}, {Code::LOGICAL_OR, BinaryKind::OR},
};

absl::Status ImportComparison(TfliteOp& op) {
  const absl::StatusOr<Operands> operands = ReadOperands(op, true);
  if (!operands.ok()) return operands.status();
  const std::vector<TensorId> ids = {operands->a, operands->b};
  for (const ComparisonRow& row : kComparisons) {
    if (row.code != op.code) continue;
    if (!row.negated) return op.Finish(Binary(row.kind), ids, operands->order);
    auto equal = op.Step("equal", Binary(row.kind), ids, DataType::kBool, absl::nullopt);
    if (!equal.ok()) return equal.status();
    return op.Finish(Unary(UnaryKind::NOT), {equal->tensor}, operands->order);
  }
  return absl::InternalError("is missing in the table of comparisons");
}

absl::Status ImportFloorDiv(TfliteOp& op) {
  const absl::StatusOr<Operands> operands = ReadOperands(op, true);
  if (!operands.ok()) return operands.status();
  if (op.out().type != DataType::kF32) {
    return absl::UnimplementedError("divides integers; floats are supported");
  }
  const auto quotient =
      op.RealStep("quotient", Binary(BinaryKind::DIV), {operands->a, operands->b});
  if (!quotient.ok()) return quotient.status();
  return op.Finish(Unary(UnaryKind::FLOOR), {*quotient}, operands->order);
}

absl::Status ImportFloorMod(TfliteOp& op) {
  return FinishBinary(op, BinaryKind::MOD, tflite::ActivationFunction::NONE);
}

absl::Status ImportSquare(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(1); !s.ok()) return s;
  const Order order = op.in(0).home;
  const absl::StatusOr<TensorId> x = op.Tensor(0, order);
  if (!x.ok()) return x.status();
  return op.Finish(Binary(BinaryKind::MUL), {*x, *x}, order);
}

absl::Status ImportSquaredDifference(TfliteOp& op) {
  const absl::StatusOr<Operands> operands = ReadOperands(op, true);
  if (!operands.ok()) return operands.status();
  const absl::StatusOr<TensorId> difference =
      op.RealStep("difference", Binary(BinaryKind::SUB), {operands->a, operands->b});
  if (!difference.ok()) return difference.status();
  return op.FinishReal(Binary(BinaryKind::MUL), {*difference, *difference}, operands->order);
}

absl::Status ImportPRelu(TfliteOp& op) {
  const absl::StatusOr<Operands> operands = ReadOperands(op, true);
  if (!operands.ok()) return operands.status();
  return op.FinishReal(Binary(BinaryKind::PRELU), {operands->a, operands->b}, operands->order);
}

// The sum of any number of tensors of one shape.
absl::Status ImportAddN(TfliteOp& op) {
  if (absl::Status s = op.CheckCounts(2); !s.ok()) return s;
  const Order order = op.CommonOrder();
  absl::StatusOr<TensorId> sum = op.Reals(0, op.in(0).rank(), order);
  for (size_t i = 1; sum.ok() && i < op.inputs.size(); ++i) {
    const absl::StatusOr<TensorId> next = op.Reals(i, op.in(0).rank(), order);
    if (!next.ok()) return next.status();
    if (i + 1 == op.inputs.size()) {
      return op.FinishReal(Binary(BinaryKind::ADD), {*sum, *next}, order);
    }
    sum = op.RealStep(absl::StrCat("sum", i), Binary(BinaryKind::ADD), {*sum, *next});
  }
  return sum.status();
}

constexpr TfliteRow kRows[] = {
    {Code::LOGISTIC, ImportUnary},
    {Code::TANH, ImportUnary},
    {Code::RELU, ImportUnary},
    {Code::RELU6, ImportUnary},
    {Code::RELU_N1_TO_1, ImportUnary},
    {Code::RELU_0_TO_1, ImportUnary},
    {Code::ELU, ImportUnary},
    {Code::HARD_SWISH, ImportUnary},
    {Code::EXP, ImportUnary},
    {Code::LOG, ImportUnary},
    {Code::SQRT, ImportUnary},
    {Code::ABS, ImportUnary},
    {Code::NEG, ImportUnary},
    {Code::FLOOR, ImportUnary},
    {Code::CEIL, ImportUnary},
    {Code::ROUND, ImportUnary},
    {Code::SIN, ImportUnary},
    {Code::COS, ImportUnary},
    {Code::SIGN, ImportUnary},
    {Code::LEAKY_RELU, ImportLeakyRelu},
    {Code::GELU, ImportGelu},
    {Code::RSQRT, ImportRsqrt},
    {Code::ADD, ImportAdd},
    {Code::SUB, ImportSub},
    {Code::MUL, ImportMul},
    {Code::DIV, ImportDiv},
    {Code::MINIMUM, ImportMinimum},
    {Code::MAXIMUM, ImportMaximum},
    {Code::POW, ImportPow},
    {Code::SQUARE, ImportSquare},
    {Code::SQUARED_DIFFERENCE, ImportSquaredDifference},
    {Code::PRELU, ImportPRelu},
    {Code::ADD_N, ImportAddN},
    {Code::FLOOR_DIV, ImportFloorDiv},
    {Code::FLOOR_MOD, ImportFloorMod},
    {Code::LOGICAL_NOT, ImportNot},
    {Code::EQUAL, ImportComparison},
    {Code::NOT_EQUAL, ImportComparison},
    {Code::LESS, ImportComparison},
    {Code::LESS_EQUAL, ImportComparison},
    {Code::GREATER, ImportComparison},
    {Code::GREATER_EQUAL, ImportComparison},
    {Code::LOGICAL_AND, ImportComparison},
    {Code::LOGICAL_OR, ImportComparison},
};

}  // namespace

absl::Span<const TfliteRow> TfliteElementwiseOps() { return kRows; }

}  // namespace octet::importer

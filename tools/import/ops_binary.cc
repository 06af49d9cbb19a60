#include <array>

#include "absl/strings/str_cat.h"
#include "tools/import/op.h"
#include "tools/simplify/constants.h"

// Functions of two or more numbers that broadcast.

namespace octet::importer {

schema::BinaryOptionsT Binary(schema::BinaryKind kind) {
  schema::BinaryOptionsT options;
  options.kind = kind;
  return options;
}

namespace {

using schema::BinaryKind;
using schema::UnaryKind;

struct BinaryRow {
  const char* op;
  BinaryKind kind;
  int since;
  bool variadic = false;  // any number of inputs from one on
};

constexpr BinaryRow kBinary[] = {
    {"Add", BinaryKind::ADD, 1},
    {"And", BinaryKind::AND, 1},
    {"BitwiseAnd", BinaryKind::BIT_AND, 18},
    {"BitwiseOr", BinaryKind::BIT_OR, 18},
    {"BitwiseXor", BinaryKind::BIT_XOR, 18},
    {"Div", BinaryKind::DIV, 1},
    {"Equal", BinaryKind::EQUAL, 1},
    {"Greater", BinaryKind::GREATER, 1},
    {"GreaterOrEqual", BinaryKind::GREATER_EQUAL, 12},
    {"Less", BinaryKind::LESS, 1},
    {"LessOrEqual", BinaryKind::LESS_EQUAL, 12},
    {"Max", BinaryKind::MAXIMUM, 1, true},
    {"Min", BinaryKind::MINIMUM, 1, true},
    {"Mul", BinaryKind::MUL, 1},
    {"Or", BinaryKind::OR, 1},
    {"Sub", BinaryKind::SUB, 1},
    {"Sum", BinaryKind::ADD, 1, true},
    {"Xor", BinaryKind::XOR, 1},
};

const BinaryRow* FindRow(const std::string& op) {
  for (const BinaryRow& row : kBinary) {
    if (op == row.op) return &row;
  }
  return nullptr;
}

// All inputs but the last joined by `kind`, one after the other.
absl::StatusOr<TensorId> Accumulate(OpContext& c, BinaryKind kind, size_t count) {
  absl::StatusOr<TensorId> result = c.Tensor(0);
  for (size_t i = 1; i < count && result.ok(); ++i) {
    absl::StatusOr<TensorId> next = c.Tensor(i);
    if (!next.ok()) return next.status();
    absl::StatusOr<Value> partial =
        c.Step(absl::StrCat("partial", i), Binary(kind), {*result, *next});
    if (!partial.ok()) return partial.status();
    result = partial->tensor;
  }
  return result;
}

// Min, Max and Sum of n inputs are n - 1 operations.
absl::Status ImportBinary(OpContext& c) {
  const BinaryRow& row = *FindRow(c.node.op_type());
  const size_t count = c.inputs.size();
  if (count == 0 || (!row.variadic && count != 2)) {
    return absl::InvalidArgumentError(absl::StrCat("has ", count, " inputs"));
  }
  if (count == 1) return c.Forward(0);
  const absl::StatusOr<TensorId> first = Accumulate(c, row.kind, count - 1);
  if (!first.ok()) return first.status();
  const absl::StatusOr<TensorId> last = c.Tensor(count - 1);
  if (!last.ok()) return last.status();
  return c.Finish(Binary(row.kind), {*first, *last});
}

absl::Status ImportMean(OpContext& c) {
  const size_t count = c.inputs.size();
  if (count == 1) return c.Forward(0);
  const absl::StatusOr<TensorId> sum = Accumulate(c, BinaryKind::ADD, count);
  if (!sum.ok()) return sum.status();
  const TensorId n = c.Number("count", DataType::kF32, static_cast<double>(count));
  return c.Finish(Binary(BinaryKind::DIV), {*sum, n});
}

absl::Status ImportPair(OpContext& c, BinaryKind kind) {
  absl::StatusOr<TensorId> a = c.Tensor(0);
  if (!a.ok()) return a.status();
  absl::StatusOr<TensorId> b = c.Tensor(1);
  if (!b.ok()) return b.status();
  return c.Finish(Binary(kind), {*a, *b});
}

absl::Status ImportPow(OpContext& c) {
  if (!c.has(1) || !c.value(1).is_constant() || !c.has(0) || !IsReal(c.value(0).type)) {
    return ImportPair(c, BinaryKind::POW);
  }
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

absl::Status ImportMod(OpContext& c) {
  const bool truncates = c.attributes.Int("fmod", 0) != 0;
  if (c.has(0) && IsReal(c.value(0).type) && !truncates && c.opset < 28) {
    return absl::InvalidArgumentError("takes floats, which needs fmod=1");
  }
  return ImportPair(c, truncates ? BinaryKind::FMOD : BinaryKind::MOD);
}

absl::Status ImportBitShift(OpContext& c) {
  const std::string direction = c.attributes.String("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") {
    return absl::InvalidArgumentError(absl::StrCat("attribute 'direction' is '", direction, "'"));
  }
  const DataType type = c.has(0) ? c.value(0).type : DataType::kUnknown;
  if (type == DataType::kS8 || type == DataType::kS16 || type == DataType::kS32 ||
      type == DataType::kS64) {
    return absl::UnimplementedError("shifts signed integers; unsigned ones are supported");
  }
  return ImportPair(c, direction == "LEFT" ? BinaryKind::SHIFT_LEFT : BinaryKind::SHIFT_RIGHT);
}

// LeakyRelu where the slope is one number.
absl::Status ImportPRelu(OpContext& c) {
  if (!c.has(1)) return absl::InvalidArgumentError("lacks its slopes");
  if (!c.has(0) || !c.value(1).is_constant() || NumElements(c.value(1).shape[0]) != 1 ||
      !IsReal(c.value(0).type)) {
    return ImportPair(c, BinaryKind::PRELU);
  }
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  const auto slope = static_cast<float>(c.value(1).arrays[0].doubles()[0]);
  return c.Finish(Unary(UnaryKind::LEAKY_RELU, slope), {*x});
}

constexpr OpRow kOthers[] = {
    {"BitShift", ImportBitShift, 11, "unsigned integers"},
    {"Mean", ImportMean, 1, ""},
    {"Mod", ImportMod, 10, ""},
    {"PRelu", ImportPRelu, 1, ""},
    {"Pow", ImportPow, 1, ""},
};

constexpr auto MakeRows() {
  std::array<OpRow, std::size(kBinary) + std::size(kOthers)> rows{};
  size_t i = 0;
  for (const BinaryRow& row : kBinary) rows[i++] = {row.op, ImportBinary, row.since, ""};
  for (const OpRow& row : kOthers) rows[i++] = row;
  return rows;
}

constexpr auto kRows = MakeRows();

}  // namespace

absl::Span<const OpRow> BinaryOps() { return kRows; }

}  // namespace octet::importer

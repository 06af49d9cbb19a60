#include "kernels/elements.h"
#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"
#include "kernels/scalar_functions.h"

namespace octet {
namespace reference {
namespace {

void ComputeUnary(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::UnaryOptionsT>();
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const bool whole_x = IsWhole(problem.inputs[0]), whole_y = IsWhole(problem.outputs[0]);
  ForEachIndex(y.shape(), [&](const Shape& at) {
    const int64_t from = x.Offset(at), to = y.Offset(at);
    if (whole_x) {
      y.SetWhole(to, UnaryInteger(options, x.type(), x.Whole(from)));
    } else if (whole_y) {
      y.SetWhole(to, UnaryValue(options, x.Real(from)) != 0.0f);
    } else {
      y.SetReal(to, UnaryValue(options, x.Real(from)));
    }
  });
}

// Integers decline functions of reals, booleans those of integers.
absl::Status CheckUnary(const KernelContext& context) {
  using Kind = schema::UnaryKind;
  const Operand &x = context.input(0), &y = context.output();
  const auto kind = context.node->as<schema::UnaryOptionsT>().kind;
  const bool tests = kind == Kind::IS_NAN || kind == Kind::IS_INF;
  const bool integer = kind == Kind::ABS || kind == Kind::NEG || kind == Kind::SIGN ||
                       kind == Kind::CLIP || kind == Kind::BIT_NOT;
  const bool fits = kind == Kind::IDENTITY ? SameNumbers(x, y) || (IsReal(x) && IsReal(y))
                    : kind == Kind::NOT    ? IsBool(x) && IsBool(y)
                    : tests                ? IsF32(x) && IsBool(y)
                    : integer && IsPlainInteger(x)
                        ? x.type == y.type && IsPlainInteger(y)
                        : kind != Kind::BIT_NOT && IsReal(x) && IsReal(y);
  if (fits) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("no ", schema::EnumNameUnaryKind(kind), " from ",
                                               Describe(x), " to ", Describe(y)));
}

// The output in units of its scale, before rounding, of two integers without their zero points.
float Combine(schema::BinaryKind kind, int32_t a, float a_scale, int32_t b, float b_scale,
              float y_scale) {
  const float a_ratio = ScaleRatio(a_scale, y_scale), b_ratio = ScaleRatio(b_scale, y_scale);
  switch (kind) {
    case schema::BinaryKind::ADD:
      return static_cast<float>(a) * a_ratio + static_cast<float>(b) * b_ratio;
    case schema::BinaryKind::SUB:
      return static_cast<float>(a) * a_ratio - static_cast<float>(b) * b_ratio;
    case schema::BinaryKind::MUL:
      return static_cast<float>(a * b) * RequantMultiplier(a_scale, b_scale, y_scale);
    default:
      return BinaryValue(kind, DequantizeValue(a, a_scale, 0), DequantizeValue(b, b_scale, 0)) /
             y_scale;
  }
}

// Operands of which at least one is an integer that stands for itself, or a boolean.
int64_t CombineWhole(schema::BinaryKind kind, const Numbers& a, int64_t i, const Numbers& b,
                     int64_t j) {
  if (b.type() == DataType::kF32) return PowerReal(a.type(), a.Whole(i), b.Real(j));
  if (kind == schema::BinaryKind::POW) {
    return PowerInteger(a.type(), a.Whole(i), b.type(), b.Whole(j));
  }
  return BinaryInteger(kind, a.type(), a.Whole(i), b.Whole(j));
}

void ComputeBinary(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::BinaryOptionsT>();
  const Numbers a = problem.In(0, args), b = problem.In(1, args);
  Numbers y = problem.Out(0, args);
  const bool integers = IsQuantized(problem.inputs[0]) && IsQuantized(problem.inputs[1]) &&
                        IsQuantized(problem.outputs[0]);
  const bool whole_a = IsWhole(problem.inputs[0]), whole_y = IsWhole(problem.outputs[0]);
  IntRange range{};
  if (IsQuantized(problem.outputs[0])) {
    range = ActivationRange(options.activation_min, options.activation_max, y.scale(),
                            y.zero_point(), y.type());
  }
  ForEachIndex(y.shape(), [&](const Shape& at) {
    const int64_t i = BroadcastOffset(a, at), j = BroadcastOffset(b, at), to = y.Offset(at);
    if (whole_a) return y.SetWhole(to, CombineWhole(options.kind, a, i, b, j));
    if (integers) {
      const float v = Combine(options.kind, a.Int(i) - a.zero_point(), a.scale(),
                              b.Int(j) - b.zero_point(), b.scale(), y.scale());
      return y.SetInt(to, RoundAndClamp(v, y.zero_point(), range));
    }
    const float v = BinaryValue(options.kind, a.Real(i), b.Real(j));
    if (whole_y) return y.SetWhole(to, v != 0.0f);
    y.SetReal(to, ClampReal(v, options.activation_min, options.activation_max));
  });
}

bool IsArithmetic(schema::BinaryKind kind) { return kind <= schema::BinaryKind::PRELU; }

absl::Status CheckBinary(const KernelContext& context) {
  using Kind = schema::BinaryKind;
  const Operand &a = context.input(0), &b = context.input(1), &y = context.output();
  const auto kind = context.node->as<schema::BinaryOptionsT>().kind;
  bool fits = false;
  if (IsReal(a) && IsReal(b) && IsReal(y)) {
    fits = IsArithmetic(kind);
  } else if (IsBool(y)) {
    const bool bools = IsBool(a) && IsBool(b);
    const bool numbers =
        a.type == b.type && (IsF32(a) || IsPlainInteger(a)) && (IsF32(b) || IsPlainInteger(b));
    fits = bools ? kind >= Kind::AND && kind <= Kind::EQUAL : numbers && kind >= Kind::EQUAL;
  } else if (kind == Kind::POW) {
    fits = a.type == y.type && (IsF32(a) || IsPlainInteger(a)) && (IsF32(b) || IsPlainInteger(b));
  } else {
    fits = IsPlainInteger(a) && IsPlainInteger(b) && a.type == b.type && a.type == y.type &&
           kind < Kind::AND;
  }
  if (fits) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("no ", schema::EnumNameBinaryKind(kind), " of ",
                                               Describe(a), " and ", Describe(b), " to ",
                                               Describe(y)));
}

void ComputeWhere(const Problem& problem, const RunArgs& args) {
  const Numbers condition = problem.In(0, args), a = problem.In(1, args), b = problem.In(2, args);
  Numbers y = problem.Out(0, args);
  const ElementCopy copy_a(problem.inputs[1], problem.outputs[0]);
  const ElementCopy copy_b(problem.inputs[2], problem.outputs[0]);
  ForEachIndex(y.shape(), [&](const Shape& at) {
    if (condition.Whole(BroadcastOffset(condition, at)) != 0) {
      copy_a(a, BroadcastOffset(a, at), y, y.Offset(at));
    } else {
      copy_b(b, BroadcastOffset(b, at), y, y.Offset(at));
    }
  });
}

absl::Status CheckWhere(const KernelContext& context) {
  if (!IsBool(context.input(0))) {
    return absl::UnimplementedError(
        absl::StrCat("the condition must be boolean, not ", Describe(context.input(0))));
  }
  absl::Status status = CheckCopy(context.input(1), context.output());
  status.Update(CheckCopy(context.input(2), context.output()));
  return status;
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceUnary = {"reference", reference::CheckUnary,
                                     reference::PrepareWith<reference::ComputeUnary>};
const KernelEntry kReferenceBinary = {"reference", reference::CheckBinary,
                                      reference::PrepareWith<reference::ComputeBinary>};

const KernelEntry kReferenceWhere = {"reference", reference::CheckWhere,
                                     reference::PrepareWith<reference::ComputeWhere>};

}  // namespace octet

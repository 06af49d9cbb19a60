
#include "absl/strings/str_cat.h"
#include "tools/import/fold.h"
#include "tools/import/quantization.h"

// QuantizeLinear and DequantizeLinear. With one constant scale they are the operators Quantize and
// Dequantize; others are computed in real numbers.

namespace octet::importer {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;

constexpr ScaleInputs kScales = {1, 2};

absl::Status CheckBlocks(OpContext& c) {
  c.attributes.Ignore("saturate");
  const int64_t block = c.attributes.Int("block_size", 0);
  if (block == 0) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("has a scale per block of ", block,
                   " elements; one scale, or one per index along an axis, is supported"));
}

// Scale or zero point, input `i`, as a real tensor that broadcasts to x.
absl::StatusOr<TensorId> AlongAxis(OpContext& c, size_t i, int64_t axis) {
  absl::StatusOr<TensorId> id = c.Tensor(i);
  if (!id.ok()) return id.status();
  const std::string name = absl::StrCat("input", i);
  if (!IsReal(c.value(i).type)) {
    absl::StatusOr<Value> real =
        c.Step(name + "_real", schema::CastOptionsT(), {*id}, DataType::kF32);
    if (!real.ok()) return real.status();
    id = real->tensor;
  }
  if (c.value(i).rank() == 0 || NumElements(c.value(i).shape[0]) == 1) return id;
  const absl::StatusOr<size_t> along = NormalizeAxis(axis, c.value(0).rank());
  if (!along.ok()) return along.status();
  schema::ReshapeOptionsT reshape;
  reshape.shape.assign(c.value(0).rank() - *along, 1);
  reshape.shape[0] = 0;
  absl::StatusOr<Value> shaped = c.Step(name + "_shaped", std::move(reshape), {*id});
  if (!shaped.ok()) return shaped.status();
  return shaped->tensor;
}

absl::StatusOr<TensorId> Combine(OpContext& c, const char* suffix, BinaryKind kind, TensorId a,
                                 TensorId b) {
  absl::StatusOr<Value> y = c.Step(suffix, Binary(kind), {a, b});
  if (!y.ok()) return y.status();
  return y->tensor;
}

absl::Status DequantizeByArithmetic(OpContext& c, int64_t axis) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  absl::StatusOr<Value> real = c.Step("real", schema::CastOptionsT(), {*x}, DataType::kF32);
  if (!real.ok()) return real.status();
  absl::StatusOr<TensorId> centred = real->tensor;
  if (c.has(2)) {
    absl::StatusOr<TensorId> zero_point = AlongAxis(c, 2, axis);
    if (!zero_point.ok()) return zero_point.status();
    centred = Combine(c, "centred", BinaryKind::SUB, real->tensor, *zero_point);
    if (!centred.ok()) return centred.status();
  }
  absl::StatusOr<TensorId> scale = AlongAxis(c, 1, axis);
  if (!scale.ok()) return scale.status();
  return c.Finish(Binary(BinaryKind::MUL), {*centred, *scale}, DataType::kF32);
}

absl::Status ImportDequantizeLinear(OpContext& c) {
  if (absl::Status status = CheckBlocks(c); !status.ok()) return status;
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  c.attributes.Ignore("output_dtype");
  const DataType type = c.value(0).type;
  if (RangeOfIntegers(type).most == 0) {
    return absl::UnimplementedError(absl::StrCat("reads ", Name(type)));
  }
  const int64_t axis = c.attributes.Int("axis", 1);
  const auto quant = ReadScales(c, kScales, c.value(0).shape[0], axis);
  if (!quant.ok()) return quant.status();
  const bool constant = c.value(0).is_constant();
  const bool bytes = type == DataType::kU8 || type == DataType::kS8;
  if (!*quant || (!constant && !(bytes && (*quant)->per_tensor()))) {
    return DequantizeByArithmetic(c, axis);
  }
  absl::StatusOr<Value> real = Dequantized(c, 0, **quant);
  if (!real.ok()) return real.status();
  c.outputs = {*std::move(real)};
  return absl::OkStatus();
}

// The type that the integers have.
absl::StatusOr<DataType> TargetType(OpContext& c) {
  const auto declared = static_cast<int>(c.attributes.Int("output_dtype", 0));
  const DataType type = c.has(2)        ? c.value(2).type
                        : declared != 0 ? TypeOfOnnx(declared)
                                        : DataType::kU8;
  if (RangeOfIntegers(type).most > 0) return type;
  return absl::UnimplementedError(
      absl::StrCat("quantizes to ", declared != 0 ? NameOfOnnxType(declared) : Name(type),
                   "; integers of 8 to 32 bits are supported"));
}

absl::Status QuantizeByArithmetic(OpContext& c, DataType type, int64_t axis) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  absl::StatusOr<TensorId> scale = AlongAxis(c, 1, axis);
  if (!scale.ok()) return scale.status();
  absl::StatusOr<TensorId> y = Combine(c, "units", BinaryKind::DIV, *x, *scale);
  if (!y.ok()) return y.status();
  absl::StatusOr<Value> rounded = c.Step("rounded", Unary(UnaryKind::ROUND), {*y});
  if (!rounded.ok()) return rounded.status();
  y = rounded->tensor;
  if (c.has(2)) {
    absl::StatusOr<TensorId> zero_point = AlongAxis(c, 2, axis);
    if (!zero_point.ok()) return zero_point.status();
    y = Combine(c, "shifted", BinaryKind::ADD, *y, *zero_point);
    if (!y.ok()) return y.status();
  }
  const IntegerRange range = RangeOfIntegers(type);
  absl::StatusOr<Value> inside = c.Step(
      "inside",
      Unary(UnaryKind::CLIP, static_cast<float>(range.least), static_cast<float>(range.most)),
      {*y});
  if (!inside.ok()) return inside.status();
  return c.Finish(schema::CastOptionsT(), {inside->tensor}, type);
}

absl::Status ImportQuantizeLinear(OpContext& c) {
  if (absl::Status status = CheckBlocks(c); !status.ok()) return status;
  if (!c.has(0)) return absl::InvalidArgumentError("lacks its input");
  c.attributes.Ignore("precision");
  absl::StatusOr<DataType> type = TargetType(c);
  if (!type.ok()) return type.status();
  if (!IsReal(c.value(0).type)) {
    return absl::UnimplementedError(absl::StrCat("quantizes ", Name(c.value(0).type)));
  }
  const int64_t axis = c.attributes.Int("axis", 1);
  const auto quant = ReadScales(c, kScales, c.value(0).shape[0], axis);
  if (!quant.ok()) return quant.status();
  if (*quant && c.value(0).is_constant()) {
    c.outputs = {
        Value::Of(QuantizedArray(c.value(0).arrays[0], *type, **quant, RangeOfIntegers(*type)))};
    return absl::OkStatus();
  }
  const bool bytes = *type == DataType::kU8 || *type == DataType::kS8;
  if (!*quant || !bytes || !(*quant)->per_tensor()) return QuantizeByArithmetic(c, *type, axis);
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  absl::StatusOr<Value> integers = Quantized(c, *x, *type, **quant);
  if (!integers.ok()) return integers.status();
  c.outputs = {*std::move(integers)};
  return absl::OkStatus();
}

constexpr char kNotes[] = "one scale, or one per index along an axis; integers of 8 to 32 bits";

constexpr OpRow kRows[] = {
    {"DequantizeLinear", ImportDequantizeLinear, 10, kNotes},
    {"QuantizeLinear", ImportQuantizeLinear, 10, kNotes},
};

constexpr OpRow kMicrosoftRows[] = {
    {"DequantizeLinear", ImportDequantizeLinear, 1, kNotes},
    {"QuantizeLinear", ImportQuantizeLinear, 1, kNotes},
};

}  // namespace

absl::Span<const OpRow> QuantLinearOps() { return kRows; }
absl::Span<const OpRow> MicrosoftQuantLinearOps() { return kMicrosoftRows; }

}  // namespace octet::importer

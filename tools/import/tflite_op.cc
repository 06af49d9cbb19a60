#include "tools/import/tflite_op.h"

#include "absl/strings/str_cat.h"
#include "tools/simplify/constants.h"

namespace octet::importer {

absl::StatusOr<ActivationBounds> BoundsOf(tflite::ActivationFunction function) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (function) {
    case tflite::ActivationFunction::NONE:
      return ActivationBounds();
    case tflite::ActivationFunction::RELU:
      return ActivationBounds{0.0f, kInfinity};
    case tflite::ActivationFunction::RELU_N1_TO_1:
      return ActivationBounds{-1.0f, 1.0f};
    case tflite::ActivationFunction::RELU6:
      return ActivationBounds{0.0f, 6.0f};
    default:
      return absl::UnimplementedError(
          absl::StrCat("has the fused activation ", tflite::EnumNameActivationFunction(function)));
  }
}

absl::Status TfliteOp::CheckCounts(size_t required, size_t results) const {
  for (size_t i = 0; i < required; ++i) {
    if (!has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
  }
  if (outputs.size() == results) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("has ", outputs.size(), " outputs, expected ", results));
}

absl::StatusOr<std::vector<int64_t>> TfliteOp::Numbers(size_t i) const {
  if (!has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
  const TfliteValue& value = in(i);
  if (!value.is_constant()) {
    return absl::UnimplementedError(
        absl::StrCat("computes input ", i, ", '", value.name,
                     "', while the model runs; constants are supported"));
  }
  constexpr size_t kMost = 1 << 20;
  if (IsFloat(value.type) || value.quant || NumElements(value.shape()[0]) > int64_t{kMost}) {
    return absl::InvalidArgumentError(
        absl::StrCat("input ", i, ", '", value.name, "', is not a short list of integers"));
  }
  return value.value().arrays[0].ints();
}

absl::StatusOr<int64_t> TfliteOp::Number(size_t i) const {
  auto numbers = Numbers(i);
  if (!numbers.ok()) return numbers.status();
  if (numbers->size() == 1) return (*numbers)[0];
  return absl::InvalidArgumentError(
      absl::StrCat("input ", i, " holds ", numbers->size(), " numbers, expected 1"));
}

Order TfliteOp::CommonOrder() const {
  for (const TfliteValue* value : inputs) {
    if (value != nullptr && value->rank() == 4 && value->home == Order::kChannelsFirst) {
      return Order::kChannelsFirst;
    }
  }
  return Order::kFile;
}

absl::StatusOr<TensorId> TfliteOp::Tensor(size_t i, Order order) const {
  if (!has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
  return builder.Tensor(in(i), order);
}

absl::StatusOr<TensorId> TfliteOp::Broadcast(size_t i, size_t rank, Order order) const {
  if (!has(i)) return absl::InvalidArgumentError(absl::StrCat("lacks input ", i));
  TfliteValue& value = in(i);
  if (order == Order::kFile || rank != 4 || value.rank() == 4 || value.rank() == 0) {
    return builder.Tensor(value, order);
  }
  TfliteValue wide;
  wide.name = value.name;
  wide.type = value.type;
  wide.quant = value.quant;
  const size_t lead = rank - value.rank();
  if (wide.quant && wide.quant->axis >= 0) wide.quant->axis += static_cast<int>(lead);
  ProbedShape shape = value.shape();
  for (Shape& s : shape) s.insert(s.begin(), lead, 1);
  if (value.is_constant()) {
    Array array = value.value().arrays[0];
    array.shape = shape[0];
    wide.forms[0] = Value::Of(std::move(array));
    return builder.Tensor(wide, order);
  }
  const absl::StatusOr<TensorId> id = builder.Tensor(value, value.home);
  if (!id.ok()) return id.status();
  auto reshape = ReshapeBetween(value.shape(), shape);
  if (!reshape.ok()) return reshape.status();
  const std::string step = absl::StrCat(value.name, "/rank", rank);
  auto values = builder.Emit(step, *std::move(reshape), {*id}, {step}, wide.type, wide.quant);
  if (!values.ok()) return values.status();
  wide.forms[0] = (*values)[0];
  return builder.Tensor(wide, order);
}

void TfliteOp::Define(size_t i, const Value& value, Order order) {
  TfliteValue& result = out(i);
  result.home = value.rank() == 4 ? order : Order::kFile;
  result.forms[static_cast<int>(result.home)] = value;
  result.defined = true;
}

absl::StatusOr<TensorId> TfliteOp::Reals(size_t i, size_t rank, Order order) {
  absl::StatusOr<TensorId> id = Broadcast(i, rank, order);
  if (!id.ok() || !in(i).quant) return id;
  return RealStep(absl::StrCat("real", i), schema::DequantizeOptionsT(), {*id});
}

TfliteFunction FindTfliteOp(tflite::BuiltinOperator code) {
  for (const auto& rows :
       {TfliteConvOps(), TflitePoolOps(), TfliteMatMulOps(), TfliteElementwiseOps(),
        TfliteShapeOps(), TfliteDataOps(), TfliteReduceOps(), TfliteTypeOps(), TfliteSelectOps(),
        TfliteSpatialOps()}) {
    for (const TfliteRow& row : rows) {
      if (row.code == code) return row.function;
    }
  }
  return nullptr;
}

absl::StatusOr<int> TfliteAxis(int64_t axis, size_t rank) {
  const auto dims = static_cast<int64_t>(rank);
  if (axis < -dims || axis >= dims) {
    return absl::InvalidArgumentError(
        absl::StrCat("has the axis ", axis, " for a tensor of ", rank, " dimensions"));
  }
  return static_cast<int>(axis < 0 ? axis + dims : axis);
}

}  // namespace octet::importer

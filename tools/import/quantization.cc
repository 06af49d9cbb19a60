#include "tools/import/quantization.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "runtime/core/numerics.h"
#include "tools/import/fold.h"
#include "tools/import/graph_importer.h"
#include "tools/simplify/constants.h"

namespace octet::importer {
namespace {

bool IsByte(DataType type) { return type == DataType::kU8 || type == DataType::kS8; }

bool IsConstantOrAbsent(const OpContext& c, size_t i) {
  return !c.has(i) || c.value(i).is_constant();
}

absl::Status CheckScale(double scale) {
  if (std::isfinite(scale) && scale > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("has the scale ", scale, "; expected a finite number above 0"));
}

// Index of the scale of each element of `shape`.
template <typename Fn>
void ForEachScaled(const Shape& shape, int axis, Fn fn) {
  int64_t inner = 1, count = 1;
  if (axis >= 0) {
    count = shape[static_cast<size_t>(axis)];
    for (size_t d = static_cast<size_t>(axis) + 1; d < shape.size(); ++d) inner *= shape[d];
  }
  const int64_t elements = NumElements(shape);
  for (int64_t i = 0; i < elements; ++i) {
    fn(static_cast<size_t>(i / inner % count), static_cast<size_t>(i));
  }
}

std::vector<double> RealValues(const Array& array, const QuantParams& quant) {
  std::vector<double> values = array.doubles();
  ForEachScaled(array.shape, quant.axis, [&](size_t s, size_t i) {
    values[i] = static_cast<double>(quant.scales[s]) * (values[i] - quant.zero_points[s]);
  });
  return values;
}

// Whether Octet has quantized tensors of this kind.
bool CanBeTensor(DataType type, const QuantParams& quant, bool constant) {
  if (IsByte(type)) return constant || quant.per_tensor();
  const bool symmetric = std::all_of(quant.zero_points.begin(), quant.zero_points.end(),
                                     [](int32_t z) { return z == 0; });
  return constant && symmetric && (type == DataType::kS16 || type == DataType::kS32);
}

}  // namespace

IntegerRange RangeOfIntegers(DataType type) {
  switch (type) {
    case DataType::kU8:
      return {0, 255};
    case DataType::kS8:
      return {-128, 127};
    case DataType::kU16:
      return {0, 65535};
    case DataType::kS16:
      return {-32768, 32767};
    case DataType::kS32:
      return {-2147483648.0, 2147483647.0};
    case DataType::kU32:
      return {0, 4294967295.0};
    default:
      return {0, 0};
  }
}

Array QuantizedArray(const Array& x, DataType type, const QuantParams& quant,
                     const IntegerRange& range) {
  std::vector<double> values = x.doubles();
  ForEachScaled(x.shape, quant.axis, [&](size_t s, size_t i) {
    const double units = RoundHalfEven(static_cast<float>(values[i]) / quant.scales[s]);
    const double integer = (std::isnan(units) ? 0.0 : units) + quant.zero_points[s];
    values[i] = std::min(std::max(integer, range.least), range.most);
  });
  return Array::OfDoubles(type, x.shape, values);
}

absl::StatusOr<absl::optional<QuantParams>> ReadScales(const OpContext& c,
                                                       const ScaleInputs& inputs,
                                                       const Shape& shape, int64_t axis) {
  if (!c.has(inputs.scale)) return absl::InvalidArgumentError("lacks a scale");
  const Shape& scale_shape = c.value(inputs.scale).shape[0];
  const int64_t count = NumElements(scale_shape);
  QuantParams quant;
  if (scale_shape.size() > 1) {
    return absl::UnimplementedError(
        "has scales per block; one scale, or one per index along an "
        "axis, is supported");
  }
  if (count != 1) {
    const absl::StatusOr<size_t> along = NormalizeAxis(axis, shape.size());
    if (!along.ok()) return along.status();
    quant.axis = static_cast<int>(*along);
    if (shape[*along] != count) {
      return absl::InvalidArgumentError(absl::StrCat("has ", count, " scales along axis ", *along,
                                                     " of a tensor of ", ToString(shape)));
    }
  }
  if (c.has(inputs.zero_point) && NumElements(c.value(inputs.zero_point).shape[0]) != count) {
    return absl::InvalidArgumentError(absl::StrCat("has ", count,
                                                   " scales, but zero points of shape ",
                                                   ToString(c.value(inputs.zero_point).shape[0])));
  }
  if (!c.value(inputs.scale).is_constant() || !IsConstantOrAbsent(c, inputs.zero_point)) {
    return absl::optional<QuantParams>();
  }
  for (const double scale : c.value(inputs.scale).arrays[0].doubles()) {
    if (absl::Status status = CheckScale(scale); !status.ok()) return status;
    quant.scales.push_back(static_cast<float>(scale));
  }
  quant.zero_points.assign(quant.scales.size(), 0);
  if (c.has(inputs.zero_point)) {
    const std::vector<int64_t> zero_points = c.value(inputs.zero_point).arrays[0].ints();
    std::copy(zero_points.begin(), zero_points.end(), quant.zero_points.begin());
  }
  return absl::make_optional(quant);
}

absl::StatusOr<QuantParams> ConstantScales(const OpContext& c, const ScaleInputs& inputs,
                                           const Shape& shape, int64_t axis) {
  absl::StatusOr<absl::optional<QuantParams>> quant = ReadScales(c, inputs, shape, axis);
  if (!quant.ok()) return quant.status();
  if (*quant) return **std::move(quant);
  return absl::UnimplementedError(absl::StrCat("computes the scale or zero point '",
                                               c.input_name(inputs.scale),
                                               "' while the model runs; constants are supported"));
}

QuantParams UnitScale() { return {{1.0f}, {0}, -1}; }

absl::StatusOr<TensorId> IntegersOf(OpContext& c, size_t x, const QuantParams& quant) {
  Value& value = c.value(x);
  Graph& graph = c.builder.graph();
  if (value.is_constant()) {
    const TensorId id = c.builder.AddConstant(c.input_name(x), value.arrays[0]).tensor;
    graph.tensor(id).quant = quant;
    return id;
  }
  absl::StatusOr<TensorId> plain = c.Tensor(x);
  if (!plain.ok()) return plain.status();
  absl::StatusOr<Value> view =
      c.Step(absl::StrCat("integers", x), schema::CastOptionsT(), {*plain}, value.type);
  if (!view.ok()) return view.status();
  graph.tensor(view->tensor).quant = quant;
  return view->tensor;
}

absl::StatusOr<Value> Dequantized(OpContext& c, size_t x, const QuantParams& quant) {
  Value& value = c.value(x);
  absl::optional<Array> numbers;
  if (value.is_constant()) {
    numbers = Array::OfDoubles(DataType::kF32, value.shape[0], RealValues(value.arrays[0], quant));
  }
  if (!CanBeTensor(value.type, quant, value.is_constant())) {
    if (numbers) return Value::Of(*std::move(numbers));
    return absl::UnimplementedError(
        absl::StrCat("reads '", c.input_name(x), "' of type ", Name(value.type),
                     quant.per_tensor() ? "" : " with scales along an axis",
                     "; u8 and s8 with one scale are supported for computed tensors"));
  }
  absl::StatusOr<TensorId> integers = IntegersOf(c, x, quant);
  if (!integers.ok()) return integers.status();
  absl::StatusOr<Value> real =
      c.Step(absl::StrCat("real", x), schema::DequantizeOptionsT(), {*integers}, DataType::kF32);
  if (real.ok() && numbers) real->arrays = {*std::move(numbers)};
  return real;
}

absl::StatusOr<Value> Quantized(OpContext& c, TensorId x, DataType type, const QuantParams& quant,
                                int output) {
  if (!IsByte(type) || !quant.per_tensor()) {
    return absl::UnimplementedError(
        absl::StrCat("yields ", Name(type), quant.per_tensor() ? "" : " with scales along an axis",
                     "; u8 and s8 with one scale are supported for computed tensors"));
  }
  const std::string name = c.OutputNames(output + 1).back();
  absl::StatusOr<Value> integers =
      c.Step(absl::StrCat("quantized", output), schema::QuantizeOptionsT(), {x}, type);
  if (!integers.ok()) return integers;
  c.builder.graph().tensor(integers->tensor).quant = quant;
  return c.builder.Emit(name, schema::CastOptionsT(), {integers->tensor}, name, type);
}

int OnnxOpset(const OpContext& c) {
  const auto found = c.importer.opsets().find("");
  return found == c.importer.opsets().end() ? 0 : found->second;
}

absl::StatusOr<std::vector<Value>> ImportInner(OpContext& c, const std::string& op,
                                               const std::vector<Value*>& inputs, int opset) {
  onnx::NodeProto node;
  node.set_op_type(op);
  for (size_t i = 0; i < inputs.size(); ++i) {
    node.add_input(inputs[i] == nullptr ? "" : c.Intermediate(absl::StrCat("input", i)));
  }
  node.add_output(c.Intermediate("result"));
  OpContext inner{
      node, c.attributes, opset > 0 ? opset : OnnxOpset(c), c.name, c.builder, c.importer, inputs,
      {}};
  if (absl::Status status = FindOp("", op)(inner); !status.ok()) return status;
  return std::move(inner.outputs);
}

}  // namespace octet::importer

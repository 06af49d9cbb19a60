#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "tools/import/quantization.h"

// Products of integers whose scales and zero points may be computed by the model.
//
// Sums of products that stay below 2^24 are exact in f32: then 8-bit kernels compute them and yield
// f32. Others are products of s32.

namespace octet::importer {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;

constexpr double kExactF32 = 1 << 24;

absl::StatusOr<TensorId> Combine(OpContext& c, const std::string& suffix, BinaryKind kind,
                                 TensorId a, TensorId b) {
  absl::StatusOr<Value> y = c.Step(suffix, Binary(kind), {a, b});
  if (!y.ok()) return y.status();
  return y->tensor;
}

absl::StatusOr<TensorId> Apply(OpContext& c, const std::string& suffix, TensorId x, UnaryKind kind,
                               float alpha = 0, float beta = 0) {
  absl::StatusOr<Value> y = c.Step(suffix, Unary(kind, alpha, beta), {x});
  if (!y.ok()) return y.status();
  return y->tensor;
}

absl::StatusOr<TensorId> CastTo(OpContext& c, const std::string& suffix, TensorId x,
                                DataType type) {
  absl::StatusOr<Value> y = c.Step(suffix, schema::CastOptionsT(), {x}, type);
  if (!y.ok()) return y.status();
  return y->tensor;
}

// ---- Integers that the model scales as it runs

// A real tensor in integers of u8, and how: y = x / scale, rounded, + zero_point.
struct DynamicIntegers {
  TensorId integers;    // f32
  TensorId scale;       // f32, one number
  TensorId zero_point;  // f32, one number
};

// As DynamicQuantizeLinear: the range of x, widened to hold 0, takes 255 steps. A tensor of zeros
// has the scale 1.
absl::StatusOr<DynamicIntegers> QuantizeDynamically(OpContext& c, TensorId x, size_t rank) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto bound = [&](const std::string& name, schema::ReduceKind kind, float least,
                         float most) -> absl::StatusOr<TensorId> {
    schema::ReduceOptionsT reduce;
    reduce.kind = kind;
    reduce.axes.resize(rank);
    std::iota(reduce.axes.begin(), reduce.axes.end(), 0);
    reduce.keep_dims = false;
    absl::StatusOr<Value> extreme = c.Step(name, std::move(reduce), {x});
    if (!extreme.ok()) return extreme.status();
    return Apply(c, name + "_or_zero", extreme->tensor, UnaryKind::CLIP, least, most);
  };
  absl::StatusOr<TensorId> high = bound("high", schema::ReduceKind::MAXIMUM, 0, kInfinity);
  if (!high.ok()) return high.status();
  absl::StatusOr<TensorId> low = bound("low", schema::ReduceKind::MINIMUM, -kInfinity, 0);
  if (!low.ok()) return low.status();
  absl::StatusOr<TensorId> range = Combine(c, "range", BinaryKind::SUB, *high, *low);
  if (!range.ok()) return range.status();
  absl::StatusOr<TensorId> step =
      Combine(c, "step", BinaryKind::DIV, *range, c.Number("steps", DataType::kF32, 255));
  if (!step.ok()) return step.status();
  // 1 where the range is 0, and 0 elsewhere.
  absl::StatusOr<TensorId> above = Apply(c, "above", *range, UnaryKind::SIGN);
  if (!above.ok()) return above.status();
  absl::StatusOr<TensorId> empty =
      Combine(c, "empty", BinaryKind::SUB, c.Number("one", DataType::kF32, 1), *above);
  if (!empty.ok()) return empty.status();
  absl::StatusOr<TensorId> scale = Combine(c, "scale", BinaryKind::ADD, *step, *empty);
  if (!scale.ok()) return scale.status();
  absl::StatusOr<TensorId> lowest = Combine(c, "lowest", BinaryKind::DIV, *low, *scale);
  if (!lowest.ok()) return lowest.status();
  absl::StatusOr<TensorId> shift = Apply(c, "shift", *lowest, UnaryKind::NEG);
  if (!shift.ok()) return shift.status();
  absl::StatusOr<TensorId> inside = Apply(c, "shift_inside", *shift, UnaryKind::CLIP, 0, 255);
  if (!inside.ok()) return inside.status();
  absl::StatusOr<TensorId> zero_point = Apply(c, "zero_point", *inside, UnaryKind::ROUND);
  if (!zero_point.ok()) return zero_point.status();
  absl::StatusOr<TensorId> units = Combine(c, "units", BinaryKind::DIV, x, *scale);
  if (!units.ok()) return units.status();
  absl::StatusOr<TensorId> rounded = Apply(c, "rounded", *units, UnaryKind::ROUND);
  if (!rounded.ok()) return rounded.status();
  absl::StatusOr<TensorId> moved = Combine(c, "moved", BinaryKind::ADD, *rounded, *zero_point);
  if (!moved.ok()) return moved.status();
  absl::StatusOr<TensorId> integers = Apply(c, "inside", *moved, UnaryKind::CLIP, 0, 255);
  if (!integers.ok()) return integers.status();
  return DynamicIntegers{*integers, *scale, *zero_point};
}

absl::Status ImportDynamicQuantizeLinear(OpContext& c) {
  absl::StatusOr<TensorId> x = c.Tensor(0);
  if (!x.ok()) return x.status();
  absl::StatusOr<DynamicIntegers> dynamic = QuantizeDynamically(c, *x, c.value(0).rank());
  if (!dynamic.ok()) return dynamic.status();
  const std::vector<std::string> names = c.OutputNames(3);
  absl::StatusOr<Value> y = Quantized(c, dynamic->integers, DataType::kU8, UnitScale());
  if (!y.ok()) return y.status();
  absl::StatusOr<Value> scale = c.builder.Emit(names[1], Unary(UnaryKind::IDENTITY),
                                               {dynamic->scale}, names[1], DataType::kF32);
  if (!scale.ok()) return scale.status();
  absl::StatusOr<Value> zero_point =
      Quantized(c, dynamic->zero_point, DataType::kU8, UnitScale(), 2);
  if (!zero_point.ok()) return zero_point.status();
  c.outputs = {*std::move(y), *std::move(scale), *std::move(zero_point)};
  return absl::OkStatus();
}

// ---- Products of integers

// A factor of a product: integers, minus a zero point that may be absent.
struct Factor {
  size_t x;
  size_t zero_point;
};

// Constant weights without their zero points, [N, K].
struct IntegerWeights {
  std::vector<int64_t> values;
  std::vector<int64_t> sums;  // over K, per output
  double largest_sum = 0;     // of 255 * |w| over K
  bool fit_s8 = true;
};

// Of a constant matrix [K, N] or of filters [M, ...]; no value where something is computed.
absl::optional<IntegerWeights> ConstantWeights(const OpContext& c, const Factor& factor,
                                               bool matrix) {
  const Value& w = c.value(factor.x);
  const bool known =
      w.is_constant() && (!c.has(factor.zero_point) || c.value(factor.zero_point).is_constant());
  if (!known || (matrix && w.rank() != 2) || NumElements(w.shape[0]) == 0) return {};
  const std::vector<int64_t> source = w.arrays[0].ints();
  std::vector<int64_t> zero_points = {0};
  if (c.has(factor.zero_point)) zero_points = c.value(factor.zero_point).arrays[0].ints();
  const auto outputs = static_cast<size_t>(w.shape[0][matrix ? 1 : 0]);
  if (zero_points.size() != 1 && zero_points.size() != outputs) return {};
  const size_t depth = source.size() / outputs;
  IntegerWeights result;
  for (size_t n = 0; n < outputs; ++n) {
    int64_t sum = 0, magnitude = 0;
    for (size_t k = 0; k < depth; ++k) {
      const int64_t v = source[matrix ? k * outputs + n : n * depth + k] -
                        zero_points[zero_points.size() == 1 ? 0 : n];
      result.values.push_back(v);
      result.fit_s8 = result.fit_s8 && v >= -128 && v <= 127;
      sum += v;
      magnitude += std::abs(v);
    }
    result.sums.push_back(sum);
    result.largest_sum = std::max(result.largest_sum, 255.0 * static_cast<double>(magnitude));
  }
  return result;
}

TensorId AddWeights(OpContext& c, const IntegerWeights& weights, Shape shape) {
  const TensorId id =
      c.Constant("weights", Array::OfInts(DataType::kS8, std::move(shape), weights.values));
  c.builder.graph().tensor(id).quant = UnitScale();
  return id;
}

// The zero point of a factor as one real number; kNoTensor where it is 0. Unimplemented for one per
// row.
absl::StatusOr<TensorId> RealZeroPoint(OpContext& c, const Factor& factor) {
  if (!c.has(factor.zero_point)) return kNoTensor;
  if (NumElements(c.value(factor.zero_point).shape[0]) != 1) {
    return absl::UnimplementedError("has a zero point per row; one for all is supported");
  }
  absl::StatusOr<TensorId> id = c.Tensor(factor.zero_point);
  if (!id.ok()) return id.status();
  return CastTo(c, "zero_point_real", *id, DataType::kF32);
}

// a * weights as f32, by 8-bit kernels: a * w - zero_point * (sums of w).
absl::StatusOr<TensorId> MultiplyBytes(OpContext& c, const Factor& a, const Factor& b,
                                       const IntegerWeights& weights) {
  const Shape& shape = c.value(b.x).shape[0];
  const bool known = !c.has(a.zero_point) || c.value(a.zero_point).is_constant();
  QuantParams quant = UnitScale();
  if (known && c.has(a.zero_point)) {
    const std::vector<int64_t> zero_points = c.value(a.zero_point).arrays[0].ints();
    if (zero_points.size() != 1) {
      return absl::UnimplementedError("has a zero point per row; one for all is supported");
    }
    quant.zero_points = {static_cast<int32_t>(zero_points[0])};
  }
  absl::StatusOr<TensorId> integers = IntegersOf(c, a.x, quant);
  if (!integers.ok()) return integers.status();
  schema::MatMulOptionsT options;
  options.transpose_b = true;
  const TensorId w = AddWeights(c, weights, {shape[1], shape[0]});
  absl::StatusOr<Value> product =
      c.Step("product", std::move(options), {*integers, w}, DataType::kF32);
  if (!product.ok()) return product.status();
  if (known) return product->tensor;
  absl::StatusOr<TensorId> zero_point = RealZeroPoint(c, a);
  if (!zero_point.ok()) return zero_point.status();
  const TensorId sums = c.Constant(
      "sums", Array::OfDoubles(DataType::kF32, {shape[1]},
                               std::vector<double>(weights.sums.begin(), weights.sums.end())));
  absl::StatusOr<TensorId> excess = Combine(c, "excess", BinaryKind::MUL, sums, *zero_point);
  if (!excess.ok()) return excess.status();
  return Combine(c, "centred", BinaryKind::SUB, product->tensor, *excess);
}

// A factor as s32 without its zero point. A vector of zero points of `a` has one per row.
absl::StatusOr<TensorId> CentredS32(OpContext& c, const Factor& factor, bool rows) {
  const std::string name = absl::StrCat("factor", factor.x);
  absl::StatusOr<TensorId> x = c.Tensor(factor.x);
  if (!x.ok()) return x.status();
  absl::StatusOr<TensorId> wide = CastTo(c, name, *x, DataType::kS32);
  if (!wide.ok() || !c.has(factor.zero_point)) return wide;
  absl::StatusOr<TensorId> zero_point = c.Tensor(factor.zero_point);
  if (!zero_point.ok()) return zero_point;
  zero_point = CastTo(c, name + "_zero_point", *zero_point, DataType::kS32);
  if (!zero_point.ok()) return zero_point;
  if (rows && c.value(factor.zero_point).rank() == 1) {
    schema::ReshapeOptionsT column;
    column.shape = {0, 1};
    absl::StatusOr<Value> shaped = c.Step(name + "_rows", std::move(column), {*zero_point});
    if (!shaped.ok()) return shaped.status();
    // One zero point serves vectors too.
    if (NumElements(c.value(factor.zero_point).shape[0]) != 1) zero_point = shaped->tensor;
  }
  return Combine(c, name + "_centred", BinaryKind::SUB, *wide, *zero_point);
}

// The product of integers as a tensor of f32 or s32.
absl::StatusOr<TensorId> Multiply(OpContext& c, const Factor& a, const Factor& b) {
  if (!c.has(a.x) || !c.has(b.x)) return absl::InvalidArgumentError("lacks a factor");
  const absl::optional<IntegerWeights> weights = ConstantWeights(c, b, true);
  const bool one_zero_point =
      !c.has(a.zero_point) || NumElements(c.value(a.zero_point).shape[0]) == 1;
  if (weights && weights->fit_s8 && weights->largest_sum <= kExactF32 && one_zero_point &&
      c.value(a.x).rank() >= 2) {
    return MultiplyBytes(c, a, b, *weights);
  }
  absl::StatusOr<TensorId> left = CentredS32(c, a, true);
  if (!left.ok()) return left;
  absl::StatusOr<TensorId> right = CentredS32(c, b, false);
  if (!right.ok()) return right;
  absl::StatusOr<Value> y =
      c.Step("product", schema::MatMulOptionsT(), {*left, *right}, DataType::kS32);
  if (!y.ok()) return y.status();
  return y->tensor;
}

absl::Status ImportMatMulInteger(OpContext& c) {
  absl::StatusOr<TensorId> y = Multiply(c, {0, 2}, {1, 3});
  if (!y.ok()) return y.status();
  if (c.builder.graph().tensor(*y).type == DataType::kS32) {
    return c.Finish(Unary(UnaryKind::IDENTITY), {*y}, DataType::kS32);
  }
  return c.Finish(schema::CastOptionsT(), {*y}, DataType::kS32);
}

// x * a_scale * b_scale + bias, where bias may be absent.
absl::Status FinishScaled(OpContext& c, TensorId y, TensorId a_scale, size_t b_scale, size_t bias) {
  absl::StatusOr<TensorId> other = c.Tensor(b_scale);
  if (!other.ok()) return other.status();
  absl::StatusOr<TensorId> scale = Combine(c, "both_scales", BinaryKind::MUL, a_scale, *other);
  if (!scale.ok()) return scale.status();
  if (c.builder.graph().tensor(y).type == DataType::kS32) {
    absl::StatusOr<TensorId> real = CastTo(c, "real", y, DataType::kF32);
    if (!real.ok()) return real.status();
    y = *real;
  }
  if (!c.has(bias)) return c.Finish(Binary(BinaryKind::MUL), {y, *scale}, DataType::kF32);
  absl::StatusOr<TensorId> scaled = Combine(c, "scaled", BinaryKind::MUL, y, *scale);
  if (!scaled.ok()) return scaled.status();
  absl::StatusOr<TensorId> summand = c.Tensor(bias);
  if (!summand.ok()) return summand.status();
  return c.Finish(Binary(BinaryKind::ADD), {*scaled, *summand}, DataType::kF32);
}

absl::Status ImportMatMulIntegerToFloat(OpContext& c) {
  absl::StatusOr<TensorId> y = Multiply(c, {0, 4}, {1, 5});
  if (!y.ok()) return y.status();
  absl::StatusOr<TensorId> a_scale = c.Tensor(2);
  if (!a_scale.ok()) return a_scale.status();
  return FinishScaled(c, *y, *a_scale, 3, 6);
}

absl::Status ImportDynamicQuantizeMatMul(OpContext& c) {
  absl::StatusOr<TensorId> a = c.Tensor(0);
  if (!a.ok()) return a.status();
  absl::StatusOr<DynamicIntegers> dynamic = QuantizeDynamically(c, *a, c.value(0).rank());
  if (!dynamic.ok()) return dynamic.status();
  // The product of the integers reads them as MatMulInteger would.
  absl::StatusOr<TensorId> bytes = CastTo(c, "integers", dynamic->integers, DataType::kU8);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<TensorId> zero_byte = CastTo(c, "zero_byte", dynamic->zero_point, DataType::kU8);
  if (!zero_byte.ok()) return zero_byte.status();
  Value left = c.value(0), zero_point;
  left.type = zero_point.type = DataType::kU8;
  left.tensor = *bytes;
  left.arrays.clear();
  left.stored = kNoTensor;
  zero_point.tensor = *zero_byte;
  const std::vector<Value*> own = c.inputs;
  c.inputs[0] = &left;
  c.inputs.resize(6, nullptr);
  c.inputs[5] = &zero_point;
  absl::StatusOr<TensorId> y = Multiply(c, {0, 5}, {1, 3});
  c.inputs = own;
  if (!y.ok()) return y.status();
  return FinishScaled(c, *y, dynamic->scale, 2, 4);
}

absl::Status ImportConvInteger(OpContext& c) {
  constexpr Factor kX = {0, 2}, kW = {1, 3};
  if (!c.has(kX.x) || !c.has(kW.x)) return absl::InvalidArgumentError("lacks an input");
  const absl::optional<IntegerWeights> weights = ConstantWeights(c, kW, false);
  if (!weights) return absl::UnimplementedError("computes its weights; constants are supported");
  if (weights->largest_sum > kExactF32) {
    return absl::UnimplementedError(
        absl::StrCat("sums up to ", weights->largest_sum,
                     ", beyond the integers of 24 bits that are exact in f32"));
  }
  absl::StatusOr<TensorId> x = c.Tensor(kX.x);
  if (!x.ok()) return x.status();
  absl::StatusOr<TensorId> real = CastTo(c, "x_real", *x, DataType::kF32);
  if (!real.ok()) return real.status();
  absl::StatusOr<TensorId> zero_point = RealZeroPoint(c, kX);
  if (!zero_point.ok()) return zero_point.status();
  if (*zero_point != kNoTensor) {
    real = Combine(c, "x_centred", BinaryKind::SUB, *real, *zero_point);
    if (!real.ok()) return real.status();
  }
  Value input = c.value(kX.x);
  input.type = DataType::kF32;
  input.tensor = *real;
  input.arrays.clear();
  input.stored = kNoTensor;
  Value filters = Value::Of(Array::OfInts(DataType::kF32, c.value(kW.x).shape[0], weights->values));
  auto y = ImportInner(c, "Conv", {&input, &filters});
  if (!y.ok()) return y.status();
  return c.Finish(schema::CastOptionsT(), {(*y)[0].tensor}, DataType::kS32);
}

constexpr OpRow kRows[] = {
    {"ConvInteger", ImportConvInteger, 10, "constant weights, sums below 2^24"},
    {"DynamicQuantizeLinear", ImportDynamicQuantizeLinear, 11, ""},
    {"MatMulInteger", ImportMatMulInteger, 10, ""},
};

constexpr OpRow kMicrosoftRows[] = {
    {"DynamicQuantizeMatMul", ImportDynamicQuantizeMatMul, 1, ""},
    {"MatMulIntegerToFloat", ImportMatMulIntegerToFloat, 1, ""},
};

}  // namespace

absl::Span<const OpRow> IntegerOps() { return kRows; }
absl::Span<const OpRow> MicrosoftIntegerOps() { return kMicrosoftRows; }

}  // namespace octet::importer

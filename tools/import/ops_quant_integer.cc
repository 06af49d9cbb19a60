#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "tools/import/quantization.h"
#include "tools/import/steps.h"

// Products of integers whose scales and zero points may be computed by the model.
//
// Sums of products that stay below 2^24 are exact in f32: then 8-bit kernels compute them and yield
// f32. Others are products of s32.

namespace octet::importer {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;

constexpr double kExactF32 = 1 << 24;

// ---- Integers that the model scales as it runs

// A real tensor in integers of u8, and how: y = x / scale, rounded, + zero_point.
struct DynamicIntegers {
  TensorId integers;    // f32
  TensorId scale;       // f32, one number
  TensorId zero_point;  // f32, one number
};

TensorId Clip(Steps& s, const std::string& suffix, TensorId x, float least, float most) {
  return s.Add(suffix, Unary(UnaryKind::CLIP, least, most), {x});
}

// As DynamicQuantizeLinear: the range of x, widened to hold 0, takes 255 steps. A tensor of zeros
// has the scale 1.
DynamicIntegers QuantizeDynamically(Steps& s, TensorId x, size_t rank) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<int> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  const TensorId most = s.Reduce("most", schema::ReduceKind::MAXIMUM, axes, x, false);
  const TensorId least = s.Reduce("least", schema::ReduceKind::MINIMUM, axes, x, false);
  const TensorId high = Clip(s, "high", most, 0, kInfinity);
  const TensorId low = Clip(s, "low", least, -kInfinity, 0);
  const TensorId range = s.Binary("range", BinaryKind::SUB, high, low);
  const TensorId step = s.Binary("step", BinaryKind::DIV, range, s.Number(DataType::kF32, 255));
  // 1 where the range is 0, and 0 elsewhere.
  const TensorId wide = s.Unary("wide", UnaryKind::SIGN, range);
  const TensorId empty = s.Binary("empty", BinaryKind::SUB, s.Number(DataType::kF32, 1), wide);
  DynamicIntegers result;
  result.scale = s.Sum("scale", step, empty);
  const TensorId below = s.Binary("below", BinaryKind::DIV, low, result.scale);
  const TensorId shift = Clip(s, "shift", s.Unary("above", UnaryKind::NEG, below), 0, 255);
  result.zero_point = s.Unary("zero_point", UnaryKind::ROUND, shift);
  const TensorId units = s.Binary("units", BinaryKind::DIV, x, result.scale);
  const TensorId rounded = s.Unary("rounded", UnaryKind::ROUND, units);
  result.integers = Clip(s, "integers", s.Sum("moved", rounded, result.zero_point), 0, 255);
  return result;
}

absl::Status ImportDynamicQuantizeLinear(OpContext& c) {
  Steps s(c);
  const TensorId x = s.Input(0);
  if (!s.ok()) return s.status();
  const DynamicIntegers dynamic = QuantizeDynamically(s, x, c.value(0).rank());
  if (!s.ok()) return s.status();
  const std::vector<std::string> names = c.OutputNames(3);
  absl::StatusOr<Value> y = Quantized(c, dynamic.integers, DataType::kU8, UnitScale());
  if (!y.ok()) return y.status();
  absl::StatusOr<Value> scale = c.builder.Emit(names[1], Unary(UnaryKind::IDENTITY),
                                               {dynamic.scale}, names[1], DataType::kF32);
  if (!scale.ok()) return scale.status();
  absl::StatusOr<Value> zero_point =
      Quantized(c, dynamic.zero_point, DataType::kU8, UnitScale(), 2);
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

// Whether a factor has one zero point for all its elements, or none.
bool HasOneZeroPoint(const OpContext& c, const Factor& factor) {
  return !c.has(factor.zero_point) || NumElements(c.value(factor.zero_point).shape[0]) == 1;
}

// a * weights as f32, by 8-bit kernels: a * w - zero_point * (sums of w).
TensorId MultiplyBytes(OpContext& c, Steps& s, const Factor& a, const Factor& b,
                       const IntegerWeights& weights) {
  const Shape& shape = c.value(b.x).shape[0];
  const bool computed = c.has(a.zero_point) && !c.value(a.zero_point).is_constant();
  QuantParams quant = UnitScale();
  if (c.has(a.zero_point) && !computed) {
    quant.zero_points = {static_cast<int32_t>(c.value(a.zero_point).arrays[0].ints()[0])};
  }
  const TensorId integers = s.Take(IntegersOf(c, a.x, quant));
  schema::MatMulOptionsT options;
  options.transpose_b = true;
  const TensorId w = AddWeights(c, weights, {shape[1], shape[0]});
  const TensorId product = s.Add("product", std::move(options), {integers, w}, DataType::kF32);
  if (!computed) return product;
  const TensorId zero_point = s.Cast("zero_point_real", DataType::kF32, s.Input(a.zero_point));
  const std::vector<double> sums(weights.sums.begin(), weights.sums.end());
  const TensorId columns = c.Constant("sums", Array::OfDoubles(DataType::kF32, {shape[1]}, sums));
  return s.Binary("centred", BinaryKind::SUB, product, s.Product("excess", columns, zero_point));
}

// A factor as s32 without its zero point. A vector of zero points has one per row of the left one.
TensorId CentredS32(OpContext& c, Steps& s, const Factor& factor, bool left) {
  const std::string name = left ? "left" : "right";
  const TensorId wide = s.Cast(name, DataType::kS32, s.Input(factor.x));
  if (!c.has(factor.zero_point)) return wide;
  TensorId zero_point = s.Cast(name + "_zero_point", DataType::kS32, s.Input(factor.zero_point));
  if (left && !HasOneZeroPoint(c, factor) && c.value(factor.zero_point).rank() == 1) {
    schema::ReshapeOptionsT column;
    column.shape = {0, 1};
    zero_point = s.Add(name + "_rows", std::move(column), {zero_point});
  }
  return s.Binary(name + "_centred", BinaryKind::SUB, wide, zero_point);
}

// The product of integers as a tensor of f32 or s32.
TensorId Multiply(OpContext& c, Steps& s, const Factor& a, const Factor& b) {
  if (!c.has(a.x) || !c.has(b.x)) {
    s.Fail(absl::InvalidArgumentError("lacks a factor"));
    return kNoTensor;
  }
  const absl::optional<IntegerWeights> weights = ConstantWeights(c, b, true);
  if (weights && weights->fit_s8 && weights->largest_sum <= kExactF32 && HasOneZeroPoint(c, a) &&
      c.value(a.x).rank() >= 2) {
    return MultiplyBytes(c, s, a, b, *weights);
  }
  const TensorId left = CentredS32(c, s, a, true), right = CentredS32(c, s, b, false);
  return s.Add("product", schema::MatMulOptionsT(), {left, right}, DataType::kS32);
}

// `x` as the node's result of `type`.
absl::Status FinishAs(OpContext& c, Steps& s, TensorId x, DataType type) {
  if (!s.ok()) return s.status();
  if (c.builder.graph().tensor(x).type == type) return s.Finish(Unary(UnaryKind::IDENTITY), {x});
  return s.Finish(schema::CastOptionsT(), {x}, type);
}

absl::Status ImportMatMulInteger(OpContext& c) {
  Steps s(c);
  const TensorId y = Multiply(c, s, {0, 2}, {1, 3});
  return FinishAs(c, s, y, DataType::kS32);
}

// y * a_scale * b_scale + bias, where bias may be absent.
absl::Status FinishScaled(OpContext& c, Steps& s, TensorId y, TensorId a_scale, size_t b_scale,
                          size_t bias) {
  const TensorId scale = s.Product("both_scales", a_scale, s.Input(b_scale));
  if (!s.ok()) return s.status();
  if (c.builder.graph().tensor(y).type != DataType::kF32) y = s.Cast("real", DataType::kF32, y);
  if (!c.has(bias)) return s.Finish(Binary(BinaryKind::MUL), {y, scale});
  const TensorId scaled = s.Product("scaled", y, scale);
  return s.Finish(Binary(BinaryKind::ADD), {scaled, s.Input(bias)});
}

absl::Status ImportMatMulIntegerToFloat(OpContext& c) {
  Steps s(c);
  const TensorId y = Multiply(c, s, {0, 4}, {1, 5});
  return FinishScaled(c, s, y, s.Input(2), 3, 6);
}

absl::Status ImportDynamicQuantizeMatMul(OpContext& c) {
  Steps s(c);
  const TensorId a = s.Input(0);
  if (!s.ok()) return s.status();
  const DynamicIntegers dynamic = QuantizeDynamically(s, a, c.value(0).rank());
  const TensorId bytes = s.Cast("bytes", DataType::kU8, dynamic.integers);
  const TensorId zero_byte = s.Cast("zero_byte", DataType::kU8, dynamic.zero_point);
  if (!s.ok()) return s.status();
  Value left = ValueOf(c.builder, bytes), zero_point = ValueOf(c.builder, zero_byte);
  const std::vector<Value*> own = c.inputs;
  constexpr size_t kOwnInputs = 5;
  c.inputs[0] = &left;
  c.inputs.resize(kOwnInputs, nullptr);
  c.inputs.push_back(&zero_point);
  const TensorId y = Multiply(c, s, {0, kOwnInputs}, {1, 3});
  c.inputs = own;
  return FinishScaled(c, s, y, dynamic.scale, 2, 4);
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
  Steps s(c);
  TensorId x = s.Cast("x_real", DataType::kF32, s.Input(kX.x));
  if (c.has(kX.zero_point)) {
    const TensorId zero_point = s.Cast("zero_point_real", DataType::kF32, s.Input(kX.zero_point));
    x = s.Binary("x_centred", BinaryKind::SUB, x, zero_point);
  }
  if (!s.ok()) return s.status();
  Value input = ValueOf(c.builder, x);
  Value filters = Value::Of(Array::OfInts(DataType::kF32, c.value(kW.x).shape[0], weights->values));
  auto y = ImportInner(c, "Conv", {&input, &filters});
  if (!y.ok()) return y.status();
  return s.Finish(schema::CastOptionsT(), {(*y)[0].tensor}, DataType::kS32);
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

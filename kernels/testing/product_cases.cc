#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "kernels/testing/cases.h"

// Convolutions and matrix products.

namespace octet::testing {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

// The types and scales of one way to compute a product.
struct Numbers {
  const char* name;
  DataType x, y;  // kF32: the factors too
  int32_t x_zero, y_zero;
  bool per_channel;
  bool bias;
  bool residual;
  float min, max;        // activation
  bool dynamic = false;  // f32 activations, s8 weights
  DataType w = DataType::kS8;
};

constexpr DataType kF32 = DataType::kF32, kU8 = DataType::kU8, kS8 = DataType::kS8;
constexpr DataType kS16 = DataType::kS16;

const Numbers kNumbers[] = {
    {"f32", kF32, kF32, 0, 0, false, true, false, -kInf, kInf},
    {"f32 relu6 residual", kF32, kF32, 0, 0, false, true, true, 0, 6},
    {"f32 no bias", kF32, kF32, 0, 0, false, false, false, -kInf, kInf},
    {"u8 per channel", kU8, kU8, 128, 117, true, true, false, -kInf, kInf},
    {"u8 relu", kU8, kU8, 0, 0, true, true, false, 0, kInf},
    {"u8 relu6 per tensor", kU8, kU8, 255, 3, false, true, false, 0, 6},
    {"u8 residual", kU8, kU8, 121, 130, true, true, true, -kInf, kInf},
    {"u8 residual relu no bias", kU8, kU8, 7, 0, true, false, true, 0, kInf},
    {"s8 per channel", kS8, kS8, 0, -5, true, true, false, -kInf, kInf},
    {"s8 residual clip", kS8, kS8, -128, 127, false, true, true, -1, 0.5f},
    {"s8 to u8", kS8, kU8, 127, 128, true, false, false, -kInf, kInf},
    {"u8 to s8", kU8, kS8, 3, -128, false, true, false, -kInf, kInf},
    {"u8 to f32", kU8, kF32, 128, 0, true, true, false, -kInf, kInf},
    {"s8 to f32 relu6 residual", kS8, kF32, 1, 0, true, true, true, 0, 6},
    {"s16", kS16, kS16, 0, 0, true, true, false, -kInf, kInf},
    {"s16 residual relu per tensor", kS16, kS16, 0, 0, false, true, true, 0, kInf},
    {"s16 to f32 residual", kS16, kF32, 0, 0, true, false, true, -kInf, kInf},
    {"s16 to u8", kS16, kU8, 0, 100, true, true, false, -kInf, kInf},
    {"u8 to s16", kU8, kS16, 10, 0, true, true, false, -kInf, kInf},
    {"s16 weights s16", kS16, kS16, 0, 0, true, true, false, -kInf, kInf, false, kS16},
    {"s16 weights s16 residual", kS16, kS16, 0, 0, false, true, true, -1, 6, false, kS16},
    {"dynamic", kF32, kF32, 0, 0, true, true, false, -kInf, kInf, true},
    {"dynamic per tensor relu residual", kF32, kF32, 0, 0, false, false, true, 0, kInf, true},
};

const Numbers& kDynamicNumbers = kNumbers[std::size(kNumbers) - 2];

// Scales with which sums of `depth` products fill about the range of the output.
constexpr float kXScale = 0.02f, kWScale = 0.01f;
// The deviation of numbers that are spread evenly over a type, and the one wanted of an output.
float DeviationOf(DataType type) { return type == kS16 ? 18918.0f : 73.0f; }
float WantedOf(DataType type) { return type == kS16 ? 8000.0f : 45.0f; }
float YScale(int64_t depth, const Numbers& n) {
  return kXScale * kWScale * std::sqrt(static_cast<float>(depth)) * DeviationOf(n.x) *
         DeviationOf(n.w) / WantedOf(n.y);
}

// Completes inputs x and w, whose shapes are given, by what `n` says, and makes the case.
template <typename OptionsT>
KernelCase MakeProduct(const std::string& name, OptionsT options, const Numbers& n,
                       const Shape& x_shape, const Shape& w_shape, int w_axis, const Shape& y_shape,
                       int64_t channels, int64_t depth, Rng& rng) {
  options.activation_min = n.min;
  options.activation_max = n.max;
  std::vector<TestTensor> inputs;
  TestTensor output;
  const float y_scale = YScale(depth, n);
  if (n.x == kF32) {
    inputs = {RandomF32(x_shape, n.dynamic ? -1 : -2, 2, rng)};
    if (n.dynamic) {
      options.arithmetic = schema::Arithmetic::DYNAMIC;
      inputs.push_back(
          AsConstant(QuantizedWeights(w_shape, n.per_channel ? w_axis : -1, kWScale, rng)));
    } else {
      inputs.push_back(AsConstant(RandomF32(w_shape, -1, 1, rng)));
    }
    inputs.push_back(n.bias ? AsConstant(RandomF32({channels}, -3, 3, rng)) : Absent());
    inputs.push_back(n.residual ? RandomF32(y_shape, -4, 4, rng) : Absent());
    output = OutputLike(kF32);
  } else {
    inputs = {
        Quantized(n.x, x_shape, kXScale, n.x_zero, rng),
        AsConstant(QuantizedWeights(w_shape, n.per_channel ? w_axis : -1, kWScale, rng, n.w))};
    const auto bound = static_cast<int64_t>(0.9f * WantedOf(n.y) * y_scale / (kXScale * kWScale));
    const DataType bias = n.x == kS16 ? DataType::kS64 : DataType::kS32;
    inputs.push_back(n.bias ? QuantizedBias(channels, bound, rng, bias) : Absent());
    output = n.y == kF32 ? OutputLike(kF32) : OutputLike(n.y, y_scale, n.y_zero);
    if (!n.residual) {
      inputs.push_back(Absent());
    } else if (n.y == kF32) {
      inputs.push_back(RandomF32(y_shape, -4, 4, rng));
    } else {
      inputs.push_back(Quantized(n.y, y_shape, 0.7f * y_scale, n.y_zero / 2, rng));
    }
  }
  return MakeCase(absl::StrCat(name, ", ", n.name), std::move(options), std::move(inputs),
                  {std::move(output)});
}

struct ConvShape {
  const char* name;
  Shape x;  // [N, C, spatial...]
  int64_t outputs;
  int groups;
  std::vector<int32_t> kernel, strides, dilations, begin, end;
};

const ConvShape kConvShapes[] = {
    {"3x3", {1, 5, 9, 7}, 17, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"3x3 of 3 channels, stride 2", {2, 3, 15, 13}, 16, 1, {3, 3}, {2, 2}, {1, 1}, {0, 0}, {1, 1}},
    {"1x1", {1, 64, 6, 5}, 24, 1, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
    {"1x1, stride 2", {1, 17, 7, 9}, 64, 1, {1, 1}, {2, 2}, {1, 1}, {0, 0}, {0, 0}},
    {"1x1 of one pixel", {3, 40, 1, 1}, 10, 1, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
    {"one channel", {1, 1, 8, 8}, 1, 1, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"kernel beyond the picture", {1, 6, 2, 3}, 8, 1, {5, 5}, {1, 1}, {1, 1}, {2, 2}, {2, 2}},
    {"stride 3, asymmetric", {1, 16, 11, 10}, 32, 1, {5, 3}, {3, 3}, {1, 1}, {2, 0}, {1, 2}},
    {"dilation 2", {1, 16, 9, 9}, 16, 1, {3, 3}, {1, 1}, {2, 2}, {2, 2}, {2, 2}},
    {"groups of 4", {1, 16, 7, 7}, 24, 4, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"groups, stride 2", {1, 64, 6, 6}, 64, 2, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}},
    {"depthwise", {2, 17, 9, 11}, 17, 17, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"depthwise of 64", {1, 64, 7, 7}, 64, 64, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"depthwise, stride 2", {1, 96, 10, 9}, 96, 96, {3, 3}, {2, 2}, {1, 1}, {0, 0}, {1, 1}},
    {"depthwise 5x5", {1, 40, 12, 8}, 40, 40, {5, 5}, {1, 1}, {1, 1}, {2, 2}, {2, 2}},
    {"depthwise 5x5 on 3x3", {1, 32, 3, 3}, 32, 32, {5, 5}, {2, 2}, {1, 1}, {2, 2}, {2, 2}},
    {"depthwise 7x7", {1, 33, 9, 9}, 33, 33, {7, 7}, {1, 1}, {1, 1}, {3, 3}, {3, 3}},
    {"depthwise, dilation 2", {1, 20, 9, 9}, 20, 20, {3, 3}, {1, 1}, {2, 2}, {2, 2}, {2, 2}},
    {"depthwise, multiplier 2", {1, 12, 6, 7}, 24, 12, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {"depthwise, stride 3", {1, 16, 8, 8}, 16, 16, {3, 3}, {3, 3}, {1, 1}, {1, 1}, {0, 0}},
    {"1 dimension", {2, 8, 21}, 12, 1, {5}, {2}, {1}, {2}, {2}},
    {"1 dimension, depthwise", {1, 24, 16}, 24, 24, {3}, {1}, {1}, {1}, {1}},
    {"3 dimensions", {1, 4, 5, 4, 6}, 6, 1, {3, 2, 3}, {1, 2, 1}, {1, 1, 1}, {1, 0, 1}, {1, 1, 1}},
};

KernelCase MakeConv(const ConvShape& s, const Numbers& n, Rng& rng) {
  schema::ConvOptionsT options;
  options.strides = s.strides;
  options.dilations = s.dilations;
  options.pads_begin = s.begin;
  options.pads_end = s.end;
  options.groups = s.groups;
  Shape w = {s.outputs, s.x[1] / s.groups}, y = {s.x[0], s.outputs};
  int64_t depth = w[1];
  for (size_t d = 0; d < s.kernel.size(); ++d) {
    w.push_back(s.kernel[d]);
    depth *= s.kernel[d];
    const int64_t extent = s.dilations[d] * (s.kernel[d] - 1) + 1;
    y.push_back((s.x[d + 2] + s.begin[d] + s.end[d] - extent) / s.strides[d] + 1);
  }
  return MakeProduct(s.name, std::move(options), n, s.x, w, 0, y, s.outputs, depth, rng);
}

// Every function that lowering makes part of a product.
const std::vector<PostFunction> kPosts[] = {
    {{schema::UnaryKind::HARD_SWISH}},
    {{schema::UnaryKind::HARD_SWISH}, {absl::nullopt, 1.5f, -0.25f}},
    {{schema::UnaryKind::SWISH}},
    {{schema::UnaryKind::GELU}},
    {{schema::UnaryKind::GELU_TANH}},
    {{schema::UnaryKind::SIGMOID}},
    {{schema::UnaryKind::TANH}},
    {{schema::UnaryKind::ABS}},
    {{schema::UnaryKind::LEAKY_RELU, 0.1f}},
    {{schema::UnaryKind::ELU, 0.7f}},
    {{schema::UnaryKind::HARD_SIGMOID, 0.2f, 0.5f}},
    {{absl::nullopt, 2.0f, 1.0f}, {schema::UnaryKind::CLIP, -1.0f, kInf}},
};

std::string NameOf(const std::vector<PostFunction>& post) {
  std::string name;
  for (const PostFunction& f : post) absl::StrAppend(&name, " + ", Name(f));
  return name;
}

// A 1 x 1 convolution of one channel by 1, so that each output is x * scale_x / scale_y: with a
// ratio of 1/2, every odd x is a tie; with 4, most saturate.
KernelCase Ties(const char* name, DataType type, float y_scale) {
  std::vector<int32_t> x, w = {1, -1};
  const int32_t first = type == kU8 ? 0 : -128;
  for (int32_t i = 0; i < 256; ++i) x.push_back(first + i);
  schema::ConvOptionsT options;
  options.strides = options.dilations = {1, 1};
  options.pads_begin = options.pads_end = {0, 0};
  return MakeCase(name, std::move(options),
                  {Ints(type, {1, 1, 16, 16}, 1.0f, first + 128, x),
                   AsConstant(Ints(kS8, {2, 1, 1, 1}, 1.0f, 0, w))},
                  {OutputLike(type, y_scale, first + 128)});
}

// Scales next to the smallest that f32 can hold leave factors that are 0 or infinite in careless
// arithmetic.
KernelCase TinyScales(Rng& rng) {
  schema::ConvOptionsT options;
  options.strides = options.dilations = {1, 1};
  options.pads_begin = options.pads_end = {1, 1};
  return MakeCase("scales of 1e-30", std::move(options),
                  {Quantized(kU8, {1, 8, 5, 5}, 1e-30f, 128, rng),
                   AsConstant(QuantizedWeights({16, 8, 3, 3}, -1, 0.01f, rng)), Absent()},
                  {OutputLike(kU8, 3e-30f, 128)});
}

KernelCase ComputedWeights(Rng& rng) {
  schema::ConvOptionsT options;
  options.strides = {2, 1};
  options.dilations = {1, 1};
  options.pads_begin = options.pads_end = {1, 0};
  options.groups = 2;
  return MakeCase("computed weights", std::move(options),
                  {RandomF32({2, 6, 7, 5}, -2, 2, rng), RandomF32({4, 3, 3, 2}, -1, 1, rng),
                   RandomF32({4}, -3, 3, rng)},
                  {OutputLike(kF32)});
}

// All products at their bounds, in pairs, fours and on the whole.
KernelCase Extremes(DataType type, int32_t x, int32_t w) {
  const Shape x_shape = {1, 64, 4, 4}, w_shape = {32, 64, 3, 3};
  schema::ConvOptionsT options;
  options.strides = options.dilations = {1, 1};
  options.pads_begin = options.pads_end = {1, 1};
  const std::vector<int32_t> xs(static_cast<size_t>(NumElements(x_shape)), x);
  std::vector<int32_t> ws(static_cast<size_t>(NumElements(w_shape)), w);
  for (size_t i = 0; i < ws.size() / 4; ++i) ws[i] = -w;
  return MakeCase(absl::StrCat("extremes ", std::string(Name(type)), " ", x, " * ", w),
                  std::move(options),
                  {Ints(type, x_shape, 0.1f, type == kU8 ? 0 : 127, xs),
                   AsConstant(Ints(kS8, w_shape, 0.1f, 0, ws)), Absent()},
                  {OutputLike(type, 1000.0f, 0)});
}

}  // namespace

std::vector<KernelCase> ConvCases() {
  Rng rng(1);
  std::vector<KernelCase> cases;
  for (const ConvShape& s : kConvShapes) {
    for (const Numbers& n : kNumbers) cases.push_back(MakeConv(s, n, rng));
  }
  for (const char* name : {"3x3", "1x1", "depthwise", "1 dimension"}) {
    for (const std::vector<PostFunction>& post : kPosts) {
      const auto* shape =
          std::find_if(std::begin(kConvShapes), std::end(kConvShapes),
                       [&](const ConvShape& s) { return s.name == absl::string_view(name); });
      cases.push_back(MakeConv(*shape, kNumbers[cases.size() % 2], rng));
      cases.back().name += NameOf(post);
      cases.back().post = post;
    }
  }
  for (const std::vector<PostFunction>& post : kPosts) {
    cases.push_back(MakeConv(kConvShapes[cases.size() % 4], kDynamicNumbers, rng));
    cases.back().name += NameOf(post);
    cases.back().post = post;
  }
  cases.push_back(Ties("ties u8", kU8, 2.0f));
  cases.push_back(Ties("ties s8", kS8, 2.0f));
  cases.push_back(Ties("saturation u8", kU8, 0.25f));
  cases.push_back(Ties("saturation s8", kS8, 0.25f));
  cases.push_back(TinyScales(rng));
  cases.push_back(ComputedWeights(rng));
  for (DataType type : {kU8, kS8}) {
    for (int32_t w : {127, -127}) {
      cases.push_back(Extremes(type, type == kU8 ? 255 : 127, w));
      cases.push_back(Extremes(type, type == kU8 ? 0 : -128, w));
    }
  }
  return cases;
}

namespace {

struct MatMulShape {
  const char* name;
  Shape a, b;
  bool transpose_a, transpose_b;
  Shape y;
};

const MatMulShape kMatMulShapes[] = {
    {"1x40 by 40x10", {1, 40}, {40, 10}, false, false, {1, 10}},
    {"7x65 by 65x33", {7, 65}, {65, 33}, false, false, {7, 33}},
    {"transposed b", {5, 128}, {64, 128}, false, true, {5, 64}},
    {"transposed a", {24, 6}, {24, 17}, true, false, {6, 17}},
    {"a stack by one", {2, 3, 9, 20}, {20, 16}, false, false, {2, 3, 9, 16}},
    {"a stack by a stack", {2, 4, 5, 8}, {2, 4, 8, 6}, false, false, {2, 4, 5, 6}},
    {"stacks that broadcast", {3, 1, 4, 8}, {2, 8, 5}, false, false, {3, 2, 4, 5}},
    {"a vector", {31}, {31, 9}, false, false, {9}},
    {"depth 1", {4, 1}, {1, 3}, false, false, {4, 3}},
    {"one number", {1, 1}, {1, 1}, false, false, {1, 1}},
    {"deep", {2, 1280}, {1280, 100}, false, false, {2, 100}},
};

// Both factors computed.
KernelCase ComputedProduct(DataType type, Rng& rng) {
  schema::MatMulOptionsT options;
  options.transpose_b = true;
  const Shape a = {2, 3, 7, 16}, b = {2, 3, 9, 16};
  if (type == kF32) {
    return MakeCase("computed factors, f32", std::move(options),
                    {RandomF32(a, -1, 1, rng), RandomF32(b, -1, 1, rng)}, {OutputLike(kF32)});
  }
  return MakeCase(absl::StrCat("computed factors, ", std::string(Name(type))), std::move(options),
                  {Quantized(type, a, 0.02f, 3, rng), Quantized(type, b, 0.03f, 100, rng)},
                  {OutputLike(type, 0.3f, 7)});
}

}  // namespace

std::vector<KernelCase> MatMulCases() {
  Rng rng(2);
  std::vector<KernelCase> cases;
  for (const MatMulShape& s : kMatMulShapes) {
    const auto rank = static_cast<int>(s.b.size());
    const int axis = s.transpose_b ? rank - 2 : rank - 1;
    const int64_t depth = s.b[static_cast<size_t>(s.transpose_b ? rank - 1 : rank - 2)];
    const auto make = [&](const Numbers& n) {
      schema::MatMulOptionsT options;
      options.transpose_a = s.transpose_a;
      options.transpose_b = s.transpose_b;
      cases.push_back(
          MakeProduct(s.name, std::move(options), n, s.a, s.b, axis, s.y, s.y.back(), depth, rng));
    };
    for (const Numbers& n : kNumbers) make(n);
    if (cases.size() > 4 * std::size(kNumbers)) continue;  // enough for the functions behind them
    for (const std::vector<PostFunction>& post : kPosts) {
      make(cases.size() % 3 == 2 ? kDynamicNumbers : kNumbers[cases.size() % 3]);
      cases.back().name += NameOf(post);
      cases.back().post = post;
    }
  }
  for (DataType type : {kF32, kU8, kS8}) cases.push_back(ComputedProduct(type, rng));
  return cases;
}

}  // namespace octet::testing

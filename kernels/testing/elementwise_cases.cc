#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "kernels/testing/cases.h"

namespace octet::testing {
namespace {

constexpr DataType kF32 = DataType::kF32, kU8 = DataType::kU8, kS8 = DataType::kS8;
constexpr DataType kS16 = DataType::kS16;
constexpr float kInf = std::numeric_limits<float>::infinity();

// All 256 integers, and then some at random.
TestTensor AllBytes(DataType type, const Shape& shape, float scale, int32_t zero_point) {
  std::vector<int32_t> values;
  const int64_t count = NumElements(shape);
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<int32_t>(i * 7 % 256) - (type == kS8 ? 128 : 0));
  }
  return Ints(type, shape, scale, zero_point, values);
}

// Integers that are spread over all of s16, both ends among them.
TestTensor ManyWords(const Shape& shape, float scale) {
  std::vector<int32_t> values = {-32767, 32767, 0};
  const int64_t count = NumElements(shape);
  for (int64_t i = 3; i < count; ++i) {
    values.push_back(static_cast<int32_t>(i * 39119 % 65535) - 32767);
  }
  return Ints(kS16, shape, scale, 0, values);
}

struct UnaryFunction {
  schema::UnaryKind kind;
  float alpha, beta;
  float lo, hi;  // of f32 inputs
};
const UnaryFunction kFunctions[] = {
    {schema::UnaryKind::IDENTITY, 0, 0, -9, 9},
    {schema::UnaryKind::CLIP, -1.5f, 2.25f, -9, 9},
    {schema::UnaryKind::CLIP, 0, kInf, -9, 9},
    {schema::UnaryKind::SIGMOID, 0, 0, -20, 20},
    {schema::UnaryKind::TANH, 0, 0, -6, 6},
    {schema::UnaryKind::EXP, 0, 0, -8, 8},
    {schema::UnaryKind::LOG, 0, 0, 0.01f, 9},
    {schema::UnaryKind::SQRT, 0, 0, 0, 9},
    {schema::UnaryKind::RECIPROCAL, 0, 0, 0.1f, 9},
    {schema::UnaryKind::ABS, 0, 0, -9, 9},
    {schema::UnaryKind::NEG, 0, 0, -9, 9},
    {schema::UnaryKind::FLOOR, 0, 0, -9, 9},
    {schema::UnaryKind::CEIL, 0, 0, -9, 9},
    {schema::UnaryKind::ROUND, 0, 0, -9, 9},
    {schema::UnaryKind::ERF, 0, 0, -4, 4},
    {schema::UnaryKind::LEAKY_RELU, 0.1f, 0, -9, 9},
    {schema::UnaryKind::ELU, 1.3f, 0, -9, 9},
    {schema::UnaryKind::HARD_SIGMOID, 0.2f, 0.5f, -9, 9},
    {schema::UnaryKind::HARD_SWISH, 0, 0, -9, 9},
    {schema::UnaryKind::SWISH, 0, 0, -20, 20},
    {schema::UnaryKind::GELU, 0, 0, -6, 6},
    {schema::UnaryKind::SOFTPLUS, 0, 0, -20, 20},
    {schema::UnaryKind::SIGN, 0, 0, -9, 9},
    {schema::UnaryKind::SIN, 0, 0, -9, 9},
    {schema::UnaryKind::COS, 0, 0, -9, 9},
    {schema::UnaryKind::TAN, 0, 0, -1.5f, 1.5f},
    {schema::UnaryKind::ASIN, 0, 0, -1, 1},
    {schema::UnaryKind::ACOS, 0, 0, -1, 1},
    {schema::UnaryKind::ATAN, 0, 0, -9, 9},
    {schema::UnaryKind::SINH, 0, 0, -4, 4},
    {schema::UnaryKind::COSH, 0, 0, -4, 4},
    {schema::UnaryKind::ASINH, 0, 0, -9, 9},
    {schema::UnaryKind::ACOSH, 0, 0, 1, 9},
    {schema::UnaryKind::ATANH, 0, 0, -0.9f, 0.9f},
    {schema::UnaryKind::SELU, 1.6732632f, 1.050701f, -9, 9},
    {schema::UnaryKind::CELU, 1.5f, 0, -9, 9},
    {schema::UnaryKind::CELU, -0.7f, 0, -9, 9},
    {schema::UnaryKind::MISH, 0, 0, -20, 20},
    {schema::UnaryKind::GELU_TANH, 0, 0, -6, 6},
    {schema::UnaryKind::SOFTSIGN, 0, 0, -9, 9},
    {schema::UnaryKind::THRESHOLDED_RELU, 1.5f, 0, -9, 9},
    {schema::UnaryKind::SHRINK, 1.5f, 0.5f, -9, 9},
};

schema::UnaryOptionsT OptionsOf(const UnaryFunction& f) {
  schema::UnaryOptionsT options;
  options.kind = f.kind;
  options.alpha = f.alpha;
  options.beta = f.beta;
  return options;
}

}  // namespace

std::vector<KernelCase> UnaryCases() {
  Rng rng(6);
  std::vector<KernelCase> cases;
  for (const UnaryFunction& f : kFunctions) {
    const std::string name = schema::EnumNameUnaryKind(f.kind);
    cases.push_back(MakeCase(name + ", f32", OptionsOf(f),
                             {RandomF32({2, 5, 7, 3}, f.lo, f.hi, rng)}, {OutputLike(kF32)}));
    cases.push_back(MakeCase(name + ", u8", OptionsOf(f),
                             {AllBytes(kU8, {1, 3, 9, 11}, 0.04f, 127)},
                             {OutputLike(kU8, 0.03f, 100)}));
    cases.push_back(MakeCase(name + ", s8", OptionsOf(f), {AllBytes(kS8, {300}, 0.05f, -128)},
                             {OutputLike(kS8, 0.01f, 0)}));
    cases.push_back(MakeCase(name + ", s8 to u8", OptionsOf(f),
                             {AllBytes(kS8, {1, 64, 20, 40}, 0.5f, 127)},
                             {OutputLike(kU8, 0.25f, 255)}));
    cases.push_back(MakeCase(name + ", s16", OptionsOf(f), {ManyWords({1, 7, 20, 40}, 2e-4f)},
                             {OutputLike(kS16, 3e-4f, 0)}));
    cases.push_back(MakeCase(name + ", s16 to s8", OptionsOf(f), {ManyWords({1000}, 2e-4f)},
                             {OutputLike(kS8, 0.05f, 3)}));
    cases.push_back(MakeCase(name + ", large f32", OptionsOf(f),
                             {RandomF32({1, 32, 40, 41}, f.lo, f.hi, rng)}, {OutputLike(kF32)}));
  }
  const UnaryFunction& identity = kFunctions[0];
  cases.push_back(MakeCase("identity without requantization", OptionsOf(identity),
                           {AllBytes(kU8, {3, 100}, 0.1f, 3)}, {OutputLike(kU8, 0.1f, 3)}));
  cases.push_back(MakeCase("identity of s16", OptionsOf(identity), {ManyWords({3, 100}, 0.1f)},
                           {OutputLike(kS16, 0.1f, 0)}));
  cases.push_back(
      MakeCase("nothing", OptionsOf(identity), {F32({2, 0, 3}, {})}, {OutputLike(kF32)}));
  return cases;
}

std::vector<KernelCase> RequantizeCases() {
  struct Pair {
    DataType x, y;
    float x_scale, y_scale;
    int32_t x_zero, y_zero;
  };
  const Pair pairs[] = {{kU8, kU8, 0.1f, 0.2f, 128, 127}, {kU8, kS8, 0.5f, 1.0f, 0, 0},
                        {kS8, kU8, 0.25f, 0.25f, 0, 128}, {kS8, kS8, 1e-30f, 3e-30f, -128, 127},
                        {kU8, kU8, 1.0f, 0.1f, 255, 0},   {kS8, DataType::kS16, 1.0f, 0.1f, 1, 0}};
  std::vector<KernelCase> cases;
  for (const Pair& p : pairs) {
    for (const Shape& shape : {Shape{1, 5, 8, 9}, Shape{256}, Shape{1, 64, 30, 40}}) {
      cases.push_back(
          MakeCase(absl::StrCat("requantize ", ToString(shape), " ", p.x_scale, " to ", p.y_scale),
                   schema::RequantizeOptionsT(), {AllBytes(p.x, shape, p.x_scale, p.x_zero)},
                   {OutputLike(p.y, p.y_scale, p.y_zero)}));
    }
  }
  for (const Shape& shape : {Shape{1, 5, 8, 9}, Shape{1, 64, 30, 40}}) {
    cases.push_back(MakeCase(absl::StrCat("requantize s16 ", ToString(shape), " to s16"),
                             schema::RequantizeOptionsT(), {ManyWords(shape, 0.1f)},
                             {OutputLike(kS16, 0.07f, 0)}));
    cases.push_back(MakeCase(absl::StrCat("requantize s16 ", ToString(shape), " to u8"),
                             schema::RequantizeOptionsT(), {ManyWords(shape, 0.01f)},
                             {OutputLike(kU8, 1.0f, 120)}));
  }
  return cases;
}

std::vector<KernelCase> BinaryCases() {
  Rng rng(7);
  struct Shapes {
    Shape a, b;
  };
  const Shapes shapes[] = {{{2, 5, 7, 3}, {2, 5, 7, 3}},
                           {{1, 17, 6, 5}, {1, 17, 1, 1}},
                           {{1, 17, 6, 5}, {17, 1, 1}},
                           {{2, 3, 4, 4}, {1}},
                           {{}, {3, 7}},
                           {{4, 1, 5}, {1, 6, 5}},
                           {{1, 3, 4, 5}, {4, 5}},
                           {{1, 1, 4, 5}, {2, 3, 4, 5}},
                           {{1, 8, 5, 5}, {1, 8, 5, 1}},
                           {{1, 64, 40, 30}, {1, 64, 40, 30}},
                           {{1, 700}, {1, 700}},
                           {{2, 8, 3, 3}, {8, 3, 3}},
                           {{}, {}}};
  struct Activation {
    float min, max;
  };
  std::vector<KernelCase> cases;
  for (const Shapes& s : shapes) {
    for (int k = 0; k <= static_cast<int>(schema::BinaryKind::POW); ++k) {
      schema::BinaryOptionsT options;
      options.kind = static_cast<schema::BinaryKind>(k);
      const Activation activation = k % 3 == 0   ? Activation{-kInf, kInf}
                                    : k % 3 == 1 ? Activation{0, kInf}
                                                 : Activation{-1, 1.5f};
      options.activation_min = activation.min;
      options.activation_max = activation.max;
      const std::string name = absl::StrCat(schema::EnumNameBinaryKind(options.kind), " ",
                                            ToString(s.a), " and ", ToString(s.b));
      // Positive, for powers and quotients.
      cases.push_back(MakeCase(name + ", f32", options,
                               {RandomF32(s.a, 0.1f, 4, rng), RandomF32(s.b, 0.1f, 4, rng)},
                               {OutputLike(kF32)}));
      cases.push_back(
          MakeCase(name + ", f32 constant b", options,
                   {RandomF32(s.a, 0.1f, 4, rng), AsConstant(RandomF32(s.b, 0.1f, 4, rng))},
                   {OutputLike(kF32)}));
      cases.push_back(
          MakeCase(name + ", u8", options,
                   {Quantized(kU8, s.a, 0.02f, 100, rng), Quantized(kU8, s.b, 0.03f, 0, rng)},
                   {OutputLike(kU8, 0.04f, 128)}));
      cases.push_back(
          MakeCase(name + ", s8 halves", options,  // sums and products are ties
                   {Quantized(kS8, s.a, 0.5f, -1, rng), Quantized(kS8, s.b, 0.5f, 1, rng)},
                   {OutputLike(kS8, 1.0f, 0)}));
      cases.push_back(
          MakeCase(name + ", s16", options,
                   {Quantized(kS16, s.a, 1e-3f, 0, rng), Quantized(kS16, s.b, 2e-3f, 0, rng)},
                   {OutputLike(kS16, k == 2 ? 0.03f : 2e-3f, 0)}));
      cases.push_back(
          MakeCase(name + ", s16 and u8 to s8", options,
                   {Quantized(kS16, s.a, 1e-3f, 0, rng), Quantized(kU8, s.b, 0.1f, 99, rng)},
                   {OutputLike(kS8, 0.3f, -5)}));
      cases.push_back(MakeCase(
          name + ", mixed types", options,
          {Quantized(kS8, s.a, 0.1f, -128, rng), AsConstant(Quantized(kU8, s.b, 0.02f, 255, rng))},
          {OutputLike(kU8, 0.05f, 0)}));
    }
  }
  return cases;
}

std::vector<KernelCase> SoftmaxCases() {
  Rng rng(8);
  struct Line {
    Shape x;
    int axis;
  };
  const Line lines[] = {{{1, 1000}, 1},    {{3, 7}, 0},          {{2, 5, 6, 7}, 1},
                        {{2, 5, 6, 7}, 3}, {{2, 70, 3, 3}, 1},   {{10}, 0},
                        {{4, 1}, 1},       {{1, 2, 200, 90}, 1}, {{2, 12, 40, 40}, 3}};
  std::vector<KernelCase> cases;
  for (const Line& line : lines) {
    schema::SoftmaxOptionsT options;
    options.axis = line.axis;
    const std::string name = absl::StrCat("softmax ", ToString(line.x), " axis ", line.axis);
    cases.push_back(
        MakeCase(name + ", f32", options, {RandomF32(line.x, -10, 10, rng)}, {OutputLike(kF32)}));
    options.log = true;
    cases.push_back(
        MakeCase("log " + name, options, {RandomF32(line.x, -10, 10, rng)}, {OutputLike(kF32)}));
    cases.push_back(MakeCase("log " + name + ", u8", options,
                             {Quantized(kU8, line.x, 0.1f, 128, rng)},
                             {OutputLike(kU8, 0.1f, 255)}));
    options.log = false;
    cases.push_back(MakeCase(name + ", f32 large", options, {RandomF32(line.x, -1e4f, 1e4f, rng)},
                             {OutputLike(kF32)}));
    cases.push_back(MakeCase(name + ", u8", options, {Quantized(kU8, line.x, 0.1f, 128, rng)},
                             {OutputLike(kU8, 1.0f / 256, 0)}));
    cases.push_back(MakeCase(name + ", s8", options, {Quantized(kS8, line.x, 0.03f, 5, rng)},
                             {OutputLike(kS8, 1.0f / 512, -128)}));
    cases.push_back(MakeCase(name + ", s16", options, {Quantized(kS16, line.x, 3e-4f, 0, rng)},
                             {OutputLike(kS16, 1.0f / 32768, 0)}));
    options.log = true;
    cases.push_back(MakeCase("log " + name + ", s16", options,
                             {Quantized(kS16, line.x, 3e-4f, 0, rng)},
                             {OutputLike(kS16, 1e-3f, 0)}));
    options.log = false;
    cases.push_back(MakeCase(name + ", s8 to u8", options,
                             {Quantized(kS8, line.x, 2.0f, -128, rng)},
                             {OutputLike(kU8, 0.01f, 20)}));
  }
  return cases;
}

}  // namespace octet::testing

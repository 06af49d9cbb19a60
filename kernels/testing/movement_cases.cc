#include <limits>

#include "absl/strings/str_cat.h"
#include "kernels/testing/cases.h"

// Operators that move elements or change how numbers are stored.

namespace octet::testing {
namespace {

constexpr DataType kF32 = DataType::kF32, kU8 = DataType::kU8, kS8 = DataType::kS8;

const DataType kTypes[] = {kF32,
                           kU8,
                           kS8,
                           DataType::kS16,
                           DataType::kS32,
                           DataType::kS64,
                           DataType::kBool,
                           DataType::kU16,
                           DataType::kU32,
                           DataType::kU64};

std::string Text(DataType type) { return std::string(Name(type)); }

}  // namespace

std::vector<KernelCase> ConcatCases() {
  Rng rng(9);
  struct Sizes {
    Shape x;  // but for the axis
    int axis;
    std::vector<int64_t> sizes;
  };
  const Sizes kSizes[] = {
      {{2, 0, 5, 3}, 1, {3, 17, 64}}, {{1, 4, 0, 6}, 2, {1, 2, 3, 4}}, {{0, 7}, 0, {3, 5}},
      {{2, 3, 0}, 2, {8, 1}},         {{1, 0, 20, 30}, 1, {64, 64}},   {{1, 0, 3, 3}, 1, {5}},
      {{2, 0, 4, 4}, 1, {4, 0, 3}}};
  std::vector<KernelCase> cases;
  for (const Sizes& s : kSizes) {
    schema::ConcatOptionsT options;
    options.axis = s.axis;
    const std::string name = absl::StrCat("concat along ", s.axis, " of ", s.sizes.size());
    const auto shape = [&](int64_t size) {
      Shape x = s.x;
      x[static_cast<size_t>(s.axis)] = size;
      return x;
    };
    for (DataType type : kTypes) {
      std::vector<TestTensor> inputs;
      for (int64_t size : s.sizes) inputs.push_back(Anything(type, shape(size), rng));
      const TestTensor y = OutputOf(inputs[0]);
      cases.push_back(MakeCase(absl::StrCat(name, ", ", Text(type)), options, inputs, {y}));
      inputs[0].constant = true;
      cases.push_back(
          MakeCase(absl::StrCat(name, ", ", Text(type), ", first constant"), options, inputs, {y}));
    }
    std::vector<TestTensor> inputs;
    for (size_t i = 0; i < s.sizes.size(); ++i) {
      inputs.push_back(Quantized(i % 2 == 0 ? kU8 : kS8, shape(s.sizes[i]),
                                 0.1f * static_cast<float>(i + 1), static_cast<int32_t>(9 * i),
                                 rng));
    }
    cases.push_back(MakeCase(name + ", requantized", options, inputs, {OutputLike(kU8, 0.2f, 9)}));
  }
  return cases;
}

std::vector<KernelCase> SplitCases() {
  Rng rng(10);
  struct Sizes {
    Shape x;
    int axis;
    std::vector<int64_t> sizes;
  };
  const Sizes kSizes[] = {
      {{2, 84, 5, 3}, 1, {3, 17, 64}}, {{1, 4, 10, 6}, 2, {1, 2, 3, 4}}, {{8, 7}, 0, {3, 5}},
      {{2, 3, 9}, 2, {8, 1}},          {{1, 128, 20, 30}, 1, {64, 64}},  {{1, 5, 3, 3}, 1, {5, 0}}};
  std::vector<KernelCase> cases;
  for (const Sizes& s : kSizes) {
    schema::SplitOptionsT options;
    options.axis = s.axis;
    options.sizes = s.sizes;
    const std::string name = absl::StrCat("split ", ToString(s.x), " along ", s.axis);
    for (DataType type : kTypes) {
      const TestTensor x = Anything(type, s.x, rng);
      const std::vector<TestTensor> outputs(s.sizes.size(), OutputOf(x));
      cases.push_back(MakeCase(absl::StrCat(name, ", ", Text(type)), options, {x}, outputs));
    }
    schema::SplitOptionsT equal;  // parts, but for the last
    equal.axis = s.axis;
    cases.push_back(MakeCase(name + " into equal parts", equal, {RandomF32(s.x, -1, 1, rng)},
                             {s.sizes.size(), OutputLike(kF32)}));
    const std::vector<TestTensor> outputs(s.sizes.size(), OutputLike(kU8, 0.07f, 100));
    cases.push_back(
        MakeCase(name + ", requantized", options, {Quantized(kS8, s.x, 0.1f, 3, rng)}, outputs));
  }
  return cases;
}

std::vector<KernelCase> ReshapeCases() {
  Rng rng(11);
  std::vector<KernelCase> cases;
  schema::ReshapeOptionsT options;
  options.shape = {0, -1};
  for (DataType type : kTypes) {
    const TestTensor x = Anything(type, {2, 5, 4, 3}, rng);
    cases.push_back(MakeCase("flatten " + Text(type), options, {x}, {OutputOf(x)}));
    cases.push_back(
        MakeCase("flatten a constant " + Text(type), options, {AsConstant(x)}, {OutputOf(x)}));
  }
  cases.push_back(MakeCase("flatten, requantized", options, {Quantized(kS8, {2, 90}, 0.1f, 3, rng)},
                           {OutputLike(kU8, 0.2f, 9)}));
  cases.push_back(
      MakeCase("large", options, {RandomF32({3, 30, 40, 5}, -1, 1, rng)}, {OutputLike(kF32)}));
  return cases;
}

std::vector<KernelCase> TransposeCases() {
  Rng rng(12);
  struct Permuted {
    Shape x;
    std::vector<int32_t> permutation;
  };
  const Permuted kPermuted[] = {{{2, 5, 7, 3}, {0, 1, 2, 3}},
                                {{1, 3, 33, 35}, {0, 1, 2, 3}},
                                {{1, 64, 60, 61}, {0, 1, 2, 3}},
                                {{2, 5, 7, 3}, {0, 2, 3, 1}},
                                {{2, 5, 7, 3}, {3, 2, 1, 0}},
                                {{17, 40}, {1, 0}},
                                {{2, 3, 4, 5, 6}, {0, 2, 1, 4, 3}},
                                {{2, 4, 3, 5}, {0, 2, 1, 3}},
                                {{50, 4}, {1, 0}},
                                {{3, 100}, {1, 0}},
                                {{7}, {0}},
                                {{1, 4, 50, 50}, {0, 1, 2, 3}},
                                {{1, 12, 16, 32}, {0, 2, 1, 3}}};
  std::vector<KernelCase> cases;
  for (const Permuted& p : kPermuted) {
    schema::TransposeOptionsT options;
    options.permutation = p.permutation;
    const std::string name =
        absl::StrCat("transpose ", ToString(p.x), " last ", p.permutation.back());
    for (DataType type : kTypes) {
      const TestTensor x = Anything(type, p.x, rng);
      cases.push_back(MakeCase(absl::StrCat(name, ", ", Text(type)), options, {x}, {OutputOf(x)}));
    }
    cases.push_back(MakeCase(name + ", requantized", options, {Quantized(kU8, p.x, 0.1f, 3, rng)},
                             {OutputLike(kS8, 0.2f, 9)}));
  }
  return cases;
}

std::vector<KernelCase> PadCases() {
  Rng rng(13);
  struct Padding {
    Shape x;
    std::vector<int64_t> begin, end;
  };
  const Padding kPaddings[] = {{{1, 3, 5, 7}, {0, 0, 1, 2}, {0, 0, 2, 1}},
                               {{2, 17, 4, 4}, {0, 3, 0, 0}, {0, 1, 0, 0}},
                               {{6, 9}, {2, 3}, {1, 4}},
                               {{1, 64, 60, 60}, {0, 0, 1, 1}, {0, 0, 1, 1}},
                               {{3, 4, 5}, {0, 0, 0}, {0, 0, 0}},
                               {{4}, {3}, {2}},
                               {{2, 3, 4, 5}, {1, 0, 2, 0}, {0, 2, 0, 3}}};
  std::vector<KernelCase> cases;
  for (const Padding& p : kPaddings) {
    for (auto mode : schema::EnumValuesPadMode()) {
      schema::PadOptionsT options;
      options.mode = mode;
      options.pads_begin = p.begin;
      options.pads_end = p.end;
      options.value = mode == schema::PadMode::CONSTANT ? 1.25f : 0.0f;
      // Mirrored padding is shorter than what it mirrors.
      bool fits = true;
      for (size_t d = 0; d < p.x.size(); ++d) {
        fits = fits && p.begin[d] < p.x[d] && p.end[d] < p.x[d];
      }
      if (mode == schema::PadMode::REFLECT && !fits) continue;
      for (DataType type : kTypes) {
        const TestTensor x = Anything(type, p.x, rng);
        const std::string name =
            absl::StrCat(schema::EnumNamePadMode(mode), " ", ToString(p.x), ", ", Text(type));
        cases.push_back(MakeCase(name, options, {x}, {OutputOf(x)}));
        if (mode != schema::PadMode::CONSTANT || x.quant) continue;
        const TestTensor value = Anything(type, {}, rng);
        cases.push_back(
            MakeCase(name + " with a number", options, {x, Absent(), value}, {OutputOf(x)}));
        cases.push_back(MakeCase(name + " with a constant", options,
                                 {x, Absent(), AsConstant(Anything(type, {1}, rng))},
                                 {OutputOf(x)}));
      }
    }
  }
  return cases;
}

std::vector<KernelCase> QuantizeCases() {
  Rng rng(14);
  std::vector<KernelCase> cases;
  const auto add = [&](const std::string& name, TestTensor x, TestTensor y) {
    cases.push_back(
        MakeCase("quantize " + name, schema::QuantizeOptionsT(), {std::move(x)}, {std::move(y)}));
  };
  std::vector<float> ties;
  for (int i = -600; i <= 600; ++i) ties.push_back(static_cast<float>(i) * 0.25f);
  const float inf = std::numeric_limits<float>::infinity();
  for (float v :
       {inf, -inf, std::numeric_limits<float>::quiet_NaN(), 1e30f, -1e30f, 1e-40f, -0.0f}) {
    ties.push_back(v);
  }
  const auto count = static_cast<int64_t>(ties.size());
  add("ties to u8", F32({count}, ties), OutputLike(kU8, 0.5f, 128));
  add("ties to s8", F32({1, count}, ties), OutputLike(kS8, 1.0f, -128));
  add("ties to s8, zero point 127", F32({1, count}, ties), OutputLike(kS8, 0.5f, 127));
  add("tiny scale", F32({count}, ties), OutputLike(kU8, 1e-30f, 128));
  add("to s16", F32({count}, ties), OutputLike(DataType::kS16, 0.001f, 0));
  for (const Shape& shape :
       {Shape{1, 3, 33, 35}, Shape{2, 4, 9, 31}, Shape{1, 17, 20, 30}, Shape{3, 1, 5, 5},
        Shape{2, 8, 1, 1}, Shape{1, 40, 7}, Shape{1, 3, 128, 128}}) {
    add(ToString(shape) + " to u8", RandomF32(shape, -3, 3, rng), OutputLike(kU8, 0.02f, 128));
    add(ToString(shape) + " to s8", RandomF32(shape, -3, 3, rng), OutputLike(kS8, 0.02f, 10));
    add(ToString(shape) + " to s16", RandomF32(shape, -3, 3, rng),
        OutputLike(DataType::kS16, 1e-4f, 0));
  }
  TestTensor per_channel = OutputLike(kS8);
  per_channel.quant = QuantParams{{0.1f, 0.2f, 0.3f}, {0, 5, -5}, 1};
  add("per channel", RandomF32({2, 3, 4, 5}, -9, 9, rng), per_channel);
  return cases;
}

std::vector<KernelCase> DequantizeCases() {
  Rng rng(15);
  std::vector<KernelCase> cases;
  const auto add = [&](const std::string& name, TestTensor x) {
    cases.push_back(MakeCase("dequantize " + name, schema::DequantizeOptionsT(), {std::move(x)},
                             {OutputLike(kF32)}));
  };
  for (const Shape& shape : {Shape{1, 3, 33, 35}, Shape{2, 4, 9, 31}, Shape{1, 17, 20, 30},
                             Shape{1000}, Shape{1, 2, 100, 120}}) {
    add(ToString(shape) + " u8", Quantized(kU8, shape, 0.02f, 128, rng));
    add(ToString(shape) + " s8", Quantized(kS8, shape, 3.3f, -128, rng));
    add(ToString(shape) + " s16", Quantized(DataType::kS16, shape, 1e-4f, 0, rng));
  }
  add("s16", Quantized(DataType::kS16, {7, 5}, 0.001f, 0, rng));
  add("s32", Quantized(DataType::kS32, {7, 5}, 1e-5f, 0, rng));
  add("per channel", QuantizedWeights({5, 4, 3}, 0, 0.1f, rng));
  return cases;
}

}  // namespace octet::testing

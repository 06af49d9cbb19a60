#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kernels/reference/reference.h"
#include "kernels/simd/quantized_case.h"
#include "kernels/simd/simd.h"
#include "kernels/testing/kernel_test_util.h"

// DYNAMIC arithmetic of products: the reference's bits on every instruction set and any number of
// threads, and a row's bits whatever is beside it.

namespace octet {
namespace simd {
namespace {

using testing::AsConstant;
using testing::BytesOf;
using testing::F32;
using testing::KernelCase;
using testing::OutputLike;
using testing::Outputs;
using testing::QuantizedWeights;
using testing::RandomF32;
using testing::Rng;
using testing::RunOptions;
using testing::RunRow;
using testing::TestTensor;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<float> FloatsOf(const Outputs& outputs) {
  TestTensor t;
  t.bytes = outputs[0];
  return t.values<float>();
}

// Runs `c` by `row` everywhere and expects one answer, which is returned.
Outputs RunEverywhere(const KernelEntry& row, const KernelCase& c) {
  static const std::shared_ptr<ThreadPool> pools[] = {ThreadPool::Create(1), ThreadPool::Create(3)};
  Outputs first;
  for (const CpuFeatures& cpu : RunnableCpus()) {
    for (const auto& pool : pools) {
      RunOptions options = testing::NaturalOptions(c);
      options.cpu = cpu;
      options.pool = pool.get();
      const absl::StatusOr<Outputs> got = RunRow(row, c, options);
      EXPECT_TRUE(got.ok()) << c.name << ": " << got.status();
      if (!got.ok()) return {{}};
      if (first.empty()) first = *got;
      EXPECT_EQ(*got, first) << c.name << ": bits depend on the instruction set or on threads";
    }
  }
  return first;
}

void ExpectReferencesBits(const KernelEntry& row, const KernelEntry& reference,
                          const KernelCase& c) {
  const std::vector<float> got = FloatsOf(RunEverywhere(row, c));
  const absl::StatusOr<Outputs> want = RunRow(reference, c, testing::NaturalOptions(c));
  ASSERT_TRUE(want.ok()) << want.status();
  const std::vector<float> expected = FloatsOf(*want);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    if (std::isnan(got[i]) && std::isnan(expected[i])) continue;
    ASSERT_EQ(got[i], expected[i]) << c.name << ", element " << i;
  }
}

KernelCase MatMulOf(TestTensor x, int64_t columns, bool bias, bool residual, Rng& rng) {
  schema::MatMulOptionsT options;
  options.arithmetic = schema::Arithmetic::DYNAMIC;
  const int64_t rows = x.shape[0], depth = x.shape[1];
  std::vector<TestTensor> inputs = {
      std::move(x), AsConstant(QuantizedWeights({depth, columns}, 1, 0.01f, rng)),
      bias ? AsConstant(RandomF32({columns}, -3, 3, rng)) : testing::Absent(),
      residual ? RandomF32({rows, columns}, -3, 3, rng) : testing::Absent()};
  return testing::MakeCase(absl::StrCat(rows, "x", depth, "x", columns), options, std::move(inputs),
                           {OutputLike(DataType::kF32)});
}

KernelCase ConvOf(const Shape& x, int64_t channels, int groups, int kernel, Rng& rng) {
  schema::ConvOptionsT options;
  options.arithmetic = schema::Arithmetic::DYNAMIC;
  options.groups = groups;
  options.strides = options.dilations = {1, 1};
  options.pads_begin = options.pads_end = {kernel / 2, kernel / 2};
  return testing::MakeCase(
      absl::StrCat("conv of ", ToString(x), " by ", kernel), options,
      {RandomF32(x, -1, 3, rng),
       AsConstant(QuantizedWeights({channels, x[1] / groups, kernel, kernel}, 0, 0.01f, rng)),
       AsConstant(RandomF32({channels}, -3, 3, rng))},
      {OutputLike(DataType::kF32)});
}

TEST(SimdDynamic, MatMulsHaveTheReferencesBits) {
  Rng rng(1);
  for (int64_t rows : {1, 2, 7, 50}) {
    for (int64_t depth : {1, 3, 64, 130}) {
      for (int64_t columns : {1, 16, 33, 200}) {
        const bool bias = (rows + depth) % 2 == 0, residual = (rows + columns) % 2 == 0;
        ExpectReferencesBits(
            kSimdMatMulDynamic, kReferenceMatMul,
            MatMulOf(RandomF32({rows, depth}, -2, 1, rng), columns, bias, residual, rng));
      }
    }
  }
}

TEST(SimdDynamic, ConvolutionsHaveTheReferencesBits) {
  Rng rng(2);
  for (int kernel : {1, 3, 5}) {
    for (int groups : {1, 2}) {
      ExpectReferencesBits(kSimdConvDynamic, kReferenceConv,
                           ConvOf({3, 6, 9, 7}, 20, groups, kernel, rng));
    }
  }
  // A sample that is cut into pieces.
  ExpectReferencesBits(kSimdConvDynamic, kReferenceConv, ConvOf({2, 8, 50, 50}, 4, 1, 3, rng));
}

// Rows whose ranges are extreme, beside an ordinary one.
TEST(SimdDynamic, OddRows) {
  constexpr float kMax = std::numeric_limits<float>::max();
  constexpr float kTiny = std::numeric_limits<float>::denorm_min();
  const std::vector<std::vector<float>> rows = {
      {0, 0, 0, 0, 0},           {-0.0f, 0, -0.0f, 0, 0},  {1, 2, 3, 4, 5},
      {-1, -2, -3, -4, -5},      {kTiny, -kTiny, 0, 0, 0}, {1e-38f, -1e-38f, 0, 0, 0},
      {kMax, 0, 1, -1, 5},       {kMax, -kMax, 0, 0, 0},   {kInf, 1, 0, 0, 0},
      {-kInf, 1, 0, 0, 0},       {1, kNaN, 2, 0, 0},       {kNaN, kNaN, kNaN, kNaN, kNaN},
      {0.5f, 1.5f, 2.5f, 255, 0}};  // ties
  std::vector<float> values;
  for (const auto& row : rows) values.insert(values.end(), row.begin(), row.end());
  Rng rng(3);
  const auto count = static_cast<int64_t>(rows.size());
  const KernelCase c = MatMulOf(F32({count, 5}, values), 33, true, false, rng);
  ExpectReferencesBits(kSimdMatMulDynamic, kReferenceMatMul, c);
  const std::vector<float> y = FloatsOf(RunEverywhere(kSimdMatMulDynamic, c));
  for (int64_t i = 0; i < count * 33; ++i) {
    const int64_t row = i / 33;
    EXPECT_EQ(std::isnan(y[static_cast<size_t>(i)]), row >= 7 && row <= 11) << "row " << row;
  }
  // Rows of zeros give the bias.
  const std::vector<float> bias = c.inputs[2].values<float>();
  EXPECT_EQ(std::vector<float>(y.begin(), y.begin() + 33), bias);
}

// By hand: x = {-1, 0, 0.5, 1.55} has the scale 2.55 / 255 = 0.01 and the zero_point 100, and is
// {0, 100, 150, 255} in u8; the weights {1, 2, 3, 4} of scale 0.5 give the sum
// -100 * 1 + 0 * 2 + 50 * 3 + 155 * 4 = 670, and y = 670 * 0.01 * 0.5 + 0.25 = 3.6.
TEST(SimdDynamic, ByHand) {
  schema::MatMulOptionsT options;
  options.arithmetic = schema::Arithmetic::DYNAMIC;
  const KernelCase c =
      testing::MakeCase("by hand", options,
                        {F32({1, 4}, {-1, 0, 0.5f, 1.55f}),
                         AsConstant(testing::Ints(DataType::kS8, {4, 1}, 0.5f, 0, {1, 2, 3, 4})),
                         AsConstant(F32({1}, {0.25f}))},
                        {OutputLike(DataType::kF32)});
  EXPECT_FLOAT_EQ(FloatsOf(RunEverywhere(kSimdMatMulDynamic, c))[0], 3.6f);
  ExpectReferencesBits(kSimdMatMulDynamic, kReferenceMatMul, c);
}

TEST(SimdDynamic, SamplesOfAConvolutionDoNotMeet) {
  Rng rng(4);
  const KernelCase both = ConvOf({2, 5, 6, 6}, 7, 1, 3, rng);
  KernelCase one = both;
  std::vector<float> x = both.inputs[0].values<float>();
  for (size_t i = x.size() / 2; i < x.size(); ++i) x[i] *= 1000;  // the other sample's range
  KernelCase other = both;
  other.inputs[0].bytes = BytesOf(x);
  x.resize(x.size() / 2);
  one.inputs[0] = F32({1, 5, 6, 6}, x);
  one.outputs[0].shape[0] = 1;
  const std::vector<float> alone = FloatsOf(RunEverywhere(kSimdConvDynamic, one));
  const std::vector<float> beside = FloatsOf(RunEverywhere(kSimdConvDynamic, other));
  EXPECT_EQ(std::vector<float>(beside.begin(), beside.begin() + static_cast<int64_t>(alone.size())),
            alone);
}

TEST(SimdDynamic, LeavesOtherArithmeticAlone) {
  Rng rng(5);
  KernelCase c = MatMulOf(RandomF32({2, 8}, -2, 1, rng), 4, false, false, rng);
  c.node.as<schema::MatMulOptionsT>().arithmetic = schema::Arithmetic::STORED;
  EXPECT_EQ(RunRow(kSimdMatMulDynamic, c).status().message(), "its arithmetic is not dynamic");
  c = ConvOf({1, 2, 3, 3}, 4, 1, 1, rng);
  c.node.as<schema::ConvOptionsT>().arithmetic = schema::Arithmetic::STORED;
  EXPECT_EQ(RunRow(kSimdConvDynamic, c).status().message(), "its arithmetic is not dynamic");
}

}  // namespace
}  // namespace simd
}  // namespace octet

#include <cmath>
#include <cstring>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/reference/reference.h"
#include "kernels/testing/kernel_test_util.h"
#include "runtime/core/half.h"

// Sums of products that are rounded to f16 after every addition.

namespace octet::testing {
namespace {

constexpr DataType kF16 = DataType::kF16, kF32 = DataType::kF32;

TestTensor Halves(const Shape& shape, const std::vector<float>& values) {
  return Values(kF16, shape, std::vector<double>(values.begin(), values.end()));
}

std::vector<uint16_t> Bits(const KernelEntry& row, const KernelCase& c) {
  RunOptions options = NaturalOptions(c);
  options.accumulate_f16 = true;
  const absl::StatusOr<Outputs> got = RunRow(row, c, options);
  EXPECT_TRUE(got.ok()) << got.status();
  if (!got.ok()) return {};
  std::vector<uint16_t> bits((*got)[0].size() / 2);
  std::memcpy(bits.data(), (*got)[0].data(), (*got)[0].size());
  return bits;
}

KernelCase Dot(const TestTensor& a, const TestTensor& b, const TestTensor& bias = Absent()) {
  return MakeCase("dot", schema::MatMulOptionsT(), {a, b, bias}, {OutputLike(kF16)});
}

TEST(HalfSumTest, OnesStopCountingAt2048) {
  // 2048 + 1 lies between 2048 and 2050 and goes to the even one.
  const std::vector<float> ones(4096, 1.0f);
  EXPECT_EQ(Bits(kReferenceMatMul, Dot(Halves({1, 4096}, ones), Halves({4096, 1}, ones))),
            std::vector<uint16_t>{FloatToHalf(2048.0f)});
}

TEST(HalfSumTest, ProductsAreNotRoundedBeforeTheyAreAdded) {
  // (1 + 2^-10) * (1 - 2^-11) = 1 + 2^-11 - 2^-21, which f16 would round to 1.
  const float a = 1.0f + 0x1p-10f, b = 1.0f - 0x1p-11f;
  EXPECT_EQ(Bits(kReferenceMatMul, Dot(Halves({1, 2}, {-1.0f, a}), Halves({2, 1}, {1.0f, b}))),
            std::vector<uint16_t>{HalfFromReal(0x1p-11L - 0x1p-21L)});
}

TEST(HalfSumTest, OverflowIsInfinite) {
  const std::vector<float> large(2, 256.0f);
  EXPECT_EQ(Bits(kReferenceMatMul, Dot(Halves({1, 2}, large), Halves({2, 1}, large))),
            std::vector<uint16_t>{0x7c00});
}

TEST(HalfSumTest, BiasesAreAddedInF32ToTheRoundedSum) {
  // 2048 + 1.5 is rounded once more, to 2050.
  const std::vector<float> ones(4096, 1.0f);
  EXPECT_EQ(Bits(kReferenceMatMul, Dot(Halves({1, 4096}, ones), Halves({4096, 1}, ones),
                                       AsConstant(F32({1}, {1.5f})))),
            std::vector<uint16_t>{FloatToHalf(2050.0f)});
}

// Each step as the exact sum, which 64 bits of mantissa hold here, rounded once.
uint16_t Chain(const std::vector<uint16_t>& a, const std::vector<uint16_t>& b) {
  uint16_t sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const long double product =
        static_cast<long double>(HalfToFloat(a[i])) * static_cast<long double>(HalfToFloat(b[i]));
    sum = HalfFromReal(static_cast<long double>(HalfToFloat(sum)) + product);
  }
  return sum;
}

TEST(HalfSumTest, RandomSumsAreChainsOfFusedMultiplyAdds) {
  Rng rng(5);
  std::uniform_int_distribution<int> exponent(-12, 4);
  std::uniform_real_distribution<float> mantissa(-2, 2);
  const auto random = [&] { return std::ldexp(mantissa(rng), exponent(rng)); };
  for (int round = 0; round < 200; ++round) {
    std::vector<float> a(40), b(40);
    for (float& v : a) v = random();
    for (float& v : b) v = random();
    const TestTensor x = Halves({1, 40}, a), y = Halves({40, 1}, b);
    const std::vector<uint16_t> want = {Chain(x.values<uint16_t>(), y.values<uint16_t>())};
    EXPECT_EQ(Bits(kReferenceMatMul, Dot(x, y)), want);
    // A convolution over 40 channels is the same sum.
    schema::ConvOptionsT conv;
    conv.strides = conv.dilations = {1, 1};
    conv.pads_begin = conv.pads_end = {0, 0};
    EXPECT_EQ(Bits(kReferenceConv,
                   MakeCase("conv", conv,
                            {Halves({1, 40, 1, 1}, a), AsConstant(Halves({1, 40, 1, 1}, b))},
                            {OutputLike(kF16)})),
              want);
  }
}

TEST(HalfSumTest, OnlyFactorsOfF16AreSummedSo) {
  RunOptions options;
  options.accumulate_f16 = true;
  const std::vector<float> ones(4096, 1.0f);
  const KernelCase c = MakeCase("f32", schema::MatMulOptionsT(),
                                {F32({1, 4096}, ones), F32({4096, 1}, ones)}, {OutputLike(kF32)});
  const absl::StatusOr<Outputs> got = RunRow(kReferenceMatMul, c, options);
  ASSERT_TRUE(got.ok()) << got.status();
  float sum;
  std::memcpy(&sum, (*got)[0].data(), sizeof(sum));
  EXPECT_EQ(sum, 4096.0f);
}

}  // namespace
}  // namespace octet::testing

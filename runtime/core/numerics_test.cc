#include "runtime/core/numerics.h"

#include <limits>

#include "gtest/gtest.h"
#include "runtime/core/half.h"

namespace octet {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr IntRange kU8 = {0, 255};
constexpr IntRange kS8 = {-128, 127};

TEST(RoundAndClamp, TiesGoToEven) {
  EXPECT_EQ(RoundAndClamp(0.5f, 0, kS8), 0);
  EXPECT_EQ(RoundAndClamp(1.5f, 0, kS8), 2);
  EXPECT_EQ(RoundAndClamp(2.5f, 0, kS8), 2);
  EXPECT_EQ(RoundAndClamp(-0.5f, 0, kS8), 0);
  EXPECT_EQ(RoundAndClamp(-1.5f, 0, kS8), -2);
  EXPECT_EQ(RoundAndClamp(-2.5f, 0, kS8), -2);
}

TEST(RoundAndClamp, TheZeroPointIsAddedAfterRounding) {
  // 2.5 rounds to 2; the sum 3.5 would round to 4.
  EXPECT_EQ(RoundAndClamp(2.5f, 1, kU8), 3);
  EXPECT_EQ(RoundAndClamp(-2.5f, 128, kU8), 126);
}

TEST(RoundAndClamp, Saturates) {
  EXPECT_EQ(RoundAndClamp(127.5f, 0, kS8), 127);
  EXPECT_EQ(RoundAndClamp(1e30f, 10, kU8), 255);
  EXPECT_EQ(RoundAndClamp(-1e30f, 10, kU8), 0);
  EXPECT_EQ(RoundAndClamp(kInf, 3, kS8), 127);
  EXPECT_EQ(RoundAndClamp(-kInf, 3, kS8), -128);
  EXPECT_EQ(RoundAndClamp(kNaN, 3, kS8), 3);
}

TEST(AverageTiesAway, OnlyHalvesGoAwayFromZero) {
  EXPECT_EQ(AverageTiesAway(5, 2), 3);
  EXPECT_EQ(AverageTiesAway(-5, 2), -3);
  EXPECT_EQ(AverageTiesAway(1, 2), 1);
  EXPECT_EQ(AverageTiesAway(-1, 2), -1);
  EXPECT_EQ(AverageTiesAway(3, 6), 1);
  // 4 / 3 = 1.33, 5 / 3 = 1.67, 31 / 64 < 0.5.
  EXPECT_EQ(AverageTiesAway(4, 3), 1);
  EXPECT_EQ(AverageTiesAway(-5, 3), -2);
  EXPECT_EQ(AverageTiesAway(31, 64), 0);
  EXPECT_EQ(AverageTiesAway(-31, 64), 0);
}

TEST(QuantizeValue, DividesByTheScale) {
  EXPECT_EQ(QuantizeValue(0.75f, 0.5f, 0, kS8), 2);
  EXPECT_EQ(QuantizeValue(-1.0f, 0.5f, 128, kU8), 126);
  EXPECT_EQ(QuantizeValue(1.0f, 1e-30f, 0, kS8), 127);
  EXPECT_EQ(DequantizeValue(126, 0.5f, 128), -1.0f);
}

TEST(ActivationRange, BoundsBecomeIntegers) {
  const IntRange relu6 = ActivationRange(0, 6, 0.05f, 10, DataType::kU8);
  EXPECT_EQ(relu6.min, 10);
  EXPECT_EQ(relu6.max, 130);
  const IntRange none = ActivationRange(-kInf, kInf, 0.05f, 10, DataType::kS8);
  EXPECT_EQ(none.min, -128);
  EXPECT_EQ(none.max, 127);
  const IntRange wide = ActivationRange(-100, 100, 0.05f, 10, DataType::kU8);
  EXPECT_EQ(wide.min, 0);
  EXPECT_EQ(wide.max, 255);
}

TEST(RequantMultiplier, IsRoundedOnce) {
  EXPECT_EQ(RequantMultiplier(0.5f, 0.25f, 0.125f), 1.0f);
  // The product of the scales underflows in f32, the quotient does not.
  EXPECT_EQ(RequantMultiplier(0x1p-100f, 0x1p-100f, 0x1p-100f), 0x1p-100f);
}

TEST(Half, ExactValues) {
  EXPECT_EQ(HalfToFloat(0x3c00), 1.0f);
  EXPECT_EQ(HalfToFloat(0xc000), -2.0f);
  EXPECT_EQ(HalfToFloat(0x7bff), 65504.0f);
  EXPECT_EQ(HalfToFloat(0x0001), 0x1p-24f);
  EXPECT_EQ(HalfToFloat(0x03ff), 1023 * 0x1p-24f);
  EXPECT_EQ(HalfToFloat(0x7c00), kInf);
  EXPECT_TRUE(std::isnan(HalfToFloat(0x7e00)));
  EXPECT_TRUE(std::signbit(HalfToFloat(0x8000)));
  EXPECT_EQ(BFloat16ToFloat(0x3fc0), 1.5f);
}

}  // namespace
}  // namespace octet

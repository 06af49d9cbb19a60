#include "runtime/core/half.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace octet {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(Half, EveryHalfSurvives) {
  for (uint32_t bits = 0; bits < 0x10000u; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = HalfToFloat(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value)))) << bits;
    } else {
      ASSERT_EQ(FloatToHalf(value), half);
    }
    const float brain = BFloat16ToFloat(half);
    if (std::isnan(brain)) {
      EXPECT_TRUE(std::isnan(BFloat16ToFloat(FloatToBFloat16(brain)))) << bits;
    } else {
      ASSERT_EQ(FloatToBFloat16(brain), half);
    }
  }
}

// Between every two neighbours the middle goes to the even one, what is nearer to one goes there.
TEST(Half, RoundsHalfToEven) {
  for (uint32_t bits = 0; bits + 1 < 0x7c00u; ++bits) {
    const float low = HalfToFloat(static_cast<uint16_t>(bits));
    const float high = HalfToFloat(static_cast<uint16_t>(bits + 1));
    const float middle = low + (high - low) / 2;
    ASSERT_EQ(FloatToHalf(middle), bits % 2 == 0 ? bits : bits + 1) << middle;
    ASSERT_EQ(FloatToHalf(std::nextafterf(middle, low)), bits) << middle;
    ASSERT_EQ(FloatToHalf(std::nextafterf(middle, high)), bits + 1) << middle;
    ASSERT_EQ(FloatToHalf(-middle), 0x8000u | (bits % 2 == 0 ? bits : bits + 1)) << middle;
  }
}

TEST(Half, EndsOfTheRange) {
  EXPECT_EQ(FloatToHalf(65504.0f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65519.996f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(FloatToHalf(kInf), 0x7c00);
  EXPECT_EQ(FloatToHalf(-1e30f), 0xfc00);
  EXPECT_EQ(FloatToHalf(0x1p-25f), 0);  // the middle between 0 and the least
  EXPECT_EQ(FloatToHalf(0x1.000002p-25f), 1);
  EXPECT_EQ(FloatToHalf(-1e-40f), 0x8000);
}

TEST(BFloat16, RoundsHalfToEvenUpToInfinity) {
  EXPECT_EQ(FloatToBFloat16(0x1.01p0f), 0x3f80);
  EXPECT_EQ(FloatToBFloat16(0x1.03p0f), 0x3f82);
  EXPECT_EQ(FloatToBFloat16(0x1.010002p0f), 0x3f81);
  EXPECT_EQ(FloatToBFloat16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(FloatToBFloat16(-kInf), 0xff80);
}

}  // namespace
}  // namespace octet

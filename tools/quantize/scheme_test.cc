#include "tools/quantize/scheme.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "runtime/core/numerics.h"

namespace octet {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

TEST(AffineParamsTest, MapsTheRangeToAllValues) {
  const QuantParams u8 = AffineParams({-1, 1.55f}, DataType::kU8);
  EXPECT_FLOAT_EQ(u8.scale(), 0.01f);
  EXPECT_EQ(u8.zero_point(), 100);
  const QuantParams s8 = AffineParams({-1, 1.55f}, DataType::kS8);
  EXPECT_FLOAT_EQ(s8.scale(), 0.01f);
  EXPECT_EQ(s8.zero_point(), -28);
  EXPECT_TRUE(u8.per_tensor());
}

TEST(AffineParamsTest, WidensTheRangeToHoldZero) {
  const QuantParams positive = AffineParams({2, 5.1f}, DataType::kU8);
  EXPECT_FLOAT_EQ(positive.scale(), 0.02f);
  EXPECT_EQ(positive.zero_point(), 0);
  const QuantParams negative = AffineParams({-5.1f, -2}, DataType::kU8);
  EXPECT_EQ(negative.zero_point(), 255);
}

TEST(AffineParamsTest, DegenerateRangesHaveDefinedParams) {
  const QuantParams zero = AffineParams({0, 0}, DataType::kU8);
  EXPECT_EQ(zero.scale(), kZeroTensorScale);
  EXPECT_EQ(zero.zero_point(), 0);
  for (Range range : {Range{0, 1e-45f}, Range{-1e-40f, 1e-40f}, Range{-kLargest, kLargest},
                      Range{0, kLargest}, Range{3, 3}}) {
    for (DataType type : {DataType::kU8, DataType::kS8}) {
      const QuantParams params = AffineParams(range, type);
      EXPECT_TRUE(std::isnormal(params.scale()));
      EXPECT_TRUE(std::isnormal(params.scale() * kMinScale) || params.scale() < 1);
      EXPECT_GE(params.zero_point(), RangeOf(type).min);
      EXPECT_LE(params.zero_point(), RangeOf(type).max);
    }
  }
}

TEST(AffineParamsTest, ZeroIsExactAndEndsAreWithinOneStep) {
  for (Range range : {Range{-0.37f, 12.1f}, Range{-100, 0.001f}, Range{0, 6}, Range{-1, 1}}) {
    const QuantParams p = AffineParams(range, DataType::kU8);
    const auto round_trip = [&](float x) {
      const int32_t q = QuantizeValue(x, p.scale(), p.zero_point(), RangeOf(DataType::kU8));
      return DequantizeValue(q, p.scale(), p.zero_point());
    };
    EXPECT_EQ(round_trip(0), 0);
    EXPECT_NEAR(round_trip(range.min), range.min, p.scale() * 0.51f);
    EXPECT_NEAR(round_trip(range.max), range.max, p.scale() * 0.51f);
  }
}

TEST(SymmetricScaleTest, LeavesOutTheLowestValue) {
  EXPECT_FLOAT_EQ(SymmetricScale(12.7f), 0.1f);
  EXPECT_EQ(SymmetricScale(0), kZeroTensorScale);
  EXPECT_EQ(SymmetricScale(1e-44f), kMinScale);
  EXPECT_EQ(SymmetricScale(kLargest), kMaxScale);
  EXPECT_TRUE(std::isnormal(kMinScale * kMinScale));
  EXPECT_TRUE(std::isnormal(kMaxScale * kMaxScale));
}

TEST(ActivationParamsTest, SymmetricRangesLeaveOutTheLowestValue) {
  const QuantParams params = ActivationParams({-2, 12.7f, true}, DataType::kS8);
  EXPECT_FLOAT_EQ(params.scale(), 0.1f);
  EXPECT_EQ(params.zero_point(), 0);
  EXPECT_FLOAT_EQ(ActivationParams({-25.4f, 1, true}, DataType::kS8).scale(), 0.2f);
  EXPECT_EQ(ActivationParams({-2, 12.7f}, DataType::kS8), AffineParams({-2, 12.7f}, DataType::kS8));
}

TEST(ActivationParamsTest, SixteenBitsAreSymmetric) {
  const QuantParams params = ActivationParams({-2, 32.767f, true}, DataType::kS16);
  EXPECT_FLOAT_EQ(params.scale(), 1e-3f);
  EXPECT_EQ(params.zero_point(), 0);
}

TEST(CheckSchemeTest, RefusesWhatDoesNotExist) {
  EXPECT_TRUE(CheckScheme({DataType::kS16, true}).ok());
  EXPECT_FALSE(CheckScheme({DataType::kS16, false}).ok());
  EXPECT_TRUE(CheckScheme({DataType::kU8, false}).ok());
  EXPECT_TRUE(CheckScheme({DataType::kS8, false}).ok());
  EXPECT_TRUE(CheckScheme({DataType::kS8, true}).ok());
  EXPECT_EQ(CheckScheme({DataType::kF32, false}).message(),
            "activations cannot be f32; choose u8, s8 or s16");
  EXPECT_EQ(CheckScheme({DataType::kU8, true}).message(),
            "activations of type u8 cannot be symmetric: with 0 stored as 0, no value is left for "
            "negative numbers; choose s8, or affine");
}

TEST(ActivationSchemeTest, KnowsItsIntegers) {
  EXPECT_EQ((ActivationScheme{DataType::kS8, true}.integers().min), -127);
  EXPECT_EQ((ActivationScheme{DataType::kS8, false}.integers().min), -128);
  EXPECT_EQ((ActivationScheme{DataType::kU8, false}.integers().max), 255);
}

}  // namespace
}  // namespace octet

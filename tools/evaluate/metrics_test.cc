#include "tools/evaluate/metrics.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace octet {
namespace {

TEST(TopTest, CountsTheFirstOfEquals) {
  const std::vector<float> values = {1, 3, 3, -2};
  EXPECT_EQ(ArgMax(values), 1);
  EXPECT_TRUE(InTop(values, 1, 1));
  EXPECT_FALSE(InTop(values, 2, 1));
  EXPECT_TRUE(InTop(values, 2, 2));
  EXPECT_FALSE(InTop(values, 3, 3));
  EXPECT_TRUE(InTop(values, 3, 4));
  EXPECT_FALSE(InTop(values, 4, 10));
  EXPECT_FALSE(InTop(values, -1, 10));
}

TEST(SignalToNoiseTest, IsTheRatioOfEnergiesOverAllSamples) {
  SignalToNoise ratio;
  ratio.Add(std::vector<float>{3, 4}, std::vector<float>{3, 4.5f});
  EXPECT_NEAR(ratio.decibels(), 20, 1e-9);  // 25 / 0.25
  ratio.Add(std::vector<float>{15}, std::vector<float>{13.5f});
  EXPECT_NEAR(ratio.decibels(), 20, 1e-9);  // 250 / 2.5
}

TEST(SignalToNoiseTest, EqualOutputsAreInfinitelyGood) {
  SignalToNoise ratio;
  ratio.Add(std::vector<float>{1, 2}, std::vector<float>{1, 2});
  EXPECT_TRUE(std::isinf(ratio.decibels()));
}

TEST(CosineTest, HandlesZeroVectors) {
  EXPECT_NEAR(Cosine(std::vector<float>{1, 0}, std::vector<float>{1, 1}), std::sqrt(0.5), 1e-9);
  EXPECT_NEAR(Cosine(std::vector<float>{1, 2}, std::vector<float>{-2, -4}), -1, 1e-9);
  EXPECT_EQ(Cosine(std::vector<float>{0, 0}, std::vector<float>{0, 0}), 1);
  EXPECT_EQ(Cosine(std::vector<float>{0, 0}, std::vector<float>{0, 1}), 0);
}

}  // namespace
}  // namespace octet

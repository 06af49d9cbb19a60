#include "kernels/onednn/saturation.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace octet {
namespace onednn {
namespace {

bool Fits(const std::vector<int8_t>& weights) {
  return PairSumsFit(1, static_cast<int64_t>(weights.size()),
                     [&](int64_t, int64_t i) { return weights[i]; });
}

TEST(PairSumsFit, AcceptsSumsThatSixteenBitsHold) {
  EXPECT_TRUE(Fits({64, 64}));  // 255 * 128 = 32640
  EXPECT_TRUE(Fits({-64, -64}));
  EXPECT_TRUE(Fits({127, 1, 127}));
  EXPECT_TRUE(Fits({127, -128}));  // opposite signs never add up
  EXPECT_TRUE(Fits({-128}));
  EXPECT_TRUE(Fits({}));
}

TEST(PairSumsFit, RefusesSumsBeyondSixteenBits) {
  EXPECT_FALSE(Fits({64, 65}));  // 255 * 129 = 32895
  EXPECT_FALSE(Fits({-64, -65}));
  EXPECT_FALSE(Fits({127, 127}));
  EXPECT_FALSE(Fits({0, 0, 100, 29}));
}

TEST(PairSumsFit, FindsPairsAtOddPositions) { EXPECT_FALSE(Fits({0, 127, 127, 0})); }

TEST(PairSumsFit, RowsAreIndependent) {
  const int8_t weights[] = {0, 127, 127, 0};
  EXPECT_TRUE(PairSumsFit(2, 2, [&](int64_t row, int64_t i) { return weights[row * 2 + i]; }));
}

}  // namespace
}  // namespace onednn
}  // namespace octet

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

std::vector<int64_t> Row(const WeightRows& rows, int64_t row) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < rows.length; ++i) indices.push_back(rows.index(row, i));
  return indices;
}

TEST(WeightRowsTest, AFiltersChannelsAreNeighboursThenItsTaps) {
  const WeightRows rows = ConvWeightRows({2, 3, 1, 2}, 1);
  EXPECT_EQ(rows.rows, 2);
  EXPECT_EQ(Row(rows, 0), (std::vector<int64_t>{0, 2, 4, 1, 3, 5}));
  EXPECT_EQ(Row(rows, 1), (std::vector<int64_t>{6, 8, 10, 7, 9, 11}));
}

TEST(WeightRowsTest, DepthwiseWeightsHaveNoNeighbours) {
  const WeightRows rows = ConvWeightRows({4, 1, 3, 3}, 4);
  EXPECT_EQ(rows.rows, 36);
  EXPECT_EQ(rows.length, 1);
  EXPECT_TRUE(PairSumsFit(rows, std::vector<int8_t>(36, 127)));
  // One channel without groups is a dense filter of few channels.
  EXPECT_FALSE(PairSumsFit(ConvWeightRows({4, 1, 3, 3}, 1), std::vector<int8_t>(36, 127)));
}

TEST(WeightRowsTest, AMatrixesNeighboursLieAlongItsDepth) {
  EXPECT_EQ(Row(MatMulWeightRows({2, 3}, false), 1), (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(Row(MatMulWeightRows({3, 2}, true), 1), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(Row(MatMulWeightRows({2, 2, 3}, false), 4), (std::vector<int64_t>{7, 10}));
  EXPECT_EQ(MatMulWeightRows({2, 2, 3}, false).rows, 6);
}

}  // namespace
}  // namespace onednn
}  // namespace octet

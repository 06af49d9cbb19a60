#include "kernels/onednn/padded_kernel.h"

#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace octet {
namespace onednn {
namespace {

std::vector<uint8_t> Padded(const Padding& padding, const std::vector<uint8_t>& x, int threads) {
  std::vector<uint8_t> result(static_cast<size_t>(NumElements(padding.padded_shape())), 77);
  Pad(padding, x.data(), result.data(), ThreadPool::Create(threads).get());
  return result;
}

TEST(Pad, SurroundsEachRowAndImage) {
  Padding p;
  p.shape = {1, 2, 2, 1};  // two channels, two rows of one pixel
  p.begin = {1, 2};
  p.end = {0, 1};
  p.value = 9;
  EXPECT_EQ(p.padded_shape(), (Shape{1, 2, 3, 4}));
  const std::vector<uint8_t> want = {9, 9, 9, 9, 9, 9, 9, 9,   // the row above
                                     9, 9, 9, 9, 1, 2, 9, 9,   //
                                     9, 9, 9, 9, 3, 4, 9, 9};  //
  EXPECT_EQ(Padded(p, {1, 2, 3, 4}, 1), want);
  EXPECT_EQ(Padded(p, {1, 2, 3, 4}, 3), want);
  p.on_pool = false;
  EXPECT_EQ(Padded(p, {1, 2, 3, 4}, 2), want);
}

TEST(Pad, OneSpatialDimensionAndABatch) {
  Padding p;
  p.shape = {2, 1, 2};
  p.begin = {0};
  p.end = {1};
  p.value = 5;
  EXPECT_EQ(Padded(p, {1, 2, 3, 4}, 2), (std::vector<uint8_t>{1, 2, 5, 3, 4, 5}));
}

TEST(Pad, ThreeSpatialDimensions) {
  Padding p;
  p.shape = {2, 3, 2, 3, 4};
  p.begin = {1, 0, 2};
  p.end = {0, 2, 1};
  std::vector<uint8_t> x(2 * 3 * 2 * 3 * 4);
  std::iota(x.begin(), x.end(), 1);
  const std::vector<uint8_t> got = Padded(p, x, 2);
  const Shape s = p.padded_shape();  // [2, 3, 3, 5, 7]
  for (int64_t i = 0; i < NumElements(s); ++i) {
    const int64_t c = i % 3, w = i / 3 % 7 - 2, h = i / 21 % 5, d = i / 105 % 3 - 1, n = i / 315;
    const bool inside = w >= 0 && w < 4 && h < 3 && d >= 0;
    const uint8_t want = inside ? x[(((n * 2 + d) * 3 + h) * 4 + w) * 3 + c] : 0;
    ASSERT_EQ(got[static_cast<size_t>(i)], want) << i;
  }
}

}  // namespace
}  // namespace onednn
}  // namespace octet

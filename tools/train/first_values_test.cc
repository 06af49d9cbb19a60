#include "tools/train/first_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace octet {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;

Tensor Weights(std::vector<int8_t> integers, QuantParams params, Shape shape) {
  Tensor t;
  t.type = DataType::kS8;
  t.shape = std::move(shape);
  t.quant = std::move(params);
  t.data = Constant::Of<int8_t>(integers);
  return t;
}

TEST(WithinCells, KeepsWhatRoundsToTheIntegers) {
  const Tensor t = Weights({3, -3, 0, 10}, {{0.5f}, {0}, -1}, {4});
  const std::vector<float> values = {1.7f, -1.3f, 0.2f, 5};
  EXPECT_EQ(WithinCells(t, values), values);
}

TEST(WithinCells, MovesTheRestToTheNextEdge) {
  // Cells of 0.5 around 1.5, -1.5, 0 and 5.
  const Tensor t = Weights({3, -3, 0, 10}, {{0.5f}, {0}, -1}, {4});
  EXPECT_THAT(WithinCells(t, {1.2f, -1.9f, 7, -7}),
              ElementsAre(FloatNear(1.255f, 1e-6f), FloatNear(-1.745f, 1e-6f),
                          FloatNear(0.245f, 1e-6f), FloatNear(4.755f, 1e-6f)));
}

// Everything beyond the range is rounded to its end.
TEST(WithinCells, NothingEndsBeyondTheRange) {
  const Tensor t = Weights({127, -127, -128, 127}, {{1}, {0}, -1}, {4});
  EXPECT_THAT(WithinCells(t, {300, -300, -300, 0}),
              ElementsAre(300, -300, -300, FloatNear(126.51f, 1e-4f)));
}

TEST(WithinCells, TakesScalesAndZeroPointsOfTheChannel) {
  const Tensor t = Weights({4, 4, 4, 4}, {{1, 0.1f}, {0, 2}, 0}, {2, 2});
  EXPECT_THAT(WithinCells(t, {4, 9, 0.2f, 0}),
              ElementsAre(4, FloatNear(4.49f, 1e-6f), 0.2f, FloatNear(0.151f, 1e-6f)));
}

}  // namespace
}  // namespace octet

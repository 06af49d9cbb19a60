#include "tools/train/first_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace octet {
namespace {

using ::testing::ElementsAre;

Tensor Weights(std::vector<int8_t> integers, QuantParams params, Shape shape) {
  Tensor t;
  t.type = DataType::kS8;
  t.shape = std::move(shape);
  t.quant = std::move(params);
  t.data = Constant::Of<int8_t>(integers);
  return t;
}

TEST(KeepIntegers, KeepsWhatRoundsToThem) {
  const Tensor t = Weights({3, -3, 0, 10}, {{0.5f}, {0}, -1}, {4});
  const std::vector<float> values = {1.7f, -1.3f, 0.2f, 5};
  EXPECT_EQ(KeepIntegers(t, values), values);
}

TEST(KeepIntegers, ReplacesTheRest) {
  const Tensor t = Weights({3, -3, 0, 10}, {{0.5f}, {0}, -1}, {4});
  EXPECT_THAT(KeepIntegers(t, {1.2f, -1.9f, 7, 4.8f}), ElementsAre(1.5f, -1.5f, 0, 4.8f));
}

// Everything beyond the range is rounded to its end.
TEST(KeepIntegers, NothingEndsBeyondTheRange) {
  const Tensor t = Weights({127, -127, -128, 127}, {{1}, {0}, -1}, {4});
  EXPECT_THAT(KeepIntegers(t, {300, -300, -300, 0}), ElementsAre(300, -300, -300, 127));
}

TEST(KeepIntegers, TakesScalesAndZeroPointsOfTheChannel) {
  const Tensor t = Weights({4, 4, 4, 4}, {{1, 0.5f}, {0, 2}, 0}, {2, 2});
  EXPECT_THAT(KeepIntegers(t, {4, 9, 1.2f, 0}), ElementsAre(4, 4, 1.2f, 1));
}

}  // namespace
}  // namespace octet

#include "tools/train/first_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace octet {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;

Tensor Stored(const std::vector<int8_t>& integers, const std::vector<float>& scales) {
  Tensor t;
  t.type = DataType::kS8;
  t.shape = {static_cast<int64_t>(scales.size()),
             static_cast<int64_t>(integers.size() / scales.size())};
  t.quant = QuantParams{scales, std::vector<int32_t>(scales.size(), 0), 0};
  t.data = Constant::Of<int8_t>(integers);
  return t;
}

TEST(FirstWeights, AreTheRealOnesWhereTheseRoundToTheIntegers) {
  const Tensor stored = Stored({3, -4, 10, 127}, {0.5f, 0.25f});
  EXPECT_THAT(FirstWeights(stored, {1.6f, -2.1f, 2.55f, 31.7f}),
              ElementsAre(FloatNear(1.6f, 1e-6f), FloatNear(-2.1f, 1e-6f), FloatNear(2.55f, 1e-6f),
                          FloatNear(31.7f, 1e-5f)));
}

TEST(FirstWeights, KeepLearnedIntegers) {
  // 1.3 is nearer to 1, 2.2 to 2: both were rounded the other way.
  const Tensor stored = Stored({2, 1, 5, -9}, {1.0f});
  const std::vector<float> first = FirstWeights(stored, {1.3f, 2.0f - 0.2f, 5.2f, -9.4f});
  EXPECT_THAT(first, ElementsAre(FloatNear(1.51f, 1e-5f), FloatNear(1.49f, 1e-5f),
                                 FloatNear(5.2f, 1e-5f), FloatNear(-9.4f, 1e-5f)));
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(static_cast<int8_t>(std::nearbyint(first[i])), stored.data.as<int8_t>()[i]);
  }
}

TEST(FirstWeights, EndsOfTheRangeStandForWhatLiesBeyond) {
  const Tensor stored = Stored({127, -127, 3, 0}, {1.0f});
  EXPECT_THAT(FirstWeights(stored, {180, -200, 3, 0}), ElementsAre(180, -200, 3, 0));
}

TEST(FirstWeights, AreTheIntegersOwnWhereChannelsWereScaled) {
  const Tensor stored = Stored({10, 20, 30, 127}, {1.0f});
  EXPECT_THAT(FirstWeights(stored, {20, 40, 60, 254}), ElementsAre(10, 20, 30, 127));
}

}  // namespace
}  // namespace octet

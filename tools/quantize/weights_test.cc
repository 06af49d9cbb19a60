#include "tools/quantize/weights.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "gtest/gtest.h"
#include "runtime/core/validate.h"

namespace octet {
namespace {

using ::testing::ElementsAre;

constexpr auto kPerChannel = WeightGranularity::kPerChannel;

// The sum of squared errors of a row of weights, and the square of their sum.
double Cost(const std::vector<float>& weights, const std::vector<int16_t>& q, float scale) {
  double squares = 0, sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double error = static_cast<double>(weights[i]) - static_cast<double>(scale) * q[i];
    squares += error * error;
    sum += error;
  }
  return squares + sum * sum;
}

// Weights that lie on a grid of 127 steps are kept exactly.
TEST(QuantizeWeightsTest, EachChannelHasItsOwnScale) {
  const std::vector<float> weights = {127, -63, 12.5f, -6};
  const std::vector<float> bias = {10, -4};
  const QuantizedWeights q = QuantizeWeights(weights, {2, 2}, 0, bias, 0.5f, {kPerChannel}).value();
  for (size_t i = 0; i < weights.size(); ++i) {
    EXPECT_NEAR(q.weights[i] * q.scales[i / 2], weights[i], 1e-3 * std::abs(weights[i]));
  }
  for (size_t c = 0; c < 2; ++c) {
    EXPECT_EQ(q.bias_scales[c], 0.5f * q.scales[c]);
    EXPECT_NEAR(q.bias[c] * q.bias_scales[c], bias[c], q.bias_scales[c] / 2);
  }
}

TEST(QuantizeWeightsTest, ChannelsMayBeColumns) {
  const std::vector<float> rows = {127, -63, 12.5f, -6};
  const std::vector<float> columns = {127, 12.5f, -63, -6};
  const QuantizedWeights by_row = QuantizeWeights(rows, {2, 2}, 0, {}, 1, {kPerChannel}).value();
  const QuantizedWeights by_column =
      QuantizeWeights(columns, {2, 2}, 1, {}, 1, {kPerChannel}).value();
  EXPECT_EQ(by_row.scales, by_column.scales);
  EXPECT_EQ(by_row.weights[1], by_column.weights[2]);
  EXPECT_TRUE(by_row.bias.empty());
}

TEST(QuantizeWeightsTest, TheScaleIsNoWorseThanThatOfTheLargestWeight) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, 0.1f);
  for (size_t count : {size_t{1}, size_t{9}, size_t{64}, size_t{65}, size_t{1000}}) {
    std::vector<float> weights(count);
    for (float& w : weights) w = normal(random);
    const Shape shape = {1, static_cast<int64_t>(count)};
    const QuantizedWeights best = QuantizeWeights(weights, shape, 0, {}, 1, {kPerChannel}).value();
    const QuantizedWeights plain =
        QuantizeWeights(weights, shape, 0, {}, 1, {WeightGranularity::kPerTensor}).value();
    EXPECT_LE(Cost(weights, best.weights, best.scales[0]),
              Cost(weights, plain.weights, plain.scales[0]) * (1 + 1e-9))
        << count;
    for (int16_t q : best.weights) EXPECT_GE(q, -127);
  }
}

TEST(QuantizeWeightsTest, TiesGoToEven) {
  const QuantizedWeights q = QuantizeWeights(std::vector<float>{127, 0.5f, 1.5f, -2.5f, -3.5f},
                                             {1, 5}, 0, {}, 1, {WeightGranularity::kPerTensor})
                                 .value();
  EXPECT_THAT(q.weights, ElementsAre(127, 0, 2, -2, -4));
}

TEST(QuantizeWeightsTest, PerTensorUsesOneScale) {
  const QuantizedWeights q = QuantizeWeights(std::vector<float>{127, 1, 2, 3}, {2, 2}, 0, {}, 1,
                                             {WeightGranularity::kPerTensor})
                                 .value();
  EXPECT_THAT(q.scales, ElementsAre(1));
  EXPECT_THAT(q.bias_scales, ElementsAre(1));
  EXPECT_THAT(q.weights, ElementsAre(127, 1, 2, 3));
}

TEST(QuantizeWeightsTest, ZeroChannelsKeepTheirBias) {
  const QuantizedWeights q = QuantizeWeights(std::vector<float>(4, 0.0f), {2, 2}, 0,
                                             std::vector<float>{0, 0.75f}, 0.02f, {kPerChannel})
                                 .value();
  EXPECT_TRUE(std::isnormal(q.scales[0]));
  EXPECT_EQ(q.bias[0], 0);
  EXPECT_NEAR(static_cast<double>(q.bias[1]) * q.bias_scales[1], 0.75, 1e-5);
}

TEST(QuantizeWeightsTest, LargeBiasesWidenTheScale) {
  for (WeightGranularity granularity : {kPerChannel, WeightGranularity::kPerTensor}) {
    const std::vector<float> bias = {1e6f, -1};
    const QuantizedWeights q = QuantizeWeights(std::vector<float>{1e-6f, 2e-6f, 1, 1}, {2, 2}, 0,
                                               bias, 1e-4f, {granularity})
                                   .value();
    for (size_t c = 0; c < 2; ++c) {
      EXPECT_LE(std::abs(static_cast<int64_t>(q.bias[c])), MaxBias(2));
      const double real =
          static_cast<double>(q.bias[c]) * q.bias_scales[granularity == kPerChannel ? c : 0];
      EXPECT_NEAR(real, bias[c], std::abs(bias[c]) * 1e-3);
    }
  }
}

TEST(QuantizeWeightsTest, SixteenBits) {
  const WeightScheme scheme = {kPerChannel, DataType::kS16, DataType::kS16};
  const std::vector<float> bias = {4e6f, 1};
  const QuantizedWeights q =
      QuantizeWeights(std::vector<float>{32767, -1, 0.5f, 0.25f}, {2, 2}, 0, bias, 1e-4f, scheme)
          .value();
  EXPECT_THAT(q.weights, ElementsAre(32767, -1, 32767, 16384));  // half to even
  EXPECT_FLOAT_EQ(q.scales[0], 1.0f);
  EXPECT_NEAR(static_cast<double>(q.bias[0]) * q.bias_scales[0], 4e6, 0.5);  // beyond s32
  EXPECT_GT(q.bias[0], INT32_MAX);
  EXPECT_TRUE(QuantizeWeights(std::vector<float>(70000, 1.0f), {1, 70000}, 0, {}, 1, scheme).ok());
}

TEST(QuantizeWeightsTest, RefusesWhatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> good = {1, 1};
  const std::vector<float> bad = {1, nan};
  EXPECT_FALSE(QuantizeWeights(bad, {2, 1}, 0, good, 1, {kPerChannel}).ok());
  EXPECT_FALSE(QuantizeWeights(good, {2, 1}, 0, bad, 1, {kPerChannel}).ok());
  EXPECT_FALSE(
      QuantizeWeights(std::vector<float>(70000, 1.0f), {1, 70000}, 0, {}, 1, {kPerChannel}).ok());
}

}  // namespace
}  // namespace octet

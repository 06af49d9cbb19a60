#include "tools/quantize/weights.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "runtime/core/validate.h"

namespace octet {
namespace {

using ::testing::ElementsAre;

constexpr auto kPerChannel = WeightGranularity::kPerChannel;

TEST(QuantizeWeightsTest, EachChannelFillsItsRange) {
  const std::vector<float> weights = {1.27f, -0.635f, 0.254f, -0.127f};
  const QuantizedWeights q =
      QuantizeWeights(weights, {2, 2}, 0, std::vector<float>{1, -0.5f}, 0.5f, kPerChannel).value();
  EXPECT_FLOAT_EQ(q.scales[0], 0.01f);
  EXPECT_FLOAT_EQ(q.scales[1], 0.002f);
  EXPECT_EQ(q.weights[0], 127);
  EXPECT_NEAR(q.weights[1], -63.5, 0.5);
  EXPECT_EQ(q.weights[2], 127);
  EXPECT_THAT(q.bias, ElementsAre(200, -500));
  EXPECT_FLOAT_EQ(q.bias_scales[0], 0.005f);
  EXPECT_FLOAT_EQ(q.bias_scales[1], 0.001f);
}

TEST(QuantizeWeightsTest, ChannelsMayBeColumns) {
  // Columns {127, -127} and {0.5, 63.5}: scales 1 and 0.5.
  const QuantizedWeights q =
      QuantizeWeights(std::vector<float>{127, 0.5f, -127, 63.5f}, {2, 2}, 1, {}, 1, kPerChannel)
          .value();
  EXPECT_THAT(q.scales, ElementsAre(1, 0.5f));
  EXPECT_THAT(q.weights, ElementsAre(127, 1, -127, 127));
  EXPECT_TRUE(q.bias.empty());
}

TEST(QuantizeWeightsTest, TiesGoToEven) {
  const QuantizedWeights q = QuantizeWeights(std::vector<float>{127, 0.5f, 1.5f, -2.5f, -3.5f},
                                             {1, 5}, 0, {}, 1, kPerChannel)
                                 .value();
  EXPECT_THAT(q.weights, ElementsAre(127, 0, 2, -2, -4));
}

TEST(QuantizeWeightsTest, PerTensorUsesOneScale) {
  const QuantizedWeights q = QuantizeWeights(std::vector<float>{127, 1, 2, 3}, {2, 2}, 0, {}, 1,
                                             WeightGranularity::kPerTensor)
                                 .value();
  EXPECT_THAT(q.scales, ElementsAre(1));
  EXPECT_THAT(q.bias_scales, ElementsAre(1));
  EXPECT_THAT(q.weights, ElementsAre(127, 1, 2, 3));
}

TEST(QuantizeWeightsTest, ZeroChannelsKeepTheirBias) {
  const QuantizedWeights q = QuantizeWeights(std::vector<float>(4, 0.0f), {2, 2}, 0,
                                             std::vector<float>{0, 0.75f}, 0.02f, kPerChannel)
                                 .value();
  EXPECT_TRUE(std::isnormal(q.scales[0]));
  EXPECT_EQ(q.bias[0], 0);
  EXPECT_NEAR(static_cast<double>(q.bias[1]) * q.bias_scales[1], 0.75, 1e-5);
}

TEST(QuantizeWeightsTest, LargeBiasesWidenTheScale) {
  for (WeightGranularity granularity : {kPerChannel, WeightGranularity::kPerTensor}) {
    const std::vector<float> bias = {1e6f, -1};
    const QuantizedWeights q =
        QuantizeWeights(std::vector<float>{1e-6f, 2e-6f, 1, 1}, {2, 2}, 0, bias, 1e-4f, granularity)
            .value();
    for (size_t c = 0; c < 2; ++c) {
      EXPECT_LE(std::abs(static_cast<int64_t>(q.bias[c])), MaxBias(2));
      const double real =
          static_cast<double>(q.bias[c]) * q.bias_scales[granularity == kPerChannel ? c : 0];
      EXPECT_NEAR(real, bias[c], std::abs(bias[c]) * 1e-3);
    }
  }
}

TEST(QuantizeWeightsTest, RefusesWhatIsNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> good = {1, 1};
  const std::vector<float> bad = {1, nan};
  EXPECT_FALSE(QuantizeWeights(bad, {2, 1}, 0, good, 1, kPerChannel).ok());
  EXPECT_FALSE(QuantizeWeights(good, {2, 1}, 0, bad, 1, kPerChannel).ok());
  EXPECT_FALSE(
      QuantizeWeights(std::vector<float>(70000, 1.0f), {1, 70000}, 0, {}, 1, kPerChannel).ok());
}

}  // namespace
}  // namespace octet

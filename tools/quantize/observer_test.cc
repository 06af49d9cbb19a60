#include "tools/quantize/observer.h"

#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace octet {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

absl::Status See(Observer& observer, const std::vector<float>& values) {
  return observer.Observe(values, {static_cast<int64_t>(values.size())});
}

TEST(ObserverTest, KeepsTheExtremesOfAllCalls) {
  Observer observer;
  const TensorStatistics& seen = observer.statistics();
  ASSERT_TRUE(See(observer, {}).ok());
  EXPECT_EQ(seen.count, 0);
  ASSERT_TRUE(See(observer, {2, 3.5f}).ok());
  ASSERT_TRUE(See(observer, {-1e-40f, 3}).ok());
  EXPECT_EQ(seen.extremes.min, -1e-40f);
  EXPECT_EQ(seen.extremes.max, 3.5f);
  ASSERT_TRUE(See(observer, {-7, -5, -6}).ok());
  EXPECT_EQ(seen.extremes.min, -7);
  EXPECT_EQ(seen.extremes.max, 3.5f);
  EXPECT_EQ(seen.count, 7);
}

TEST(ObserverTest, OrdersNegativeValues) {
  Observer observer;
  ASSERT_TRUE(See(observer, {-2, -8, -4, -0.0f}).ok());
  EXPECT_EQ(observer.statistics().extremes.min, -8);
  EXPECT_EQ(observer.statistics().extremes.max, 0);
  const float largest = std::numeric_limits<float>::max();
  ASSERT_TRUE(See(observer, {largest, -largest}).ok());
  EXPECT_EQ(observer.statistics().extremes.min, -largest);
}

TEST(ObserverTest, MovingAverageFollowsTheRuns) {
  Observer observer(0.25);
  ASSERT_TRUE(See(observer, {-1, 4}).ok());
  EXPECT_EQ(observer.statistics().moving_average, (Range{-1, 4}));
  ASSERT_TRUE(See(observer, {}).ok());
  ASSERT_TRUE(See(observer, {-2, 0, 8}).ok());
  EXPECT_EQ(observer.statistics().moving_average, (Range{-1.25f, 5}));
  ASSERT_TRUE(See(observer, {3}).ok());
  EXPECT_EQ(observer.statistics().moving_average, (Range{-0.1875f, 4.5f}));
}

TEST(ObserverTest, RefusesWhatIsNotFinite) {
  for (float bad : {kInfinity, -kInfinity, kNan, -kNan}) {
    std::vector<float> values(100, 1.0f);
    values[57] = bad;
    Observer observer;
    const absl::Status status = See(observer, values);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(status.message(), bad == bad ? "an infinite value" : "a value that is NaN");
    EXPECT_EQ(observer.statistics(), Observer().statistics());
  }
}

// What is seen of channels, by looking at each value on its own.
ChannelStatistics Naive(const std::vector<float>& values, int64_t outer, int64_t channels,
                        int64_t inner) {
  ChannelStatistics result;
  for (int64_t c = 0; c < channels; ++c) {
    float low = kInfinity, high = -kInfinity;
    double sum = 0;
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        const float v = values[static_cast<size_t>((o * channels + c) * inner + i)];
        low = std::min(low, v);
        high = std::max(high, v);
        sum += v;
      }
    }
    result.min.push_back(low);
    result.max.push_back(high);
    result.sum.push_back(sum);
  }
  return result;
}

TEST(ObserverTest, WatchesChannelsAlongAnyAxis) {
  std::mt19937 random(1);
  std::normal_distribution<float> distribution(1, 3);
  for (int axis = 0; axis < 4; ++axis) {
    const Shape shape = {2, 3, 5, 7};
    std::vector<float> values(2 * 3 * 5 * 7);
    for (float& v : values) v = distribution(random);
    Observer observer(kDefaultMovingAverageConstant, axis);
    ASSERT_TRUE(observer.Observe(values, shape).ok());
    const int64_t outer = NumElements(Shape(shape.begin(), shape.begin() + axis));
    const int64_t channels = shape[static_cast<size_t>(axis)];
    const int64_t inner = 2 * 3 * 5 * 7 / outer / channels;
    const ChannelStatistics expected = Naive(values, outer, channels, inner);
    const ChannelStatistics& seen = observer.statistics().channels;
    EXPECT_EQ(seen.axis, axis);
    EXPECT_EQ(seen.min, expected.min);
    EXPECT_EQ(seen.max, expected.max);
    EXPECT_EQ(seen.count, outer * inner);
    for (size_t c = 0; c < expected.sum.size(); ++c) {
      EXPECT_NEAR(seen.sum[c], expected.sum[c], 1e-6);
      EXPECT_EQ(seen.MaxAbs(c), std::max(-expected.min[c], expected.max[c]));
      EXPECT_NEAR(seen.Mean(c), expected.sum[c] / static_cast<double>(outer * inner), 1e-6);
    }
  }
}

TEST(ObserverTest, SizesMayChangeButChannelsMustStay) {
  Observer observer(kDefaultMovingAverageConstant, 1);
  ASSERT_TRUE(observer.Observe(std::vector<float>{}, {1, 2, 0}).ok());
  ASSERT_TRUE(observer.Observe(std::vector<float>{1, 2}, {1, 2, 1}).ok());
  ASSERT_TRUE(observer.Observe(std::vector<float>{1, 2, 3, 4, 5, 6}, {1, 2, 3}).ok());
  EXPECT_EQ(observer.statistics().channels.max, (std::vector<float>{3, 6}));
  EXPECT_EQ(observer.statistics().channels.Mean(1), 17.0 / 4);
  const TensorStatistics before = observer.statistics();
  EXPECT_EQ(observer.Observe(std::vector<float>{1, 2, 3}, {1, 3, 1}).message(),
            "3 channels, after 2 channels in a run before");
  EXPECT_EQ(observer.Observe(std::vector<float>{1, 2, 3}, {3}).message(),
            "the shape 3 without a dimension 1 to count channels");
  EXPECT_EQ(observer.statistics(), before);
}

}  // namespace
}  // namespace octet

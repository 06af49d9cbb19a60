#include "tools/quantize/observer.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace octet {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

absl::Status See(Observer& observer, const std::vector<float>& values) {
  return observer.Observe(values);
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

}  // namespace
}  // namespace octet

#include "tools/quantize/observer.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace octet {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(MinMaxObserverTest, KeepsTheExtremesOfAllCalls) {
  MinMaxObserver observer;
  EXPECT_FALSE(observer.ChooseRange());
  ASSERT_TRUE(observer.Observe({}).ok());
  EXPECT_FALSE(observer.ChooseRange());
  ASSERT_TRUE(observer.Observe(std::vector<float>{2, 3.5f}).ok());
  ASSERT_TRUE(observer.Observe(std::vector<float>{-1e-40f, 3}).ok());
  EXPECT_EQ(observer.ChooseRange()->min, -1e-40f);
  EXPECT_EQ(observer.ChooseRange()->max, 3.5f);
  ASSERT_TRUE(observer.Observe(std::vector<float>{-7, -5, -6}).ok());
  EXPECT_EQ(observer.ChooseRange()->min, -7);
  EXPECT_EQ(observer.ChooseRange()->max, 3.5f);
}

TEST(MinMaxObserverTest, OrdersNegativeValues) {
  MinMaxObserver observer;
  ASSERT_TRUE(observer.Observe(std::vector<float>{-2, -8, -4, -0.0f}).ok());
  EXPECT_EQ(observer.ChooseRange()->min, -8);
  EXPECT_EQ(observer.ChooseRange()->max, 0);
  const float largest = std::numeric_limits<float>::max();
  ASSERT_TRUE(observer.Observe(std::vector<float>{largest, -largest}).ok());
  EXPECT_EQ(observer.ChooseRange()->min, -largest);
}

TEST(MinMaxObserverTest, RefusesWhatIsNotFinite) {
  for (float bad : {kInfinity, -kInfinity, kNan, -kNan}) {
    std::vector<float> values(100, 1.0f);
    values[57] = bad;
    MinMaxObserver observer;
    const absl::Status status = observer.Observe(values);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(status.message(), bad == bad ? "an infinite value" : "a value that is NaN");
  }
}

TEST(ObserversOfTest, KnowsTheCalibrators) {
  EXPECT_NE((*ObserversOf("minmax"))(), nullptr);
  EXPECT_EQ(ObserversOf("magic").status().message(),
            "unknown calibrator 'magic'; there is: minmax");
}

}  // namespace
}  // namespace octet

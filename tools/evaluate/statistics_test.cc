#include "tools/evaluate/statistics.h"

#include "gtest/gtest.h"

namespace octet {
namespace {

TEST(StatisticsTest, InterpolatesPercentiles) {
  const std::vector<double> sorted = {1, 2, 3, 4, 5};
  EXPECT_EQ(Percentile(sorted, 0), 1);
  EXPECT_EQ(Percentile(sorted, 0.5), 3);
  EXPECT_DOUBLE_EQ(Percentile(sorted, 0.9), 4.6);
  EXPECT_EQ(Percentile(sorted, 1), 5);
  EXPECT_EQ(Percentile({7}, 0.99), 7);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
}

}  // namespace
}  // namespace octet

#include "tools/quantize/mixed_search.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"

namespace octet {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr Precision kFloat = Precision::kFloat;
constexpr Precision kInt8 = Precision::kInt8;
constexpr Precision kDynamic = Precision::kDynamic;

bool Never() { return false; }

TEST(PlanUpgradesTest, TheLargestGainPerTimeComesFirst) {
  const UpgradePath path = PlanUpgrades({
      {0, {{kFloat, 0, 10}, {kInt8, 4, 2}}},                    // 0.5 per unit of time
      {1, {{kFloat, 0, 3}, {kInt8, 3, 1}}},                     // 1.5
      {2, {{kFloat, 0, 10}, {kInt8, 8, 2}, {kDynamic, 2, 4}}},  // 3, then 1/3
  });
  EXPECT_THAT(path.start, ElementsAre(OperatorPrecision{0, kInt8}, OperatorPrecision{1, kInt8},
                                      OperatorPrecision{2, kInt8}));
  EXPECT_THAT(path.upgrades,
              ElementsAre(OperatorPrecision{2, kDynamic}, OperatorPrecision{1, kFloat},
                          OperatorPrecision{0, kFloat}, OperatorPrecision{2, kFloat}));
  EXPECT_THAT(path.noise,
              ElementsAre(DoubleNear(15, 1e-9), DoubleNear(9, 1e-9), DoubleNear(6, 1e-9),
                          DoubleNear(2, 1e-9), DoubleNear(0, 1e-9)));
  EXPECT_THAT(AfterUpgrades(path, 0), path.start);
  EXPECT_THAT(AfterUpgrades(path, 4),
              ElementsAre(OperatorPrecision{0, kFloat}, OperatorPrecision{1, kFloat},
                          OperatorPrecision{2, kFloat}));
}

TEST(PlanUpgradesTest, WhatIsSlowerAndNoisierIsNeverChosen) {
  const UpgradePath path = PlanUpgrades({
      {0, {{kFloat, 0, 10}, {kInt8, 5, 4}, {kDynamic, 1, 3}}},    // static is worse in both
      {1, {{kFloat, 0, 10}, {kInt8, 5, 2}, {kDynamic, 4.9, 8}}},  // above the hull
      {2, {{kFloat, 0, 1}, {kInt8, 5, 2}}},                       // float is fastest
  });
  EXPECT_THAT(path.start, ElementsAre(OperatorPrecision{0, kDynamic}, OperatorPrecision{1, kInt8},
                                      OperatorPrecision{2, kFloat}));
  EXPECT_THAT(path.upgrades,
              ElementsAre(OperatorPrecision{1, kFloat}, OperatorPrecision{0, kFloat}));
}

// All assignments of a few operators: none is both faster and less noisy than one of the path.
TEST(PlanUpgradesTest, NoAssignmentOnThePathIsBeatenByAnother) {
  std::vector<OperatorOptions> operators;
  for (int i = 0; i < 5; ++i) {
    operators.push_back({i,
                         {{kFloat, 0, 9.0 + i},
                          {kInt8, 3.0 + 7 * i % 5, 2.0 + i % 3},
                          {kDynamic, 1.0 + 3 * i % 4, 4.0 + i % 2}}});
  }
  const auto cost = [&](const std::vector<OperatorPrecision>& assignment) {
    std::pair<double, double> sum = {0, 0};  // time, noise
    for (const OperatorPrecision& p : assignment) {
      for (const PrecisionOption& o : operators[static_cast<size_t>(p.node)].options) {
        if (o.precision != p.precision) continue;
        sum.first += o.time;
        sum.second += o.noise;
      }
    }
    return sum;
  };
  const UpgradePath path = PlanUpgrades(operators);
  for (size_t count = 0; count <= path.upgrades.size(); ++count) {
    const auto [time, noise] = cost(AfterUpgrades(path, count));
    EXPECT_NEAR(noise, path.noise[count], 1e-9);
    for (int code = 0; code < 243; ++code) {
      std::vector<OperatorPrecision> other;
      for (int i = 0, rest = code; i < 5; ++i, rest /= 3) {
        other.push_back({i, operators[static_cast<size_t>(i)].options[rest % 3].precision});
      }
      const auto [other_time, other_noise] = cost(other);
      EXPECT_FALSE(other_time <= time + 1e-9 && other_noise < noise - 1e-9) << count << " " << code;
    }
  }
}

TEST(FindLeastTest, FindsTheBorderFromAnyGuess) {
  for (size_t most : {1u, 2u, 7u, 40u}) {
    for (size_t border = 1; border <= most + 1; ++border) {
      for (size_t guess : {size_t{0}, size_t{1}, size_t{3}, most / 2, most, most + 5}) {
        int asked = 0;
        const auto holds = [&](size_t count) -> absl::StatusOr<bool> {
          EXPECT_GE(count, 1u);
          EXPECT_LE(count, most);
          ++asked;
          return count >= border;
        };
        EXPECT_EQ(FindLeast(most, guess, holds, Never).value(), border) << most << " " << guess;
        EXPECT_LE(asked, 14);
      }
    }
  }
}

TEST(FindLeastTest, AGoodGuessSparesWork) {
  int asked = 0;
  const auto holds = [&](size_t count) -> absl::StatusOr<bool> {
    ++asked;
    return count >= 30;
  };
  EXPECT_EQ(FindLeast(100, 30, holds, Never).value(), 30u);
  EXPECT_EQ(asked, 2);
}

TEST(FindLeastTest, StopsAndPassesErrorsOn) {
  int asked = 0;
  const auto holds = [&](size_t count) -> absl::StatusOr<bool> {
    ++asked;
    return count >= 10;
  };
  EXPECT_EQ(FindLeast(100, 50, holds, [&] { return asked >= 1; }).value(), 50u);
  EXPECT_EQ(asked, 1);
  const auto fails = [](size_t) -> absl::StatusOr<bool> { return absl::InternalError("broken"); };
  EXPECT_EQ(FindLeast(100, 50, fails, Never).status().message(), "broken");
}

}  // namespace
}  // namespace octet

#include "tools/quantize/budget.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Evaluation Measured(double top1, double agreement, double sqnr_db, double cosine) {
  Evaluation e;
  e.samples = 100;
  e.top1 = top1;
  e.agreement = agreement;
  e.sqnr_db = sqnr_db;
  e.cosine_mean = cosine;
  return e;
}

const Evaluation kReal = Measured(0.90, 1, std::numeric_limits<double>::infinity(), 1);

TEST(BudgetTest, NoBudgetIsAlwaysMet) {
  EXPECT_FALSE(Budget().any());
  EXPECT_THAT(MissedBy(Measured(0, 0, -5, 0), kReal, {}), IsEmpty());
}

TEST(BudgetTest, EveryFigureCounts) {
  Budget budget;
  budget.max_drop = 0.005;
  budget.min_agreement = 0.98;
  budget.min_sqnr_db = 20;
  budget.min_cosine = 0.99;
  EXPECT_TRUE(budget.any());
  EXPECT_THAT(MissedBy(Measured(0.895, 0.98, 20, 0.99), kReal, budget), IsEmpty());
  EXPECT_THAT(MissedBy(Measured(0.89, 0.97, 19.5, 0.98), kReal, budget),
              ElementsAre("top-1 drops by 0.0100 > 0.0050", "agreement 0.9700 < 0.9800",
                          "SQNR 19.5000 < 20.0000", "mean cosine 0.9800 < 0.9900"));
}

TEST(BudgetTest, NotANumberMisses) {
  Budget budget;
  budget.min_sqnr_db = -100;
  EXPECT_EQ(MissedBy(Measured(1, 1, std::nan(""), 1), kReal, budget).size(), 1u);
}

TEST(BudgetTest, ADropNeedsClasses) {
  Budget budget;
  budget.max_drop = 0.01;
  Evaluation without = kReal;
  without.top1.reset();
  EXPECT_TRUE(CheckBudget(budget, kReal).ok());
  EXPECT_FALSE(CheckBudget(budget, without).ok());
  budget = {};
  budget.min_sqnr_db = 10;
  EXPECT_TRUE(CheckBudget(budget, without).ok());
}

}  // namespace
}  // namespace octet

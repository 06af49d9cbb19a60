#include "runtime/core/einsum.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace octet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOf(const std::string& equation, const std::vector<Shape>& inputs) {
  return std::string(ParseEinsum(equation, inputs).status().message());
}

TEST(EinsumTest, NumbersTheIndicesOfTheOutputFirst) {
  const auto problem = ParseEinsum("ij, jk -> ik", {{2, 3}, {3, 4}});
  ASSERT_TRUE(problem.ok()) << problem.status();
  EXPECT_THAT(problem->sizes, ElementsAre(2, 4, 3));
  EXPECT_EQ(problem->output_indices, 2u);
  EXPECT_THAT(problem->operands, ElementsAre(ElementsAre(0, 2), ElementsAre(2, 1)));
}

TEST(EinsumTest, EllipsesBroadcastFromTheEnd) {
  const auto problem = ParseEinsum("...ij,...jk", {{5, 2, 3}, {1, 3, 4}});
  ASSERT_TRUE(problem.ok()) << problem.status();
  EXPECT_EQ(problem->output_indices, 3u);
  EXPECT_THAT(problem->sizes, ElementsAre(5, 2, 4, 3));
  EXPECT_THAT(problem->operands, ElementsAre(ElementsAre(0, 1, 3), ElementsAre(-1, 3, 2)));
  const auto shorter = ParseEinsum("...i,...i->...", {{7, 2, 3}, {2, 3}});
  ASSERT_TRUE(shorter.ok()) << shorter.status();
  EXPECT_THAT(shorter->sizes, ElementsAre(7, 2, 3));
  EXPECT_THAT(shorter->operands[1], ElementsAre(1, 2));
}

TEST(EinsumTest, DiagonalsAndSums) {
  const auto trace = ParseEinsum("ii", {{3, 3}});
  ASSERT_TRUE(trace.ok()) << trace.status();
  EXPECT_EQ(trace->output_indices, 0u);
  EXPECT_THAT(trace->operands[0], ElementsAre(0, 0));
}

TEST(EinsumTest, RefusesWhatDoesNotFit) {
  EXPECT_THAT(ErrorOf("ij->ij", {{2}}), HasSubstr("does not fit input 0"));
  EXPECT_THAT(ErrorOf("ij,jk->ik", {{2, 3}, {4, 5}}), HasSubstr("an index is 3"));
  EXPECT_THAT(ErrorOf("i->j", {{2}}), HasSubstr("no input has"));
  EXPECT_THAT(ErrorOf("i->ii", {{2}}), HasSubstr("twice"));
  EXPECT_THAT(ErrorOf("i,j->i", {{2}}), HasSubstr("2 terms for 1 inputs"));
  EXPECT_THAT(ErrorOf("i?", {{2, 2}}), HasSubstr("not letters"));
  EXPECT_THAT(ErrorOf("i->i->i", {{2}}), HasSubstr("more than one arrow"));
}

}  // namespace
}  // namespace octet

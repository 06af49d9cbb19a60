#include "gtest/gtest.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::BinaryKind;
using testing::Clip;
using testing::GraphMaker;
using testing::kInfinity;

TEST(FuseActivation, JoinsClipsAndTheOperatorBefore) {
  GraphMaker m;
  const TensorId x = m.Input({1, 2, 4, 4});
  TensorId y = m.Op(testing::Conv2d(), {x, m.RandomConstant({2, 2, 1, 1})});
  y = m.Op(Clip(0, kInfinity), {y});
  y = m.Op(Clip(-1, 2), {y});
  const Graph before = m.Finish({y});
  Graph after = before;
  EXPECT_TRUE(FuseActivation(after));
  RemoveDead(after);
  ASSERT_EQ(after.nodes.size(), 1u);
  EXPECT_EQ(after.nodes[0].as<schema::ConvOptionsT>().activation_min, 0);
  EXPECT_EQ(after.nodes[0].as<schema::ConvOptionsT>().activation_max, 2);
  testing::ExpectSameNetwork(before, after, 0);
}

TEST(FuseActivation, RangesWithoutOverlapBecomeOneNumber) {
  GraphMaker m;
  const TensorId x = m.Input({3, 4});
  TensorId y = m.Op(testing::Binary(BinaryKind::MUL), {x, x});
  y = m.Op(Clip(4, 5), {y});
  y = m.Op(Clip(-1, 1), {y});
  const Graph before = m.Finish({y});
  Graph after = before;
  EXPECT_TRUE(FuseActivation(after));
  RemoveDead(after);
  ASSERT_EQ(after.nodes.size(), 1u);
  EXPECT_EQ(after.nodes[0].as<schema::BinaryOptionsT>().activation_min, 1);
  EXPECT_EQ(after.nodes[0].as<schema::BinaryOptionsT>().activation_max, 1);
  testing::ExpectSameNetwork(before, after, 0);
}

TEST(FuseActivation, LeavesTensorsWithOtherReadersAndOtherOperators) {
  GraphMaker shared;
  TensorId x = shared.Input({3, 4});
  TensorId y = shared.Op(testing::Binary(BinaryKind::ADD), {x, x});
  Graph graph = shared.Finish({shared.Op(Clip(0, 6), {y}), y});
  EXPECT_FALSE(FuseActivation(graph));

  GraphMaker other;
  x = other.Input({3, 4});
  y = other.Op(testing::Unary(schema::UnaryKind::TANH), {x});
  graph = other.Finish({other.Op(Clip(0, 6), {y})});
  EXPECT_FALSE(FuseActivation(graph));
}

}  // namespace
}  // namespace octet

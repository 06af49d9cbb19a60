#include "gtest/gtest.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::PoolKind;
using testing::GraphMaker;
using testing::Pad;
using testing::Pool2d;

TEST(FoldPad, JoinsConv) {
  GraphMaker m;
  const TensorId x = m.Input({1, 2, 5, 5});
  const TensorId padded = m.Op(Pad({0, 0, 0, 1}, {0, 0, 2, 1}), {x});
  const Graph before =
      m.Finish({m.Op(testing::Conv2d(2, 1), {padded, m.RandomConstant({3, 2, 3, 3})})});
  Graph after = before;
  EXPECT_TRUE(FoldPad(after));
  RemoveDead(after);
  ASSERT_EQ(after.nodes.size(), 1u);
  EXPECT_EQ(after.nodes[0].as<schema::ConvOptionsT>().pads_begin, (std::vector<int>{1, 2}));
  EXPECT_EQ(after.nodes[0].as<schema::ConvOptionsT>().pads_end, (std::vector<int>{3, 2}));
  testing::ExpectSameNetwork(before, after, 0);
}

TEST(FoldPad, JoinsAveragesThatCountPadding) {
  GraphMaker m;
  const TensorId x = m.Input({1, 2, 5, 5});
  const TensorId padded = m.Op(Pad({0, 0, 1, 1}, {0, 0, 1, 1}), {x});
  const Graph before = m.Finish({m.Op(Pool2d(PoolKind::AVERAGE, 3, 2), {padded})});
  Graph after = before;
  EXPECT_TRUE(FoldPad(after));
  RemoveDead(after);
  ASSERT_EQ(after.nodes.size(), 1u);
  EXPECT_TRUE(after.nodes[0].as<schema::PoolOptionsT>().count_include_pad);
  testing::ExpectSameNetwork(before, after);
}

TEST(FoldPad, JoinsMaximaOfNonNegativeNumbersOnly) {
  for (const float low : {0.0f, -1.0f}) {
    GraphMaker m;
    const TensorId x = m.Input({1, 2, 5, 5});
    const TensorId clipped = m.Op(testing::Clip(low, 6), {x});
    const TensorId padded = m.Op(Pad({0, 0, 1, 1}, {0, 0, 1, 1}), {clipped});
    const Graph before = m.Finish({m.Op(Pool2d(PoolKind::MAXIMUM, 3, 2), {padded})});
    Graph after = before;
    EXPECT_EQ(FoldPad(after), low == 0);
    RemoveDead(after);
    testing::ExpectSameNetwork(before, after, 0);
  }
}

TEST(FoldPad, LeavesOtherPads) {
  GraphMaker value;
  TensorId x = value.Input({1, 2, 5, 5});
  TensorId padded = value.Op(Pad({0, 0, 1, 1}, {0, 0, 1, 1}, 1.0f), {x});
  Graph graph =
      value.Finish({value.Op(testing::Conv2d(), {padded, value.RandomConstant({3, 2, 3, 3})})});
  EXPECT_FALSE(FoldPad(graph));

  GraphMaker channels;
  x = channels.Input({1, 2, 5, 5});
  padded = channels.Op(Pad({0, 1, 0, 0}, {0, 0, 0, 0}), {x});
  graph = channels.Finish(
      {channels.Op(testing::Conv2d(), {padded, channels.RandomConstant({3, 3, 3, 3})})});
  EXPECT_FALSE(FoldPad(graph));

  GraphMaker average;  // the pool's own padding is not counted
  x = average.Input({1, 2, 5, 5});
  padded = average.Op(Pad({0, 0, 1, 1}, {0, 0, 1, 1}), {x});
  graph = average.Finish({average.Op(Pool2d(PoolKind::AVERAGE, 3, 1, 1), {padded})});
  EXPECT_FALSE(FoldPad(graph));
}

}  // namespace
}  // namespace octet

#include "gtest/gtest.h"
#include "tools/simplify/constants.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using testing::GraphMaker;

TEST(FoldConstants, ComputesChainsOfConstantNodes) {
  GraphMaker m;
  const TensorId x = m.Input({2, 3});
  const TensorId c = m.Constant({3, 1}, {1, 2, 3}, DataType::kF16);
  const TensorId turned = m.Op(testing::Transpose({1, 0}), {c});
  const TensorId root = m.Op(testing::Unary(schema::UnaryKind::SQRT), {turned});
  const Graph before = m.Finish({m.Op(testing::Binary(schema::BinaryKind::ADD), {x, root})});
  Graph after = before;
  const auto changed = FoldConstants(after);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_TRUE(*changed);
  RemoveDead(after);
  EXPECT_EQ(after.nodes.size(), 1u);
  const Tensor& folded = after.tensor(after.nodes[0].inputs[1]);
  EXPECT_EQ(folded.shape, (Shape{1, 3}));
  EXPECT_EQ(folded.name, "t3");
  EXPECT_NEAR(ToDoubles(folded.type, folded.data)[1], 1.41421356, 1e-6);
  testing::ExpectSameNetwork(before, after);
}

// The largest two numbers plus where they lie.
TEST(FoldConstants, ComputesWithElementsOfAnyType) {
  GraphMaker m;
  const TensorId x = m.Input({2});
  schema::TopKOptionsT top;
  top.k = 2;
  const std::vector<TensorId> best = m.TypedOps(
      top, {m.Constant({4}, {7, 300, -5, 12}, DataType::kS32)}, {DataType::kS32, DataType::kS64});
  const TensorId values = m.Op(schema::CastOptionsT(), {best[0]});
  const TensorId indices = m.Op(schema::CastOptionsT(), {best[1]});
  const TensorId sum = m.Op(testing::Binary(schema::BinaryKind::ADD), {values, indices});
  Graph graph = m.Finish({m.Op(testing::Binary(schema::BinaryKind::ADD), {x, sum})});
  const auto changed = FoldConstants(graph);
  ASSERT_TRUE(changed.ok()) << changed.status();
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.tensor(best[1]).type, DataType::kS64);
  const Tensor& folded = graph.tensor(graph.nodes[0].inputs[1]);
  EXPECT_EQ(ToDoubles(folded.type, folded.data), (std::vector<double>{301, 15}));
}

TEST(FoldConstants, LeavesResultsThatWouldFillTheFile) {
  GraphMaker m;
  const TensorId x = m.Input({1});
  schema::RangeOptionsT range;
  range.limit = 1e6;
  range.delta = 1;
  const TensorId many = m.Op(range, {});
  Graph graph = m.Finish({m.Op(testing::Binary(schema::BinaryKind::ADD), {x, many})});
  const auto changed = FoldConstants(graph);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_FALSE(*changed);
}

TEST(FoldConstants, LeavesNodesThatMakeOutputs) {
  GraphMaker m;
  m.Input({1});
  const TensorId c = m.Constant({2}, {1, 2});
  Graph graph = m.Finish({m.Op(testing::Unary(schema::UnaryKind::NEG), {c})});
  const auto changed = FoldConstants(graph);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_FALSE(*changed);
  EXPECT_EQ(graph.nodes.size(), 1u);
}

}  // namespace
}  // namespace octet

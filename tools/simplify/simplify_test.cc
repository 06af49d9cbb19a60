#include "tools/simplify/simplify.h"

#include "gtest/gtest.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::BinaryKind;
using testing::Binary;
using testing::Clip;
using testing::Conv2d;
using testing::GraphMaker;
using testing::kInfinity;

// Conv, normalization, and what may follow.
TensorId ConvNorm(GraphMaker& m, TensorId x, int64_t from, int64_t to) {
  const TensorId conv = m.Op(Conv2d(1, 1), {x, m.RandomConstant({to, from, 3, 3})});
  const TensorId scaled = m.Op(Binary(BinaryKind::MUL), {conv, m.RandomConstant({to, 1, 1})});
  return m.Op(Binary(BinaryKind::ADD), {scaled, m.RandomConstant({to, 1, 1})});
}

TEST(Simplify, ResidualBlockBecomesItsConvolutions) {
  GraphMaker m;
  const TensorId x = m.Input({1, 3, 6, 6});
  const TensorId stem = m.Op(Clip(0, kInfinity), {ConvNorm(m, x, 3, 4)});
  const TensorId inner = m.Op(Clip(0, kInfinity), {ConvNorm(m, stem, 4, 4)});
  const TensorId sum = m.Op(Binary(BinaryKind::ADD), {ConvNorm(m, inner, 4, 4), stem});
  const TensorId block = m.Op(Clip(0, kInfinity), {sum});
  const TensorId mean = m.Op(testing::Reduce(schema::ReduceKind::MEAN, {2, 3}, false), {block});
  const TensorId logits = m.Op(testing::MatMul(), {mean, m.RandomConstant({10, 4})});
  const Graph before = m.Finish({m.Op(Binary(BinaryKind::ADD), {logits, m.RandomConstant({10})})});
  Graph after = before;
  ASSERT_EQ(Simplify(after), absl::OkStatus());
  ASSERT_EQ(after.nodes.size(), 6u);
  EXPECT_EQ(testing::Count(after, OpType::ConvOptions), 3);
  EXPECT_EQ(testing::Count(after, OpType::BinaryOptions), 0);
  const Node& last = after.nodes[2];
  EXPECT_EQ(last.as<schema::ConvOptionsT>().activation_min, 0);
  EXPECT_NE(last.input(3), kNoTensor);
  testing::ExpectSameNetwork(before, after);
}

TEST(Simplify, GateBehindConvBecomesHardSwish) {
  GraphMaker m;
  const TensorId x = m.Input({1, 3, 6, 6});
  const TensorId y = ConvNorm(m, x, 3, 4);
  const TensorId gate = m.Op(Clip(0, 6), {m.Op(Binary(BinaryKind::ADD), {y, m.Constant({}, {3})})});
  const TensorId product = m.Op(Binary(BinaryKind::MUL), {y, gate});
  const Graph before = m.Finish({m.Op(Binary(BinaryKind::DIV), {product, m.Constant({}, {6})})});
  Graph after = before;
  ASSERT_EQ(Simplify(after), absl::OkStatus());
  EXPECT_EQ(after.nodes.size(), 2u);
  EXPECT_EQ(testing::Only(after, OpType::UnaryOptions).as<schema::UnaryOptionsT>().kind,
            schema::UnaryKind::HARD_SWISH);
  testing::ExpectSameNetwork(before, after);
}

TEST(Simplify, ComputesConstantWeights) {
  GraphMaker m;
  const TensorId x = m.Input({2, 3});
  const TensorId w = m.Op(testing::Transpose({1, 0}), {m.RandomConstant({3, 4})});
  const Graph before = m.Finish({m.Op(testing::MatMul(), {x, w})});
  Graph after = before;
  ASSERT_EQ(Simplify(after), absl::OkStatus());
  EXPECT_EQ(after.nodes.size(), 1u);
  testing::ExpectSameNetwork(before, after);
}

TEST(Simplify, DoesNothingTwice) {
  GraphMaker m;
  const TensorId x = m.Input({1, 3, 6, 6});
  Graph graph = m.Finish({m.Op(Clip(0, 6), {ConvNorm(m, x, 3, 4)})});
  ASSERT_EQ(Simplify(graph), absl::OkStatus());
  Graph again = graph;
  ASSERT_EQ(Simplify(again), absl::OkStatus());
  EXPECT_EQ(again.nodes.size(), graph.nodes.size());
  EXPECT_EQ(again.tensors.size(), graph.tensors.size());
}

}  // namespace
}  // namespace octet

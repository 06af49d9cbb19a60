#include "gtest/gtest.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

// RemoveIdentities, MergeReshapes, NormalizeArithmetic and ReduceToPool.

namespace octet {
namespace {

using schema::BinaryKind;
using testing::Binary;
using testing::GraphMaker;
using testing::kInfinity;

TEST(RemoveIdentities, DropsEveryKindOfCopy) {
  GraphMaker m;
  const TensorId x = m.Input({1, 3, 4, 4});
  TensorId y = m.Op(testing::Unary(schema::UnaryKind::TANH), {x});
  y = m.Op(testing::Unary(schema::UnaryKind::IDENTITY), {y});
  y = m.Op(testing::Clip(-kInfinity, kInfinity), {y});
  y = m.Op(testing::Reshape({0, 3, -1, 4}), {y});
  y = m.Op(testing::Transpose({0, 1, 2, 3}), {y});
  y = m.Op(testing::Pad({0, 0, 0, 0}, {0, 0, 0, 0}), {y});
  y = m.Op(schema::ConcatOptionsT(), {y});
  y = m.Op(testing::Pool2d(schema::PoolKind::MAXIMUM, 1, 1), {y});
  y = m.Op(Binary(BinaryKind::ADD), {y, m.Constant({3, 1, 1}, {0, 0, 0})});
  y = m.Op(Binary(BinaryKind::MUL), {y, m.Constant({}, {1})});
  const Graph before = m.Finish({y});
  Graph after = before;
  while (RemoveIdentities(after)) RemoveDead(after);
  EXPECT_EQ(after.nodes.size(), 1u);
  testing::ExpectSameNetwork(before, after, 0);
}

TEST(RemoveIdentities, KeepsCopiesThatAnOutputNeeds) {
  GraphMaker m;
  const TensorId x = m.Input({2, 3});
  const TensorId y = m.Op(testing::Unary(schema::UnaryKind::TANH), {x});
  const TensorId copy = m.Op(testing::Unary(schema::UnaryKind::IDENTITY), {y});
  const TensorId through = m.Op(testing::Unary(schema::UnaryKind::IDENTITY), {x});
  const Graph before = m.Finish({y, copy, through});
  Graph after = before;
  EXPECT_FALSE(RemoveIdentities(after));
  testing::ExpectSameNetwork(before, after, 0);
}

TEST(RemoveIdentities, KeepsSumsThatBroadcast) {
  GraphMaker m;
  const TensorId x = m.Input({2, 1});
  Graph graph = m.Finish({m.Op(Binary(BinaryKind::ADD), {x, m.Constant({3}, {0, 0, 0})})});
  EXPECT_FALSE(RemoveIdentities(graph));
}

TEST(MergeReshapes, JoinsChains) {
  GraphMaker m;
  const TensorId x = m.Input({2, 3, 4, 5});
  TensorId y = m.Op(testing::Reshape({2, 12, 5}), {x});
  y = m.Op(testing::Reshape({-1, 5}), {y});
  y = m.Op(testing::Transpose({1, 0}), {y});
  y = m.Op(testing::Reshape({5, 2, 12}), {y});
  y = m.Op(testing::Transpose({1, 2, 0}), {y});
  y = m.Op(testing::Transpose({2, 0, 1}), {y});
  const Graph before = m.Finish({y});
  Graph after = before;
  EXPECT_TRUE(MergeReshapes(after));
  RemoveDead(after);
  EXPECT_EQ(testing::Count(after, OpType::ReshapeOptions), 2);
  EXPECT_EQ(testing::Count(after, OpType::TransposeOptions), 2);
  testing::ExpectSameNetwork(before, after, 0);
  // The two transposes cancel.
  EXPECT_TRUE(RemoveIdentities(after));
  RemoveDead(after);
  EXPECT_EQ(testing::Count(after, OpType::TransposeOptions), 1);
  testing::ExpectSameNetwork(before, after, 0);
}

TEST(MergeReshapes, CopiesOpenSizesByName) {
  GraphMaker m;
  const TensorId x = m.Input({2, 3, 4});
  const TensorId flat = m.Op(testing::Reshape({-1, 4}), {x});
  Graph graph = m.Finish({m.Op(testing::Reshape({2, 12}), {flat})});
  for (const TensorId id : {x, graph.outputs[0]}) {
    graph.tensor(id).shape[0] = -1;
    graph.tensor(id).symbols.assign(graph.tensor(id).shape.size(), "");
    graph.tensor(id).symbols[0] = "N";
  }
  EXPECT_TRUE(MergeReshapes(graph));
  EXPECT_EQ(graph.nodes[1].inputs[0], x);
  EXPECT_EQ(graph.nodes[1].as<schema::ReshapeOptionsT>().shape, (std::vector<int64_t>{0, 12}));
}

TEST(NormalizeArithmetic, DivAndSubBecomeMulAndAdd) {
  GraphMaker m;
  const TensorId x = m.Input({2, 3});
  TensorId y = m.Op(Binary(BinaryKind::DIV), {x, m.Constant({3}, {3, 0.5f, -2})});
  y = m.Op(Binary(BinaryKind::SUB), {y, m.Constant({3}, {1, 2, 3})});
  y = m.Op(Binary(BinaryKind::MUL), {m.Constant({}, {7}), y});
  const Graph before = m.Finish({y});
  Graph after = before;
  EXPECT_TRUE(NormalizeArithmetic(after));
  RemoveDead(after);
  for (const Node& node : after.nodes) {
    const BinaryKind kind = node.as<schema::BinaryOptionsT>().kind;
    EXPECT_TRUE(kind == BinaryKind::MUL || kind == BinaryKind::ADD);
    EXPECT_TRUE(after.tensor(node.inputs[1]).is_constant());
  }
  EXPECT_FALSE(NormalizeArithmetic(after));
  testing::ExpectSameNetwork(before, after);
}

TEST(NormalizeArithmetic, KeepsDivisionByZeroAndOfConstants) {
  GraphMaker m;
  const TensorId x = m.Input({2, 2});
  const TensorId a = m.Op(Binary(BinaryKind::DIV), {x, m.Constant({2}, {1, 0})});
  const TensorId b = m.Op(Binary(BinaryKind::SUB), {m.Constant({}, {1}), x});
  Graph graph = m.Finish({a, b});
  EXPECT_FALSE(NormalizeArithmetic(graph));
}

TEST(NormalizeArithmetic, MinAndMaxBecomeClip) {
  GraphMaker m;
  const TensorId x = m.Input({2, 3});
  TensorId y = m.Op(Binary(BinaryKind::MAXIMUM), {x, m.Constant({1}, {-1})});
  y = m.Op(Binary(BinaryKind::MINIMUM), {m.Constant({}, {2}), y});
  const Graph before = m.Finish({y});
  Graph after = before;
  EXPECT_TRUE(NormalizeArithmetic(after));
  RemoveDead(after);
  EXPECT_EQ(testing::Count(after, OpType::UnaryOptions), 2);
  testing::ExpectSameNetwork(before, after, 0);
}

TEST(ReduceToPool, RecognizesSpatialMeansAndMaxima) {
  for (const auto kind : {schema::ReduceKind::MEAN, schema::ReduceKind::MAXIMUM}) {
    for (const bool keep : {true, false}) {
      GraphMaker m;
      const TensorId x = m.Input({2, 3, 4, 5});
      const Graph before = m.Finish({m.Op(testing::Reduce(kind, {2, 3}, keep), {x})});
      Graph after = before;
      EXPECT_TRUE(ReduceToPool(after));
      RemoveDead(after);
      EXPECT_EQ(testing::Count(after, OpType::GlobalPoolOptions), 1);
      EXPECT_EQ(testing::Count(after, OpType::ReduceOptions), 0);
      testing::ExpectSameNetwork(before, after);
    }
  }
}

TEST(ReduceToPool, LeavesOtherReductions) {
  GraphMaker m;
  const TensorId x = m.Input({2, 3, 4, 5});
  const TensorId rows = m.Op(testing::Reduce(schema::ReduceKind::MEAN, {3}, true), {x});
  const TensorId sums = m.Op(testing::Reduce(schema::ReduceKind::SUM, {2, 3}, true), {x});
  Graph graph = m.Finish({rows, sums});
  EXPECT_FALSE(ReduceToPool(graph));
}

}  // namespace
}  // namespace octet

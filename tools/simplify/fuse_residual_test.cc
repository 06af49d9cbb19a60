#include "gtest/gtest.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::BinaryKind;
using testing::Binary;
using testing::Conv2d;
using testing::GraphMaker;

TEST(FuseResidual, TakesTheSumIntoTheLaterProduct) {
  GraphMaker m;
  const TensorId x = m.Input({1, 4, 5, 5});
  const TensorId a = m.Op(Conv2d(), {x, m.RandomConstant({4, 4, 1, 1}), m.RandomConstant({4})});
  const TensorId b = m.Op(Conv2d(1, 1), {x, m.RandomConstant({4, 4, 3, 3})});
  auto add = Binary(BinaryKind::ADD);
  add.activation_min = 0;
  const Graph before = m.Finish({m.Op(add, {b, a})});
  Graph after = before;
  EXPECT_TRUE(FuseResidual(after));
  RemoveDead(after);
  ASSERT_EQ(after.nodes.size(), 2u);
  EXPECT_EQ(after.nodes[1].name, "n1");
  EXPECT_EQ(after.nodes[1].input(3), after.nodes[0].outputs[0]);
  EXPECT_EQ(after.nodes[1].input(2), kNoTensor);
  EXPECT_EQ(after.nodes[1].as<schema::ConvOptionsT>().activation_min, 0);
  testing::ExpectSameNetwork(before, after);
}

TEST(FuseResidual, MovesTheProductBehindAnOperandThatComesLater) {
  GraphMaker m;
  const TensorId x = m.Input({2, 6});
  const TensorId product = m.Op(testing::MatMul(), {x, m.RandomConstant({6, 6})});
  const TensorId later = m.Op(testing::Unary(schema::UnaryKind::TANH), {x});
  const Graph before = m.Finish({m.Op(Binary(BinaryKind::ADD), {product, later})});
  Graph after = before;
  EXPECT_TRUE(FuseResidual(after));
  RemoveDead(after);
  EXPECT_EQ(after.nodes.size(), 2u);
  EXPECT_EQ(after.nodes[1].type(), OpType::MatMulOptions);
  testing::ExpectSameNetwork(before, after);
}

TEST(FuseResidual, LeavesWhatItMustNotTouch) {
  GraphMaker twice;  // read twice by the same sum
  TensorId x = twice.Input({1, 2, 3, 3});
  TensorId conv = twice.Op(Conv2d(), {x, twice.RandomConstant({2, 2, 1, 1})});
  Graph graph = twice.Finish({twice.Op(Binary(BinaryKind::ADD), {conv, conv})});
  EXPECT_FALSE(FuseResidual(graph));

  GraphMaker broadcast;
  x = broadcast.Input({1, 2, 3, 3});
  const TensorId row = broadcast.Input({3});
  conv = broadcast.Op(Conv2d(), {x, broadcast.RandomConstant({2, 2, 1, 1})});
  graph = broadcast.Finish({broadcast.Op(Binary(BinaryKind::ADD), {conv, row})});
  EXPECT_FALSE(FuseResidual(graph));

  GraphMaker output;  // the product itself is wanted
  x = output.Input({1, 2, 3, 3});
  conv = output.Op(Conv2d(), {x, output.RandomConstant({2, 2, 1, 1})});
  graph = output.Finish({conv, output.Op(Binary(BinaryKind::ADD), {conv, x})});
  EXPECT_FALSE(FuseResidual(graph));

  GraphMaker clamped;  // max(conv, 0) + x
  x = clamped.Input({1, 2, 3, 3});
  auto options = Conv2d();
  options.activation_min = 0;
  conv = clamped.Op(options, {x, clamped.RandomConstant({2, 2, 1, 1})});
  graph = clamped.Finish({clamped.Op(Binary(BinaryKind::ADD), {conv, x})});
  EXPECT_FALSE(FuseResidual(graph));

  GraphMaker product;
  x = product.Input({1, 2, 3, 3});
  conv = product.Op(Conv2d(), {x, product.RandomConstant({2, 2, 1, 1})});
  graph = product.Finish({product.Op(Binary(BinaryKind::MUL), {conv, x})});
  EXPECT_FALSE(FuseResidual(graph));
}

TEST(FuseResidual, LeavesOpenSizesThatMayDiffer) {
  GraphMaker m;
  const TensorId x = m.Input({1, 2, 3, 3});
  const TensorId other = m.Input({1, 2, 3, 3});
  const TensorId conv = m.Op(Conv2d(), {x, m.RandomConstant({2, 2, 1, 1})});
  Graph graph = m.Finish({m.Op(Binary(BinaryKind::ADD), {conv, other})});
  const TensorId sum = graph.outputs[0];
  for (const TensorId id : {x, other, conv, sum}) {
    graph.tensor(id).shape[2] = -1;
    graph.tensor(id).symbols = {"", "", id == other ? "H2" : "H", ""};
  }
  EXPECT_FALSE(FuseResidual(graph));
  graph.tensor(other).symbols[2] = "H";
  EXPECT_TRUE(FuseResidual(graph));
}

}  // namespace
}  // namespace octet

#include "gtest/gtest.h"
#include "tools/simplify/constants.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::BinaryKind;
using testing::Binary;
using testing::Conv2d;
using testing::GraphMaker;

TEST(FoldChannelAffine, PutsBatchNormIntoConv) {
  for (const bool has_bias : {false, true}) {
    GraphMaker m;
    const TensorId x = m.Input({1, 4, 6, 6});
    std::vector<TensorId> inputs = {x, m.RandomConstant({8, 2, 3, 3})};
    if (has_bias) inputs.push_back(m.RandomConstant({8}));
    const TensorId conv = m.Op(Conv2d(1, 1, 2), inputs);
    const TensorId scaled = m.Op(Binary(BinaryKind::MUL), {conv, m.RandomConstant({8, 1, 1})});
    auto add = Binary(BinaryKind::ADD);
    add.activation_min = 0;
    const Graph before = m.Finish({m.Op(add, {scaled, m.RandomConstant({8, 1, 1})})});
    Graph after = before;
    EXPECT_TRUE(FoldChannelAffine(after));
    RemoveDead(after);
    ASSERT_EQ(after.nodes.size(), 1u);
    EXPECT_EQ(after.nodes[0].as<schema::ConvOptionsT>().activation_min, 0);
    EXPECT_EQ(after.nodes[0].name, "n0");
    EXPECT_EQ(after.tensor(after.nodes[0].inputs[2]).shape, Shape{8});
    testing::ExpectSameNetwork(before, after);
  }
}

TEST(FoldChannelAffine, PutsBatchNormIntoConvTransposeOfOneGroup) {
  for (const int groups : {1, 2}) {
    GraphMaker m;
    schema::ConvTransposeOptionsT options;
    options.strides = {2, 2};
    options.dilations = {1, 1};
    options.pads_begin = options.pads_end = options.output_padding = {0, 0};
    options.groups = groups;
    const TensorId w = m.RandomConstant({4, 6 / groups, 2, 2});
    const TensorId y = m.Op(std::move(options), {m.Input({1, 4, 5, 5}), w});
    const TensorId scaled = m.Op(Binary(BinaryKind::MUL), {y, m.RandomConstant({6, 1, 1})});
    const TensorId sum = m.Op(Binary(BinaryKind::ADD), {scaled, m.RandomConstant({6, 1, 1})});
    const Graph before = m.Finish({m.Op(testing::Clip(0, 1), {sum})});
    Graph after = before;
    EXPECT_EQ(FoldChannelAffine(after), groups == 1);
    EXPECT_TRUE(FuseActivation(after));
    RemoveDead(after);
    EXPECT_EQ(after.nodes.size(), groups == 1 ? 1u : 3u);
    testing::ExpectSameNetwork(before, after);
  }
}

TEST(FoldChannelAffine, PutsFactorsAndBiasIntoMatMul) {
  for (const bool transpose_b : {false, true}) {
    GraphMaker m;
    const TensorId x = m.Input({2, 3, 5});
    const TensorId w = m.RandomConstant(transpose_b ? Shape{7, 5} : Shape{5, 7});
    const TensorId y = m.Op(testing::MatMul(transpose_b), {x, w});
    const TensorId scaled = m.Op(Binary(BinaryKind::MUL), {y, m.RandomConstant({7})});
    const Graph before =
        m.Finish({m.Op(Binary(BinaryKind::ADD), {scaled, m.RandomConstant({1, 1, 7})})});
    Graph after = before;
    EXPECT_TRUE(FoldChannelAffine(after));
    RemoveDead(after);
    EXPECT_EQ(after.nodes.size(), 1u);
    testing::ExpectSameNetwork(before, after);
  }
}

TEST(FoldChannelAffine, KeepsHalfWeightsUnlessTheyLoseDigits) {
  for (const float factor : {2.0f, 1e-6f, 1e6f}) {
    GraphMaker m;
    const TensorId x = m.Input({1, 2, 4, 4});
    const TensorId conv = m.Op(Conv2d(), {x, m.RandomConstant({3, 2, 1, 1}, DataType::kF16)});
    const Graph before =
        m.Finish({m.Op(Binary(BinaryKind::MUL), {conv, m.Constant({}, {factor})})});
    Graph after = before;
    EXPECT_TRUE(FoldChannelAffine(after));
    RemoveDead(after);
    const Tensor& weights = after.tensor(after.nodes[0].inputs[1]);
    EXPECT_EQ(weights.type, factor == 2.0f ? DataType::kF16 : DataType::kF32);
    testing::ExpectSameNetwork(before, after, 1e-5);
  }
}

TEST(FoldChannelAffine, LeavesWhatItMustNotTouch) {
  // The product has another reader.
  GraphMaker shared;
  TensorId x = shared.Input({1, 2, 4, 4});
  TensorId conv = shared.Op(Conv2d(), {x, shared.RandomConstant({3, 2, 1, 1})});
  TensorId y = shared.Op(Binary(BinaryKind::MUL), {conv, shared.RandomConstant({3, 1, 1})});
  Graph graph = shared.Finish({y, conv});
  EXPECT_FALSE(FoldChannelAffine(graph));

  // The constant varies along width.
  GraphMaker wide;
  x = wide.Input({1, 2, 4, 4});
  conv = wide.Op(Conv2d(), {x, wide.RandomConstant({3, 2, 1, 1})});
  graph = wide.Finish({wide.Op(Binary(BinaryKind::ADD), {conv, wide.RandomConstant({4})})});
  EXPECT_FALSE(FoldChannelAffine(graph));

  // The product clamps before.
  GraphMaker clamped;
  x = clamped.Input({1, 2, 4, 4});
  auto options = Conv2d();
  options.activation_max = 1;
  conv = clamped.Op(options, {x, clamped.RandomConstant({3, 2, 1, 1})});
  graph = clamped.Finish({clamped.Op(Binary(BinaryKind::ADD), {conv, clamped.Constant({}, {1})})});
  EXPECT_FALSE(FoldChannelAffine(graph));

  // A factor behind a residual would have to scale it too.
  GraphMaker residual;
  x = residual.Input({1, 2, 4, 4});
  conv = residual.Op(Conv2d(), {x, residual.RandomConstant({2, 2, 1, 1}), kNoTensor, x});
  graph =
      residual.Finish({residual.Op(Binary(BinaryKind::MUL), {conv, residual.Constant({}, {2})})});
  EXPECT_FALSE(FoldChannelAffine(graph));

  // The sum broadcasts the product to a larger shape.
  GraphMaker larger;
  x = larger.Input({2, 5});
  conv = larger.Op(testing::MatMul(), {x, larger.RandomConstant({3, 5})});
  graph =
      larger.Finish({larger.Op(Binary(BinaryKind::ADD), {conv, larger.RandomConstant({1, 1, 3})})});
  EXPECT_FALSE(FoldChannelAffine(graph));
}

TEST(FoldChannelAffine, KeepsWeightsThatOthersRead) {
  GraphMaker m;
  const TensorId x = m.Input({1, 2, 4, 4});
  const TensorId w = m.RandomConstant({2, 2, 1, 1});
  const TensorId a = m.Op(Conv2d(), {x, w});
  const TensorId b = m.Op(Conv2d(), {x, w});
  const Graph before = m.Finish({m.Op(Binary(BinaryKind::MUL), {a, m.Constant({}, {3})}), b});
  Graph after = before;
  EXPECT_TRUE(FoldChannelAffine(after));
  RemoveDead(after);
  testing::ExpectSameNetwork(before, after);
}

TEST(FoldChannelAffine, JoinsConstantsInARow) {
  GraphMaker m;
  const TensorId x = m.Input({1, 3, 4, 4});
  TensorId y = m.Op(Binary(BinaryKind::MUL), {x, m.RandomConstant({3, 1, 1})});
  y = m.Op(Binary(BinaryKind::MUL), {y, m.Constant({}, {0.5f})});
  y = m.Op(Binary(BinaryKind::ADD), {y, m.Constant({}, {1})});
  const Graph before = m.Finish({m.Op(Binary(BinaryKind::ADD), {y, m.RandomConstant({3, 1, 1})})});
  Graph after = before;
  EXPECT_TRUE(FoldChannelAffine(after));
  RemoveDead(after);
  EXPECT_EQ(after.nodes.size(), 2u);
  testing::ExpectSameNetwork(before, after);
}

}  // namespace
}  // namespace octet

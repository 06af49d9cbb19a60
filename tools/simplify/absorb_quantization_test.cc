#include "tools/simplify/absorb_quantization.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "tools/simplify/simplify.h"
#include "tools/simplify/testing.h"

// Whole patterns, as exporters write them. Scales are powers of two, so that real arithmetic is
// exact and integer operators must give the same bits.

namespace octet {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;
using testing::Count;
using ::testing::ElementsAre;
using testing::GraphMaker;
using testing::kInfinity;
using testing::Only;

constexpr DataType kU8 = DataType::kU8, kS8 = DataType::kS8;

int Conversions(const Graph& graph) {
  return Count(graph, OpType::QuantizeOptions) + Count(graph, OpType::DequantizeOptions) +
         Count(graph, OpType::RequantizeOptions);
}

QuantParams PerTensor(float scale, int32_t zero_point = 0) { return {{scale}, {zero_point}, -1}; }

// A 1x1 convolution of `channels` channels with quantized weights and without bias.
TensorId Conv(GraphMaker& m, TensorId x, int64_t channels, float scale = 0x1p-6f) {
  const TensorId w = m.RandomIntegers({channels, channels, 1, 1}, kS8, PerTensor(scale));
  return m.Op(testing::Conv2d(), {x, m.Dequantize(w)});
}

Graph Simplified(const Graph& before) {
  Graph after = before;
  EXPECT_EQ(Simplify(after), absl::OkStatus());
  return after;
}

TEST(AbsorbQuantization, ConvolutionsPassIntegersOn) {
  GraphMaker m;
  TensorId x = m.Rounded(m.Input({1, 4, 5, 5}), kU8, 0x1p-5f, 128);
  x = m.Rounded(Conv(m, x, 4), kS8, 0x1p-2f, -3);
  x = m.Op(testing::Clip(0, 6), {Conv(m, x, 4)});
  x = m.Rounded(x, kU8, 0x1p-5f, 0);
  const Graph before = m.Finish({x});
  const Graph after = Simplified(before);
  EXPECT_EQ(after.nodes.size(), 4u);
  EXPECT_EQ(Count(after, OpType::ConvOptions), 2);
  EXPECT_EQ(after.nodes[2].as<schema::ConvOptionsT>().activation_max, 6);
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, ResidualsRoundedAtOnceAreFused) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({1, 4, 5, 5}), kU8, 0x1p-5f, 128);
  TensorId y = m.Op(testing::Binary(BinaryKind::ADD), {Conv(m, x, 4), x});
  y = m.Op(testing::Clip(0, kInfinity), {y});
  y = m.Rounded(y, kU8, 0x1p-2f, 3);
  const Graph before = m.Finish({y});
  const Graph after = Simplified(before);
  EXPECT_EQ(after.nodes.size(), 3u);
  EXPECT_EQ(Only(after, OpType::ConvOptions).inputs.size(), 4u);
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, ResidualsRoundedTwiceAreSumsOfIntegers) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({1, 4, 5, 5}), kU8, 0x1p-5f, 128);
  TensorId y = m.Rounded(Conv(m, x, 4), kU8, 0x1p-3f, 100);
  y = m.Op(testing::Binary(BinaryKind::ADD), {y, x});
  y = m.Op(testing::Clip(0, kInfinity), {y});
  y = m.Rounded(y, kU8, 0x1p-2f, 3);
  const Graph before = m.Finish({y});
  const Graph after = Simplified(before);
  EXPECT_EQ(after.nodes.size(), 4u);
  const Node& sum = Only(after, OpType::BinaryOptions);
  EXPECT_EQ(sum.as<schema::BinaryOptionsT>().activation_min, 0);
  EXPECT_TRUE(after.tensor(sum.inputs[0]).quant && after.tensor(sum.outputs[0]).quant);
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, MovementBetweenIntegersMovesIntegers) {
  GraphMaker m;
  const TensorId input = m.Rounded(m.Input({1, 4, 6, 6}), kU8, 0x1p-5f, 128);
  const auto again = [&](TensorId x) { return m.Rounded(x, kU8, 0x1p-5f, 128); };
  TensorId x = again(m.Op(testing::Pool2d(schema::PoolKind::MAXIMUM, 3, 1, 1), {input}));
  x = again(m.Op(testing::Pad({0, 0, 1, 1}, {0, 0, 0, 0}), {x}));
  x = again(m.Op(testing::Transpose({0, 2, 3, 1}), {x}));
  x = again(m.Op(testing::Reshape({1, 49, 4, 1}), {x}));
  schema::SplitOptionsT split;
  split.axis = 2;
  split.sizes = {1, 3};
  const std::vector<TensorId> parts = m.Ops(split, {x}, 2);
  schema::ConcatOptionsT concat;
  concat.axis = 2;
  x = again(m.Op(concat, {again(parts[1]), again(parts[0])}));
  x = again(Conv(m, x, 49, 0x1p-9f));
  const Graph before = m.Finish({x});
  const Graph after = Simplified(before);
  EXPECT_EQ(Conversions(after), 2);
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, MovementWithoutConversionsOfItsOwnDoesSo) {
  GraphMaker m;
  TensorId x = m.Input({1, 6, 6, 4});
  x = m.Rounded(m.Op(testing::Transpose({0, 3, 1, 2}), {x}), kU8, 0x1p-5f, 128);
  x = Conv(m, x, 4);
  x = m.Op(testing::Pool2d(schema::PoolKind::MAXIMUM, 2, 2), {x});
  x = m.Op(testing::Reshape({1, 36, 1, 1}), {x});
  x = m.Rounded(x, kU8, 0x1p-2f, 90);
  x = m.Op(testing::Clip(0, kInfinity), {m.Op(testing::Reshape({1, 4, 3, 3}), {x})});
  x = m.Rounded(Conv(m, x, 4), kU8, 1, 7);
  const Graph before = m.Finish({x});
  const Graph after = Simplified(before);
  EXPECT_EQ(Conversions(after), 2);
  EXPECT_EQ(after.nodes[0].type(), OpType::QuantizeOptions);  // before the Transpose
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, ConcatTakesPartsOfOtherScales) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({1, 4, 5, 5}), kU8, 0x1p-5f, 128);
  const TensorId a = m.Rounded(Conv(m, x, 4), kU8, 0x1p-2f, 3);
  const TensorId b = Conv(m, x, 4);
  schema::ConcatOptionsT concat;
  concat.axis = 1;
  const TensorId y = m.Rounded(m.Op(concat, {a, b, x}), kU8, 0x1p-1f, 100);
  const Graph before = m.Finish({y});
  const Graph after = Simplified(before);
  EXPECT_EQ(after.nodes.size(), 5u);
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, OtherOperatorsBecomeIntegerOnes) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({1, 4, 6, 6}), kS8, 0x1p-5f, 0);
  const auto again = [&](TensorId y) { return m.Rounded(y, kS8, 0x1p-5f, -5); };
  TensorId y = again(m.Op(testing::Unary(UnaryKind::HARD_SWISH), {x}));
  y = again(m.Op(testing::Unary(UnaryKind::SIGMOID), {y}));
  y = again(m.Op(testing::Binary(BinaryKind::MUL), {y, x}));
  y = again(m.Op(testing::Binary(BinaryKind::MUL), {y, m.Constant({}, {-0.75f})}));
  y = again(m.Op(testing::Pool2d(schema::PoolKind::AVERAGE, 2, 2), {y}));
  schema::GlobalPoolOptionsT mean;
  mean.kind = schema::PoolKind::AVERAGE;
  y = again(m.Op(mean, {y}));
  schema::SoftmaxOptionsT softmax;
  softmax.axis = 1;
  y = m.Rounded(m.Op(softmax, {y}), kS8, 0x1p-8f, -128);
  const Graph before = m.Finish({y});
  const Graph after = Simplified(before);
  EXPECT_EQ(Conversions(after), 2);
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, IslandsOfRealNumbersAreConvertedOnce) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({1, 4, 5, 5}), kU8, 0x1p-5f, 128);
  const TensorId a = m.Rounded(Conv(m, x, 4), kU8, 0x1p-2f, 128);
  const TensorId b = m.Op(testing::Unary(UnaryKind::EXP), {a});
  const TensorId c = m.Op(testing::Unary(UnaryKind::TANH), {a});
  const TensorId sum = m.Op(testing::Binary(BinaryKind::ADD), {b, c});
  const TensorId y = m.Rounded(Conv(m, m.Rounded(sum, kU8, 0x1p-5f, 0), 4), kU8, 1, 0);
  const Graph before = m.Finish({y});
  const Graph after = Simplified(before);
  EXPECT_EQ(Conversions(after), 4);
  EXPECT_EQ(Count(after, OpType::ConvOptions), 2);
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, EveryReaderOfOneDequantizeReadsIntegers) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({1, 4, 6, 6}), kU8, 0x1p-5f, 128);
  const TensorId a = m.Rounded(Conv(m, x, 4), kU8, 0x1p-2f, 128);
  const TensorId pooled = m.Op(testing::Pool2d(schema::PoolKind::MAXIMUM, 2, 2), {a});
  const TensorId conv = m.Rounded(Conv(m, a, 4), kU8, 1, 128);
  const TensorId other = m.Rounded(Conv(m, pooled, 4), kU8, 1, 128);
  const Graph before = m.Finish({conv, other, a});
  const Graph after = Simplified(before);
  EXPECT_EQ(Count(after, OpType::QuantizeOptions), 1);
  EXPECT_EQ(Count(after, OpType::DequantizeOptions), 3);  // of the outputs
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, LinearLayersKeepTheirBias) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({3, 8}), kU8, 0x1p-5f, 128);
  const TensorId w =
      m.RandomIntegers({8, 4}, kS8, {{0x1p-6f, 0x1p-7f, 0x1p-8f, 0x1p-5f}, {0, 0, 0, 0}, 1});
  TensorId y = m.Op(testing::MatMul(false), {x, m.Dequantize(w)});
  const TensorId bias = m.Integers({4}, {1, 20, -30, 4}, kU8, PerTensor(0x1p-4f, 10));
  y = m.Op(testing::Binary(BinaryKind::ADD), {y, m.Dequantize(bias)});
  y = m.Rounded(y, kU8, 0x1p-2f, 128);
  const Graph before = m.Finish({y});
  const Graph after = Simplified(before);
  EXPECT_EQ(after.nodes.size(), 3u);
  const Node& product = Only(after, OpType::MatMulOptions);
  EXPECT_TRUE(product.as<schema::MatMulOptionsT>().transpose_b);
  EXPECT_EQ(after.tensor(product.inputs[1]).quant->axis, 0);
  EXPECT_EQ(after.tensor(product.inputs[2]).type, DataType::kS32);
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, WeightsThatTheModelQuantizesItself) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({1, 2, 4, 4}), kU8, 0x1p-5f, 128);
  const TensorId w = m.RandomConstant({2, 2, 3, 3});
  const TensorId turned = m.Op(testing::Transpose({0, 1, 3, 2}), {w});
  const TensorId bias = m.Constant({2}, {0.5f, -1.25f});
  TensorId y = m.Op(testing::Conv2d(1, 1), {x, m.Rounded(turned, kS8, 0x1p-7f, 0), bias});
  y = m.Rounded(y, kU8, 0x1p-5f, 128);
  const Graph before = m.Finish({y});
  const Graph after = Simplified(before);
  EXPECT_EQ(after.nodes.size(), 3u);
  EXPECT_EQ(after.tensor(Only(after, OpType::ConvOptions).inputs[2]).type, DataType::kS32);
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, BiasesTooLargeForTheSumGetALargerScale) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({1, 2, 4, 4}), kU8, 0x1p-5f, 128);
  const QuantParams scales = {{0x1p-26f, 0x1p-7f}, {0, 0}, 0};
  const TensorId w = m.Integers({2, 2, 1, 1}, {100, -126, 100, -127}, kS8, scales);
  const QuantParams products = {{0x1p-31f, 0x1p-12f}, {0, 0}, 0};
  const TensorId bias = m.Integers({2}, {2147483000, 1000}, DataType::kS32, products);
  const TensorId conv = m.Op(testing::Conv2d(), {x, m.Dequantize(w), m.Dequantize(bias)});
  const TensorId y = m.Rounded(conv, kU8, 0x1p-3f, 128);
  const Graph before = m.Finish({y});
  const Graph after = Simplified(before);
  EXPECT_EQ(after.nodes.size(), 3u);
  const Node& node = Only(after, OpType::ConvOptions);
  const Tensor& weights = after.tensor(node.inputs[1]);
  EXPECT_THAT(weights.data.as<int8_t>(), ElementsAre(50, -63, 100, -127));
  EXPECT_THAT(weights.quant->scales, ElementsAre(0x1p-25f, 0x1p-7f));
  EXPECT_THAT(after.tensor(node.inputs[2]).data.as<int32_t>(), ElementsAre(1073741500, 1000));
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, UnsignedWeightsThatFitS8Move) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({2, 2}), kS8, 0x1p-5f, 1);
  const TensorId w = m.Integers({2, 2}, {0, 255, 128, 7}, kU8, PerTensor(0x1p-7f, 128));
  const TensorId y = m.Rounded(m.Op(testing::MatMul(), {x, m.Dequantize(w)}), kS8, 0x1p-5f, 0);
  const Graph before = m.Finish({y});
  const Graph after = Simplified(before);
  const Node& node = Only(after, OpType::MatMulOptions);
  EXPECT_THAT(after.tensor(node.inputs[1]).data.as<int8_t>(), ElementsAre(-128, 127, 0, -121));
  testing::ExpectSameResults(before, after);
}

TEST(AbsorbQuantization, WeightsBeyondS8StayReal) {
  GraphMaker m;
  const TensorId x = m.Rounded(m.Input({1, 4, 5, 5}), kU8, 0x1p-5f, 128);
  const TensorId w = m.RandomIntegers({4, 4, 1, 1}, kU8, PerTensor(0x1p-7f, 40));
  const TensorId y = m.Rounded(m.Op(testing::Conv2d(), {x, m.Dequantize(w)}), kU8, 0x1p-2f, 128);
  const Graph before = m.Finish({y});
  const Graph after = Simplified(before);
  EXPECT_EQ(Conversions(after), 4);
  EXPECT_EQ(after.tensor(Only(after, OpType::ConvOptions).inputs[1]).type, DataType::kF32);
  testing::ExpectSameResults(before, after);
}

}  // namespace
}  // namespace octet

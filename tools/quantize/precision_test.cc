#include "tools/quantize/precision.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "tools/quantize/test_graph.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using testing::GraphBuilder;

constexpr Precision kFloat = Precision::kFloat;
constexpr Precision kInt8 = Precision::kInt8;
constexpr Precision kInt8ToFloat = Precision::kInt8ToFloat;

bool AnyKernel(const Node&, Precision) { return true; }

TEST(PrecisionTest, TheLastProductYieldsFloat) {
  GraphBuilder b;
  const TensorId y = b.Conv("b", b.Conv("a", b.Input("x")));
  b.graph.outputs = {b.Softmax("s", y)};
  EXPECT_THAT(ChoosePrecision(b.graph, AnyKernel), ElementsAre(kInt8, kInt8ToFloat, kFloat));
}

TEST(PrecisionTest, AnAverageBeforeFloatReadsIntegers) {
  GraphBuilder b;
  const TensorId y = b.GlobalAverage("g", b.Conv("a", b.Input("x")));
  b.graph.outputs = {b.Softmax("s", y)};
  EXPECT_THAT(ChoosePrecision(b.graph, AnyKernel), ElementsAre(kInt8, kInt8ToFloat, kFloat));
  // Without a kernel for that, the convolution yields f32 and the average is float.
  const auto no_mixed_average = [](const Node& node, Precision precision) {
    return precision == kInt8 || node.type() != OpType::GlobalPoolOptions;
  };
  EXPECT_THAT(ChoosePrecision(b.graph, no_mixed_average),
              ElementsAre(kInt8ToFloat, kFloat, kFloat));
}

TEST(PrecisionTest, MixesWhatIsWanted) {
  GraphBuilder b;
  const TensorId a = b.Conv("a", b.Input("x"));
  const TensorId c = b.Conv("c", a);
  b.graph.outputs = {b.Conv("d", b.Softmax("s", c))};
  constexpr Precision kDynamic = Precision::kDynamic;
  // What a dynamic operator reads is real.
  EXPECT_THAT(ChooseMixed(b.graph, {kInt8, kDynamic, kInt8, kInt8}, AnyKernel),
              ElementsAre(kInt8ToFloat, kDynamic, kFloat, kInt8ToFloat));
  EXPECT_THAT(ChooseMixed(b.graph, {kInt8, kInt8, kDynamic, kFloat}, AnyKernel),
              ElementsAre(kInt8, kInt8ToFloat, kFloat, kFloat));
  const auto nothing_dynamic = [](const Node&, Precision p) { return p != kDynamic; };
  EXPECT_THAT(ChooseMixed(b.graph, {kInt8, kDynamic, kInt8, kInt8}, nothing_dynamic),
              ElementsAre(kInt8ToFloat, kFloat, kFloat, kInt8ToFloat));
}

TEST(PrecisionTest, SixteenBitsBetweenOperatorsOfEight) {
  GraphBuilder b;
  const TensorId a = b.Conv("a", b.Input("x"));
  const TensorId u = b.Unary("u", schema::UnaryKind::SIGMOID, a);
  b.graph.outputs = {b.Conv("d", b.Conv("c", u))};
  constexpr Precision kInt16 = Precision::kInt16, kInt16ToFloat = Precision::kInt16ToFloat,
                      kBF16 = Precision::kBF16;
  // What an operator of 16 bits reads comes from followers of 16 bits.
  EXPECT_THAT(ChooseMixed(b.graph, {kInt8, kInt8, kInt16, kInt8}, AnyKernel),
              ElementsAre(kInt8, kInt16, kInt16, kInt8ToFloat));
  EXPECT_THAT(ChooseMixed(b.graph, {kInt16, kInt8, kInt8, kInt16}, AnyKernel),
              ElementsAre(kInt16, kInt8, kInt8, kInt16ToFloat));
  const auto no_table = [](const Node& node, Precision p) {
    return node.type() == OpType::ConvOptions || !IsInt16(p);
  };
  EXPECT_THAT(ChooseMixed(b.graph, {kInt8, kInt8, kInt16, kInt8}, no_table),
              ElementsAre(kInt8, kInt8, kInt16, kInt8ToFloat));
  const auto no_words = [](const Node&, Precision p) { return !IsInt16(p); };
  EXPECT_THAT(ChooseMixed(b.graph, {kInt8, kInt8, kInt16, kInt8}, no_words),
              ElementsAre(kInt8ToFloat, kFloat, kFloat, kInt8ToFloat));
  // Real numbers of 16 bits end what is between integers, as float does.
  EXPECT_THAT(ChooseMixed(b.graph, {kInt8, kBF16, kBF16, kInt8}, AnyKernel),
              ElementsAre(kInt8ToFloat, kBF16, kBF16, kInt8ToFloat));
}

TEST(PrecisionTest, WhatSixteenBitsDoNotServeStaysFloat) {
  GraphBuilder b;
  const TensorId e = b.Unary("e", schema::UnaryKind::EXP, b.Conv("a", b.Input("x")));
  b.graph.outputs = {b.Unary("u", schema::UnaryKind::SIGMOID, b.Conv("c", e))};
  constexpr Precision kF16 = Precision::kF16;
  // An exponential, and an output of the graph.
  EXPECT_THAT(ChooseMixed(b.graph, {kF16, kF16, kF16, kF16}, AnyKernel),
              ElementsAre(kF16, kFloat, kF16, kFloat));
}

TEST(PrecisionTest, ExceptionsHaveNames) {
  for (Precision p : kExceptions) EXPECT_EQ(ExceptionNamed(Name(p)), p) << Name(p);
  EXPECT_EQ(ExceptionNamed("int8"), kInt8);
  EXPECT_FALSE(ExceptionNamed("weight-only").has_value());
  EXPECT_FALSE(ExceptionNamed("").has_value());
}

TEST(PrecisionTest, FollowersLieBetweenInt8Operators) {
  GraphBuilder b;
  const TensorId a = b.Conv("a", b.Input("x"));
  const TensorId sum =
      b.Binary("sum", schema::BinaryKind::ADD, a, b.Unary("u", schema::UnaryKind::SIGMOID, a));
  const TensorId c = b.Conv("c", sum);
  b.graph.outputs = {b.Unary("end", schema::UnaryKind::SIGMOID, c)};
  EXPECT_THAT(ChoosePrecision(b.graph, AnyKernel),
              ElementsAre(kInt8, kInt8, kInt8, kInt8ToFloat, kFloat));
}

TEST(PrecisionTest, OperatorsThatInt8RuinsStayFloat) {
  GraphBuilder b;
  const TensorId a = b.Conv("a", b.Input("x"));
  const TensorId e = b.Unary("e", schema::UnaryKind::EXP, a);
  const TensorId d = b.Binary("d", schema::BinaryKind::DIV, a, e);
  b.graph.outputs = {b.Conv("c", d)};
  EXPECT_THAT(ChoosePrecision(b.graph, AnyKernel),
              ElementsAre(kInt8ToFloat, kFloat, kFloat, kInt8ToFloat));
}

TEST(PrecisionTest, MovementOfAnInputIsInt8WhenAProductFollows) {
  GraphBuilder b;
  const TensorId r = b.Reshape("r", b.Input("x", {1, 32}), {1, 2, 4, 4});
  b.graph.outputs = {b.Conv("a", r)};
  EXPECT_THAT(ChoosePrecision(b.graph, AnyKernel), ElementsAre(kInt8, kInt8ToFloat));

  GraphBuilder plain;
  plain.graph.outputs = {plain.Reshape("r", plain.Input("x"), {1, 32})};
  EXPECT_THAT(ChoosePrecision(plain.graph, AnyKernel), ElementsAre(kFloat));
}

TEST(PrecisionTest, WhatHasNoKernelStaysFloat) {
  GraphBuilder b;
  b.graph.outputs = {b.Conv("b", b.Conv("a", b.Input("x")))};
  const auto only_b = [](const Node& node, Precision) { return node.name == "b"; };
  EXPECT_THAT(ChoosePrecision(b.graph, only_b), ElementsAre(kFloat, kInt8ToFloat));
}

TEST(PrecisionTest, AnOutputThatIsReadOnIsInt8) {
  GraphBuilder b;
  const TensorId a = b.Conv("a", b.Input("x"));
  b.graph.outputs = {a, b.Conv("b", a)};
  EXPECT_THAT(ChoosePrecision(b.graph, AnyKernel), ElementsAre(kInt8, kInt8ToFloat));
}

TEST(RoleTest, ProductsNeedConstantWeightsAndRoomForTheSum) {
  GraphBuilder b;
  const TensorId x = b.Input("x", {1, 4});
  const TensorId w = b.Input("w", {4, 4});
  b.Add("dynamic", schema::MatMulOptionsT(), {x, w}, {1, 4});
  b.MatMul("constant", x, 3);
  b.MatMul("deep", b.Input("z", {1, 70000}), 1);
  EXPECT_EQ(RoleOf(b.graph, b.graph.nodes[0]), Int8Role::kNone);
  EXPECT_EQ(RoleOf(b.graph, b.graph.nodes[1]), Int8Role::kAnchor);
  EXPECT_EQ(RoleOf(b.graph, b.graph.nodes[2]), Int8Role::kNone);
}

TEST(PrecisionTest, DynamicAreProductsWithWeightsAndAttention) {
  GraphBuilder b;
  const TensorId x = b.Conv("dense", b.Input("x"));
  schema::ConvOptionsT grouped = b.graph.nodes[0].as<schema::ConvOptionsT>();
  grouped.groups = 2;
  const TensorId w = b.Constant("w", {2, 1, 1, 1}, {1, 2});
  const TensorId y = b.Add("grouped", grouped, {x, w}, {1, 2, 4, 4});
  const TensorId a = b.Add("attention", schema::AttentionOptionsT(), {y, y, y}, {1, 2, 4, 4});
  b.graph.outputs = {b.Softmax("s", b.Binary("sum", schema::BinaryKind::ADD, a, y))};
  constexpr Precision kDynamic = Precision::kDynamic, kWeightOnly = Precision::kWeightOnly;
  EXPECT_THAT(ChooseDynamic(b.graph, AnyKernel),
              ElementsAre(kDynamic, kFloat, kDynamic, kFloat, kFloat));
  EXPECT_THAT(ChooseWeightOnly(b.graph),
              ElementsAre(kWeightOnly, kWeightOnly, kFloat, kFloat, kFloat));
  const auto no_attention = [](const Node& node, Precision precision) {
    return precision == Precision::kDynamic && node.type() != OpType::AttentionOptions;
  };
  EXPECT_THAT(ChooseDynamic(b.graph, no_attention),
              ElementsAre(kDynamic, kFloat, kFloat, kFloat, kFloat));
}

}  // namespace
}  // namespace octet

#include "runtime/lower/halves.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/core/half.h"
#include "schema/model_generated.h"

namespace octet {
namespace {

using ::testing::ElementsAre;

constexpr DataType kF32 = DataType::kF32, kF16 = DataType::kF16, kBF16 = DataType::kBF16;
constexpr NativeHalves kNothing{}, kBF16Only{false, true};

TensorId Add(Graph& g, const std::string& name, DataType type, const Shape& shape) {
  Tensor t;
  t.name = name;
  t.type = type;
  t.shape = shape;
  return g.AddTensor(std::move(t));
}

TensorId AddConstant(Graph& g, const std::string& name, DataType type, const Shape& shape) {
  const TensorId id = Add(g, name, type, shape);
  const auto count = static_cast<size_t>(NumElements(shape));
  if (type == kF32) {
    g.tensor(id).data = Constant::Of<float>(std::vector<float>(count, 1.5f));
  } else {
    const uint16_t bits = type == kF16 ? FloatToHalf(1.5f) : FloatToBFloat16(1.5f);
    g.tensor(id).data = Constant::Of<uint16_t>(std::vector<uint16_t>(count, bits));
  }
  return id;
}

// x -> MatMul with weights and bias -> y, all but the bias of `type`.
struct Product {
  Graph g;
  TensorId x, w, bias, y;

  Product(DataType type, DataType boundary) {
    x = Add(g, "x", boundary, {2, 3});
    w = AddConstant(g, "w", type, {3, 4});
    bias = AddConstant(g, "bias", kF32, {4});
    y = Add(g, "y", boundary, {2, 4});
    g.inputs = {x};
    g.outputs = {y};
    g.AddNode("product", schema::MatMulOptionsT(), {x, w, bias}, {y});
  }
};

// "MatMul f32 f32 f32 -> f32" per node.
std::vector<std::string> Types(const Graph& g) {
  std::vector<std::string> lines;
  for (const Node& node : g.nodes) {
    std::string line(Name(node.type()));
    for (TensorId id : node.inputs) absl::StrAppend(&line, " ", Name(g.tensor(id).type));
    absl::StrAppend(&line, " -> ", Name(g.tensor(node.outputs[0]).type));
    lines.push_back(line);
  }
  return lines;
}

TEST(HalvesTest, ConstantsBecomeTheSameFloats) {
  Graph g;
  const TensorId id = Add(g, "c", kF16, {7});
  // 1, -2, the smallest subnormal 2^-24, the largest number 65504, -inf, 0, -0
  const uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00, 0x0000, 0x8000};
  g.tensor(id).data = Constant::Of<uint16_t>(halves);
  LowerHalves(g, kNothing);
  EXPECT_EQ(g.tensors[0].type, kF32);
  const absl::Span<const float> got = g.tensors[0].data.as<float>();
  const float expected[] = {
      1.0f, -2.0f, 0x1p-24f, 65504.0f, -std::numeric_limits<float>::infinity(), 0.0f, -0.0f};
  ASSERT_EQ(got.size(), 7u);
  for (size_t i = 0; i < 7; ++i) EXPECT_EQ(got[i], expected[i]);
  EXPECT_TRUE(std::signbit(got[6]));
}

TEST(HalvesTest, WhatIsNotNativeIsConvertedAtTheBoundaryOnly) {
  for (DataType type : {kF16, kBF16}) {
    Product p(type, type);
    LowerHalves(p.g, kNothing);
    EXPECT_THAT(Types(p.g),
                ElementsAre(absl::StrCat("Cast ", Name(type), " -> f32"),
                            "MatMul f32 f32 f32 -> f32", absl::StrCat("Cast f32 -> ", Name(type))));
    EXPECT_EQ(p.g.tensor(p.x).type, type);
    EXPECT_EQ(p.g.tensor(p.y).type, type);
    EXPECT_EQ(p.g.nodes[0].inputs[0], p.x);
    EXPECT_EQ(p.g.nodes[2].outputs[0], p.y);
  }
}

TEST(HalvesTest, CastsWhoseTypesHaveBecomeOneDisappear) {
  Graph g;
  const TensorId x = Add(g, "x", kF32, {4}), narrow = Add(g, "narrow", kF16, {4});
  const TensorId y = Add(g, "y", kF16, {4}), wide = Add(g, "wide", kF32, {4});
  g.inputs = {x};
  g.outputs = {wide};
  schema::UnaryOptionsT exp;
  exp.kind = schema::UnaryKind::EXP;
  g.AddNode("in", schema::CastOptionsT(), {x}, {narrow});
  g.AddNode("exp", exp, {narrow}, {y});
  g.AddNode("out", schema::CastOptionsT(), {y}, {wide});
  LowerHalves(g, kNothing);
  EXPECT_EQ(g.nodes[0].type(), OpType::UnaryOptions);
  EXPECT_EQ(g.nodes[0].inputs[0], x);
  // The output's tensor stays; a cast that changes nothing is a view.
  EXPECT_THAT(Types(g), ElementsAre("Unary f32 -> f32", "Cast f32 -> f32"));
}

TEST(HalvesTest, NativeWeightsStayAndOtherConstantsAreWidened) {
  Product p(kBF16, kBF16);
  const TensorId factor = AddConstant(p.g, "factor", kBF16, {2, 4});
  const TensorId scaled = Add(p.g, "scaled", kBF16, {2, 4});
  schema::BinaryOptionsT mul;
  mul.kind = schema::BinaryKind::MUL;
  p.g.AddNode("mul", mul, {p.y, factor}, {scaled});
  p.g.outputs = {scaled};
  LowerHalves(p.g, kBF16Only);
  EXPECT_THAT(Types(p.g), ElementsAre("MatMul bf16 bf16 f32 -> bf16", "Binary bf16 f32 -> bf16"));
  EXPECT_EQ(p.g.tensor(p.g.nodes[1].inputs[1]).data.as<float>()[7], 1.5f);
}

TEST(HalvesTest, WeightsOfAnF32ProductAreWidenedThoughTheirTypeIsNative) {
  Product p(kBF16, kF32);
  LowerHalves(p.g, kBF16Only);
  EXPECT_THAT(Types(p.g), ElementsAre("MatMul f32 f32 f32 -> f32"));
}

TEST(HalvesTest, TablesThatAreGatheredFromStay) {
  for (DataType result : {kBF16, kF32}) {
    Graph g;
    const TensorId indices = Add(g, "indices", DataType::kS64, {5});
    const TensorId table = AddConstant(g, "table", kBF16, {10, 4});
    const TensorId y = Add(g, "y", result, {5, 4});
    g.inputs = {indices};
    g.outputs = {y};
    g.AddNode("gather", schema::GatherOptionsT(), {table, indices}, {y});
    LowerHalves(g, kBF16Only);
    EXPECT_EQ(g.tensor(g.nodes[0].inputs[0]).type, result);
  }
}

TEST(HalvesTest, TheOtherTypeIsWidenedBesideANativeOne) {
  Product p(kF16, kF16);
  LowerHalves(p.g, kBF16Only);
  EXPECT_THAT(Types(p.g),
              ElementsAre("Cast f16 -> f32", "MatMul f32 f32 f32 -> f32", "Cast f32 -> f16"));
}

TEST(HalvesTest, ResidualsOfF32ResultsAreWidened) {
  Product p(kBF16, kBF16);
  p.g.tensor(p.y).type = kF32;
  const TensorId residual = Add(p.g, "residual", kBF16, {2, 4});
  p.g.inputs.push_back(residual);
  p.g.nodes[0].inputs.push_back(residual);
  LowerHalves(p.g, kBF16Only);
  EXPECT_THAT(Types(p.g), ElementsAre("Cast bf16 -> f32", "MatMul bf16 bf16 f32 f32 -> f32"));
}

TEST(HalvesTest, SubgraphsComputeInF32) {
  Product p(kBF16, kBF16);
  Graph body = p.g;
  p.g.subgraphs.push_back(body);
  p.g.subgraphs[0].subgraphs.push_back(body);
  LowerHalves(p.g, kNothing);
  for (const Graph* g : {&p.g.subgraphs[0], &p.g.subgraphs[0].subgraphs[0]}) {
    EXPECT_THAT(Types(*g), ElementsAre("MatMul f32 f32 f32 -> f32"));
  }
}

TEST(HalvesTest, NativeTypesFollowTheCpu) {
  CpuFeatures cpu;
  EXPECT_FALSE(NativeHalvesOf(cpu, false).Has(kBF16));
  cpu.avx512_bf16 = true;
  EXPECT_TRUE(NativeHalvesOf(cpu, false).Has(kBF16));
  EXPECT_FALSE(NativeHalvesOf(cpu, false).Has(kF16));
  cpu.avx512_fp16 = true;
  EXPECT_TRUE(NativeHalvesOf(cpu, false).Has(kF16));
  EXPECT_FALSE(NativeHalvesOf(cpu, true).Has(kBF16)) << "deterministic";
}

}  // namespace
}  // namespace octet

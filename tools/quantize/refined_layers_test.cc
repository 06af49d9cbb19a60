#include "tools/quantize/refined_layers.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "runtime/core/validate.h"
#include "tools/quantize/convert.h"
#include "tools/quantize/test_graph.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using testing::GraphBuilder;

constexpr Precision kFloat = Precision::kFloat;
constexpr Precision kInt8 = Precision::kInt8;
constexpr Precision kInt8ToFloat = Precision::kInt8ToFloat;

struct Net {
  GraphBuilder b;
  TensorId x = b.Input("x");
  TensorId first = b.Conv("first", x);
  TensorId second = b.Conv("second", first, {1, 2, 3, 4});

  Net() { b.graph.outputs = {second}; }
  Graph Convert(const std::vector<Precision>& precision, float largest_input) const {
    return ConvertToInt8(b.graph, precision, {{x, {0, largest_input}}, {first, {0, 2}}}, {})
        .value();
  }
};

const Node& NodeNamed(const Graph& graph, const std::string& name) {
  for (const Node& node : graph.nodes) {
    if (node.name == name) return node;
  }
  ADD_FAILURE() << name;
  return graph.nodes[0];
}

RefinedLayers Layers() {
  RefinedLayers layers;
  layers[0] = {{1, 2, 3, 4}, {0.5f, 0.25f}, {1, -2}};
  layers[1] = {{5, 6, 7, 8}, {0.125f, 1}, {0, 3}};
  return layers;
}

TEST(RefinedLayersTest, WhatIsPutIsTaken) {
  const Net net;
  Graph integer = net.Convert({kInt8, kInt8ToFloat}, 255.0f / 64);
  PutLayers(net.b.graph, Layers(), integer);
  EXPECT_TRUE(ValidateGraph(integer).ok()) << ValidateGraph(integer);
  const Node& first = NodeNamed(integer, "first");
  EXPECT_THAT(integer.tensor(first.input(1)).data.as<int8_t>(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(integer.tensor(first.input(1)).quant->scales, ElementsAre(0.5f, 0.25f));
  // An input scale of 1/64: biases are in units of 1/128 and 1/256.
  EXPECT_THAT(integer.tensor(first.input(2)).data.as<int32_t>(), ElementsAre(128, -512));
  const RefinedLayers taken = TakeLayers(net.b.graph, integer);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken.at(0), Layers().at(0));
  EXPECT_EQ(taken.at(1).weights, Layers().at(1).weights);
  EXPECT_NEAR(taken.at(1).bias[1], 3, 0.01);
}

TEST(RefinedLayersTest, AnotherInputScaleChangesTheBiasAlone) {
  const Net net;
  Graph integer = net.Convert({kInt8, kInt8ToFloat}, 255.0f / 32);
  PutLayers(net.b.graph, Layers(), integer);
  EXPECT_TRUE(ValidateGraph(integer).ok()) << ValidateGraph(integer);
  const Node& first = NodeNamed(integer, "first");
  EXPECT_THAT(integer.tensor(first.input(2)).data.as<int32_t>(), ElementsAre(64, -256));
}

TEST(RefinedLayersTest, DynamicLayersGetRealBiasesAndFloatOnesNothing) {
  const Net net;
  Graph integer = net.Convert({Precision::kDynamic, kFloat}, 1);
  PutLayers(net.b.graph, Layers(), integer);
  EXPECT_TRUE(ValidateGraph(integer).ok()) << ValidateGraph(integer);
  const Node& first = NodeNamed(integer, "first");
  EXPECT_THAT(integer.tensor(first.input(1)).data.as<int8_t>(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(integer.tensor(first.input(2)).type, DataType::kF32);
  EXPECT_THAT(integer.tensor(first.input(2)).data.as<float>(), ElementsAre(1, -2));
  const Node& second = NodeNamed(integer, "second");
  EXPECT_THAT(integer.tensor(second.input(1)).data.as<float>(), ElementsAre(1, 2, 3, 4));
}

}  // namespace
}  // namespace octet

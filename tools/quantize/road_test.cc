#include "tools/quantize/road.h"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>
#include <random>

#include "gtest/gtest.h"
#include "runtime/testing/small_network.h"
#include "tools/quantize/test_graph.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<SampleSource> SmallSamples(uint32_t seed) {
  return testing::SmallNetworkSamples(8, seed);
}

std::vector<std::string> Names(const RoadResult& result) {
  std::vector<std::string> names;
  for (const RoadStep& step : result.steps) names.push_back(step.name);
  return names;
}

RoadOptions Quick() {
  RoadOptions options;
  options.latency_seconds = 0.01;
  return options;
}

// Small first channel, but large weights for it: eight bits serve neither the input nor the weights
// of the first product, and nothing comes before it that could make up for that.
Graph WithBadLayer() {
  testing::GraphBuilder b;
  TensorId x = b.Input("x");
  x = b.Conv("bad", x, {100, 0.3f, -100, 0.4f});
  x = b.Conv("good", x, {0.7f, -0.6f, 0.2f, 0.9f});
  x = b.Conv("fine", x, {0.5f, 0.8f, -0.9f, 0.3f});
  b.graph.outputs = {x};
  return b.graph;
}

std::unique_ptr<SampleSource> BadLayerSamples() {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values;
  for (int sample = 0; sample < 8; ++sample) {
    for (int i = 0; i < 16; ++i) values.push_back(0.01f * uniform(random));
    for (int i = 0; i < 16; ++i) values.push_back(uniform(random));
  }
  return testing::Samples({2, 4, 4}, values);
}

TEST(RoadTest, WithoutABudgetEverythingIsTried) {
  RoadOptions options = Quick();
  std::vector<std::string> announced;
  options.on_step = [&](const RoadStep& step) { announced.push_back(step.name); };
  const RoadResult result =
      WalkRoad(testing::SmallFloatNetwork(1), *SmallSamples(1), *SmallSamples(50), options).value();
  EXPECT_TRUE(result.met);
  EXPECT_EQ(announced, Names(result));
  EXPECT_THAT(announced, Contains("float"));
  EXPECT_THAT(announced, Contains("dynamic"));
  for (const std::string& name : CalibratorNames()) {
    EXPECT_THAT(announced, Contains("static, " + name));
  }
  EXPECT_THAT(announced.back(), HasSubstr("refined"));
  EXPECT_TRUE(result.sensitivity.empty());
  ASSERT_GT(result.chosen, 0u);
  double best = 0;
  for (size_t i = 1; i < result.steps.size(); ++i) {
    EXPECT_GT(*result.steps[i].accuracy.sqnr_db, 10) << result.steps[i].name;
    EXPECT_LT(result.steps[i].weights_bytes, result.steps[0].weights_bytes);
    if (result.steps[i].latency_ms) best = std::max(best, *result.steps[i].accuracy.sqnr_db);
  }
  EXPECT_GE(*result.steps[result.chosen].accuracy.sqnr_db, best - options.near_best_db);
  EXPECT_NE(result.graph.quantization, nullptr);
  EXPECT_FALSE(result.profile.empty());
}

TEST(RoadTest, LeavesTheBadLayerInFloat) {
  RoadOptions options = Quick();
  options.budget.min_sqnr_db = 25;
  const auto samples = BadLayerSamples();
  const RoadResult result = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  ASSERT_EQ(result.sensitivity.size(), 3u);
  EXPECT_EQ(MostSensitiveFirst(result.sensitivity)[0], 0);
  EXPECT_TRUE(result.met);
  EXPECT_THAT(result.wide, ElementsAre("bad"));
  EXPECT_EQ(result.steps[result.chosen].name, "mixed, 1 in float");
  EXPECT_GE(*result.steps[result.chosen].accuracy.sqnr_db, 25);
  for (size_t i = 1; i < result.chosen; ++i) {
    EXPECT_LT(*result.steps[i].accuracy.sqnr_db, 25) << result.steps[i].name;
  }
  for (const Node& node : result.graph.nodes) {
    if (node.name != "bad") continue;
    EXPECT_EQ(result.graph.tensor(node.input(1)).type, DataType::kF32);
  }
}

TEST(RoadTest, ABudgetThatCannotBeMetIsMissed) {
  RoadOptions options = Quick();
  options.budget.min_sqnr_db = 200;
  const auto samples = BadLayerSamples();
  const RoadResult result = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_FALSE(result.met);
  EXPECT_THAT(Names(result), Contains("mixed, 2 in float"));
  EXPECT_THAT(result.steps[result.chosen].missed, Contains(HasSubstr("< 200")));
}

TEST(RoadTest, MeasuresSensitivityWhereverTheRoadEnds) {
  RoadOptions options = Quick();
  options.always_measure_sensitivity = true;
  options.budget.min_sqnr_db = 1;
  options.least_gain = -1000;  // the first attempt will do
  const auto samples = BadLayerSamples();
  const RoadResult result = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_THAT(Names(result), ElementsAre("float", "dynamic"));
  EXPECT_EQ(result.sensitivity.size(), 3u);
}

TEST(RoadTest, StopsWhenTimeIsUp) {
  RoadOptions options = Quick();
  options.time_limit_seconds = 1e-9;
  const auto samples = SmallSamples(1);
  const RoadResult result =
      WalkRoad(testing::SmallFloatNetwork(1), *samples, *samples, options).value();
  EXPECT_TRUE(result.out_of_time);
  EXPECT_THAT(Names(result), ElementsAre("float", "dynamic"));
  EXPECT_EQ(result.chosen, 1u);
}

TEST(RoadTest, ADropOfTop1NeedsClasses) {
  RoadOptions options = Quick();
  options.budget.max_drop = 0.01;
  const auto samples = SmallSamples(1);
  const auto result = WalkRoad(testing::SmallFloatNetwork(1), *samples, *samples, options);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("classes"));
}

TEST(RoadTest, AModelWithoutProductsCannotBeQuantized) {
  testing::GraphBuilder b;
  const TensorId x = b.Input("x");
  b.graph.outputs = {b.Softmax("y", x)};
  const auto samples = BadLayerSamples();
  const auto result = WalkRoad(b.graph, *samples, *samples, Quick());
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("no operator"));
}

TEST(SensitivityTest, WhatIsNotANumberComesFirst) {
  EXPECT_THAT(MostSensitiveFirst({{0, "a", 30}, {1, "b", std::nan("")}, {2, "c", 20}}),
              ElementsAre(1, 2, 0));
}

}  // namespace
}  // namespace octet

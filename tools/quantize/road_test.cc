#include "tools/quantize/road.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "runtime/testing/small_network.h"
#include "tools/quantize/pair_sums.h"
#include "tools/quantize/test_graph.h"
#include "tools/quantize/test_road.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::ExpectEqual;
using testing::FreshFile;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Names;
using testing::Quick;
using ::testing::StartsWith;

std::unique_ptr<SampleSource> SmallSamples(uint32_t seed) {
  return testing::SmallNetworkSamples(8, seed);
}

// Milliseconds that depend on the models alone: the float model, which is the first one, takes 10,
// all others as much less as they are smaller.
absl::StatusOr<std::vector<double>> LatenciesBySize(absl::Span<const Model* const> models, double) {
  std::vector<double> ms;
  for (const Model* model : models) {
    ms.push_back(10.0 * static_cast<double>(model->weights_bytes()) /
                 static_cast<double>(models[0]->weights_bytes()));
  }
  return ms;
}

// Microseconds that depend on how an operator computes alone.
absl::StatusOr<std::vector<OperatorTime>> TimesByPrecision(const Model& model) {
  std::vector<OperatorTime> times;
  const auto session = model.NewSession({model.inputs()[0].shape}).value();
  for (const StepInfo& step : session->steps()) {
    const double us = step.accumulated.empty()                            ? 0.1
                      : step.computed == "f32" || step.computed == "bf16" ? 10
                      : step.computed == "u8 x s8"                        ? 3
                                                                          : 5;
    times.push_back({step, us});
  }
  return times;
}

// Without precisions of 16 bits, whatever this CPU has.
RoadOptions QuickIn8Bits() {
  RoadOptions options = Quick();
  options.mix = std::vector<Precision>{Precision::kDynamic};
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
  options.latencies = LatenciesBySize;
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
  RoadOptions options = QuickIn8Bits();
  options.budget.min_sqnr_db = 25;
  const auto samples = BadLayerSamples();
  const RoadResult result = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  ASSERT_EQ(result.sensitivity.size(), 6u);  // of three products, static and dynamic
  EXPECT_EQ(MostSensitiveFirst(result.sensitivity)[0], 0);
  EXPECT_TRUE(result.met);
  EXPECT_THAT(OperatorsWith(Precision::kFloat, result.exceptions), ElementsAre("bad"));
  EXPECT_THAT(result.steps[result.chosen].name, StartsWith("mixed, 1 in float"));
  EXPECT_THAT(result.graph.quantization->method, HasSubstr("\noperator bad: float"));
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
  RoadOptions options = QuickIn8Bits();
  options.budget.min_sqnr_db = 200;
  const auto samples = BadLayerSamples();
  const RoadResult result = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_FALSE(result.met);
  EXPECT_THAT(Names(result), Contains(StartsWith("mixed, 2 in float")));
  EXPECT_THAT(result.steps[result.chosen].missed, Contains(HasSubstr("< 200")));
}

// Weights that bf16 serves, and no integers of 8 bits do, whatever their activations.
TEST(RoadTest, GivesTheBadLayerRealNumbersOf16Bits) {
  RoadOptions options = QuickIn8Bits();
  options.mix->push_back(Precision::kBF16);
  options.latencies = LatenciesBySize;
  options.profile = TimesByPrecision;
  options.budget.min_sqnr_db = 25;
  const auto samples = BadLayerSamples();
  const RoadResult result = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_TRUE(result.met);
  EXPECT_THAT(OperatorsWith(Precision::kBF16, result.exceptions), ElementsAre("bad"));
  EXPECT_THAT(OperatorsWith(Precision::kFloat, result.exceptions), IsEmpty());
  EXPECT_THAT(result.report.bf16_operators, ElementsAre("bad"));
  EXPECT_THAT(result.steps[result.chosen].name, StartsWith("mixed, 1 in bf16"));
  EXPECT_THAT(result.steps[result.chosen].remark, HasSubstr("in bf16: bad"));
  EXPECT_THAT(result.graph.quantization->method, HasSubstr("\noperator bad: bf16"));
}

// The difference of two channels that are large and nearly equal, which neither 8 bits nor bf16
// tell from each other; 16 bits do.
Graph WithDifference() {
  testing::GraphBuilder b;
  TensorId x = b.Input("x");
  x = b.Conv("difference", x, {1, -1, -1, 1});
  x = b.Conv("good", x, {0.7f, -0.6f, 0.2f, 0.9f});
  x = b.Conv("fine", x, {0.5f, 0.8f, -0.9f, 0.3f});
  b.graph.outputs = {x};
  return b.graph;
}

std::unique_ptr<SampleSource> DifferenceSamples() {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values;
  for (int sample = 0; sample < 8; ++sample) {
    std::vector<float> second;
    for (int i = 0; i < 16; ++i) {
      values.push_back(100 * uniform(random));
      second.push_back(values.back() + uniform(random));
    }
    values.insert(values.end(), second.begin(), second.end());
  }
  return testing::Samples({2, 4, 4}, values);
}

TEST(RoadTest, GivesActivationsThatNeedThem16Bits) {
  RoadOptions options = Quick();
  options.latencies = LatenciesBySize;
  options.profile = TimesByPrecision;
  options.budget.min_sqnr_db = 25;
  const auto samples = DifferenceSamples();
  const RoadResult result = WalkRoad(WithDifference(), *samples, *samples, options).value();
  EXPECT_TRUE(result.met);
  EXPECT_EQ(MostSensitiveFirst(result.sensitivity)[0], 0);
  EXPECT_GE(result.sensitivity.size(), 9u);  // of three products: static, int16 and dynamic
  EXPECT_THAT(OperatorsWith(Precision::kInt16, result.exceptions), ElementsAre("difference"));
  EXPECT_THAT(OperatorsWith(Precision::kFloat, result.exceptions), IsEmpty());
  EXPECT_THAT(result.report.int16_operators, ElementsAre("difference"));
  EXPECT_THAT(result.steps[result.chosen].name, StartsWith("mixed, 1 in int16"));
  EXPECT_THAT(result.graph.quantization->method, HasSubstr("\noperator difference: int16"));
  // Without that, it takes float.
  options.mix = std::vector<Precision>{Precision::kDynamic};
  const RoadResult old = WalkRoad(WithDifference(), *samples, *samples, options).value();
  EXPECT_THAT(OperatorsWith(Precision::kFloat, old.exceptions), ElementsAre("difference"));
}

// What types that meet cost is seen in whole models alone.
TEST(RoadTest, TakesFloatWhere16BitsAreSlowerAfterAll) {
  RoadOptions options = Quick();
  options.mix = std::vector<Precision>{Precision::kDynamic, Precision::kInt16};
  options.profile = TimesByPrecision;
  options.budget.min_sqnr_db = 25;
  options.latencies = [](absl::Span<const Model* const> models,
                         double) -> absl::StatusOr<std::vector<double>> {
    std::vector<double> ms;
    for (const Model* model : models) {
      int in_16_bits = 0, in_float = 0;
      const std::vector<OperatorTime> steps = TimesByPrecision(*model).value();
      for (const OperatorTime& time : steps) {
        in_16_bits += time.step.computed == "s16 x s8";
        in_float += time.step.computed == "f32" && !time.step.accumulated.empty();
      }
      // All of it in 16 bits is fast, one such operator among others is not.
      ms.push_back(in_16_bits == 1 ? 9 : in_float == 3 ? 10 : 5);
    }
    return ms;
  };
  const auto samples = DifferenceSamples();
  const RoadResult result = WalkRoad(WithDifference(), *samples, *samples, options).value();
  EXPECT_TRUE(result.met);
  EXPECT_THAT(Names(result), Contains(StartsWith("mixed, 1 in int16")));
  EXPECT_THAT(OperatorsWith(Precision::kFloat, result.exceptions), ElementsAre("difference"));
  EXPECT_THAT(OperatorsWith(Precision::kInt16, result.exceptions), IsEmpty());
}

TEST(RoadTest, MeasuresSensitivityWhereverTheRoadEnds) {
  RoadOptions options = QuickIn8Bits();
  options.always_measure_sensitivity = true;
  options.budget.min_sqnr_db = 1;
  options.least_gain = -1000;  // the first attempt will do
  const auto samples = BadLayerSamples();
  const RoadResult result = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_THAT(Names(result), ElementsAre("float", "dynamic"));
  EXPECT_EQ(result.sensitivity.size(), 6u);
}

TEST(RoadTest, OnlyProductsAreGivenPrecisions) {
  RoadOptions options = Quick();
  options.mix = std::vector<Precision>{Precision::kInt16, Precision::kBF16, Precision::kF16};
  options.always_measure_sensitivity = true;
  options.budget.min_sqnr_db = 1;
  options.least_gain = -1000;  // the first attempt will do
  const auto samples = SmallSamples(1);
  const RoadResult result =
      WalkRoad(testing::SmallFloatNetwork(1), *samples, *samples, options).value();
  std::map<std::string, std::set<Precision>> measured;
  for (const LayerSensitivity& s : result.sensitivity) measured[s.op].insert(s.precision);
  ASSERT_EQ(measured.size(), 5u);
  for (const auto& [op, precisions] : measured) {
    EXPECT_THAT(precisions,
                ElementsAre(Precision::kInt8, Precision::kInt16, Precision::kBF16, Precision::kF16))
        << op;
  }
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

// Without a budget, too, where everything in 8 bits is far from the float model.
TEST(RoadTest, TriesMixturesWhereNothingReachesTheGoal) {
  RoadOptions options = QuickIn8Bits();
  options.latencies = LatenciesBySize;
  const auto samples = BadLayerSamples();
  const RoadResult result = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_TRUE(result.met);
  EXPECT_THAT(result.steps[result.chosen].name, StartsWith("mixed, 1 in float"));
  EXPECT_GE(*result.steps[result.chosen].accuracy.sqnr_db, options.goal_db);
  EXPECT_THAT(OperatorsWith(Precision::kFloat, result.exceptions), ElementsAre("bad"));
  // Nor are they tried where the goal is low enough.
  options.goal_db = 0;
  const RoadResult low = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_THAT(low.exceptions, IsEmpty());
  EXPECT_THAT(low.steps.back().name, StartsWith("refined"));
}

TEST(RoadTest, OverridesHoldInMixtures) {
  RoadOptions options = Quick();
  options.latencies = LatenciesBySize;
  options.budget.min_sqnr_db = 25;
  options.quantizer.overrides =
      ParseOverrides("operator bad: float\noperator good: int8\n", "o.txt").value();
  const auto samples = BadLayerSamples();
  const RoadResult result = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_TRUE(result.met);
  EXPECT_THAT(result.report.float_operators, ElementsAre("bad"));
  options.budget.min_sqnr_db = 200;
  const RoadResult missed = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_FALSE(missed.met);
  for (const LayerSensitivity& s : missed.sensitivity) EXPECT_EQ(s.op, "fine");
}

// Fails after some samples, as if the program was stopped there.
class InterruptedSamples final : public SampleSource {
 public:
  InterruptedSamples(const SampleSource& source, int64_t loads) : source_(source), left_(loads) {}
  int64_t size() const override { return source_.size(); }
  absl::StatusOr<Sample> Load(int64_t index) const override {
    if (left_-- <= 0) return absl::CancelledError("interrupted");
    return source_.Load(index);
  }

 private:
  const SampleSource& source_;
  mutable std::atomic<int64_t> left_;
};

TEST(RoadTest, AnInterruptedSearchGoesOnWhereItWas) {
  for (auto weights : {WeightGranularity::kPerChannel, WeightGranularity::kPerTensor}) {
    RoadOptions options = Quick();
    options.latencies = LatenciesBySize;
    options.profile = TimesByPrecision;
    options.budget.min_sqnr_db = 25;
    options.quantizer.weights = weights;
    const auto samples = BadLayerSamples();
    const RoadResult whole = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
    EXPECT_THAT(whole.steps.back().name, StartsWith("mixed"));
    EXPECT_EQ(whole.resumed, 0);
    options.resume = FreshFile("search");
    int interruptions = 0;
    // Each time the search is stopped a little later, at any place.
    for (int64_t loads = 9;; loads += 7) {
      const InterruptedSamples some(*samples, loads);
      const auto result = WalkRoad(WithBadLayer(), some, some, options);
      if (!result.ok()) {
        EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled) << result.status();
        ASSERT_LT(++interruptions, 60);
        continue;
      }
      EXPECT_GT(result->resumed, 3);
      ExpectEqual(*result, whole);
      break;
    }
    EXPECT_GT(interruptions, 3);
    // What is finished needs no data but for their hash and for the sizes of the first sample.
    std::vector<std::string> announced;
    options.on_step = [&](const RoadStep& step) { announced.push_back(step.name); };
    const InterruptedSamples few(*samples, samples->size() + 60);
    const auto again = WalkRoad(WithBadLayer(), few, few, options);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_GT(again->resumed, 10);
    EXPECT_EQ(announced, Names(whole));
    ExpectEqual(*again, whole);
  }
}

TEST(RoadTest, ATimeLimitCanBeExtended) {
  RoadOptions options = Quick();
  options.latencies = LatenciesBySize;
  options.profile = TimesByPrecision;
  options.budget.min_sqnr_db = 25;
  const auto samples = BadLayerSamples();
  const RoadResult whole = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  options.resume = FreshFile("limited_search");
  options.time_limit_seconds = 1e-9;
  const RoadResult early = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_TRUE(early.out_of_time);
  EXPECT_FALSE(early.met);
  options.time_limit_seconds = absl::nullopt;
  const RoadResult late = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_GT(late.resumed, 0);
  ExpectEqual(late, whole);
}

TEST(RoadTest, ASearchIsNotResumedWithOtherDataModelOrOptions) {
  RoadOptions options = Quick();
  options.resume = FreshFile("mine");
  options.budget.min_sqnr_db = 1;
  options.least_gain = -1000;
  const auto samples = BadLayerSamples();
  ASSERT_TRUE(WalkRoad(WithBadLayer(), *samples, *samples, options).ok());
  const auto message = [&](const Graph& graph, const SampleSource& data, const RoadOptions& other) {
    return std::string(WalkRoad(graph, data, data, other).status().message());
  };
  Graph graph = WithBadLayer();
  graph.nodes[0].name = "another";
  EXPECT_THAT(message(graph, *samples, options), HasSubstr("other model"));
  const FirstSamples fewer(*samples, 7);
  EXPECT_THAT(message(WithBadLayer(), fewer, options), HasSubstr("other data"));
  RoadOptions other = options;
  other.quantizer.target = Target::kAvx2;
  EXPECT_THAT(message(WithBadLayer(), *samples, other), HasSubstr("other options"));
  other = options;
  other.mix = std::vector<Precision>{Precision::kDynamic};
  EXPECT_THAT(message(WithBadLayer(), *samples, other), HasSubstr("other options"));
  other = options;
  other.quantizer.overrides = ParseOverrides("operator good: float", "o.txt").value();
  EXPECT_THAT(message(WithBadLayer(), *samples, other), HasSubstr("other options"));
  options.budget.min_sqnr_db = 2;  // which changes nothing that was measured
  EXPECT_EQ(message(WithBadLayer(), *samples, options), "");
}

TEST(RoadTest, TheTargetHoldsForRefinedModelsToo) {
  RoadOptions options = Quick();
  options.latencies = LatenciesBySize;
  options.quantizer.target = Target::kAvx2;
  const auto samples = SmallSamples(1);
  const RoadResult result =
      WalkRoad(testing::SmallFloatNetwork(1), *samples, *samples, options).value();
  for (const RoadStep& step : result.steps) {
    EXPECT_GT(step.accuracy.sqnr_db.value_or(100), 10) << step.name;
  }
  EXPECT_THAT(result.report.at_risk, IsEmpty());
  EXPECT_THAT(NamesOfLayersAtRisk(result.graph), IsEmpty());
}

TEST(SensitivityTest, WhatIsNotANumberComesFirst) {
  constexpr Precision kInt8 = Precision::kInt8;
  EXPECT_THAT(
      MostSensitiveFirst({{0, "a", 30, kInt8}, {1, "b", std::nan(""), kInt8}, {2, "c", 20, kInt8}}),
      ElementsAre(1, 2, 0));
  // What an operator costs is what it costs in its best precision.
  EXPECT_THAT(MostSensitiveFirst(
                  {{0, "a", 10, kInt8}, {0, "a", 30, Precision::kDynamic}, {2, "c", 20, kInt8}}),
              ElementsAre(2, 0));
  // Of 8 bits: those of 16 are no way to be faster.
  EXPECT_THAT(MostSensitiveFirst(
                  {{0, "a", 10, kInt8}, {0, "a", 50, Precision::kInt16}, {2, "c", 20, kInt8}}),
              ElementsAre(0, 2));
}

}  // namespace
}  // namespace octet

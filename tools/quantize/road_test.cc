#include "tools/quantize/road.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "runtime/testing/small_network.h"
#include "tools/quantize/pair_sums.h"
#include "tools/quantize/test_graph.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

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
  RoadOptions options = Quick();
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
  RoadOptions options = Quick();
  options.budget.min_sqnr_db = 200;
  const auto samples = BadLayerSamples();
  const RoadResult result = WalkRoad(WithBadLayer(), *samples, *samples, options).value();
  EXPECT_FALSE(result.met);
  EXPECT_THAT(Names(result), Contains(StartsWith("mixed, 2 in float")));
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
  EXPECT_EQ(result.sensitivity.size(), 6u);
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
  RoadOptions options = Quick();
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

std::string FreshFile(const std::string& name) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::remove(path.c_str());
  return path;
}

void ExpectEqual(const RoadResult& a, const RoadResult& b) {
  EXPECT_EQ(Names(a), Names(b));
  EXPECT_EQ(a.chosen, b.chosen);
  EXPECT_EQ(a.exceptions, b.exceptions);
  ASSERT_EQ(a.steps.size(), b.steps.size());
  for (size_t i = 0; i < a.steps.size(); ++i) {
    EXPECT_EQ(a.steps[i].accuracy.sqnr_db, b.steps[i].accuracy.sqnr_db) << a.steps[i].name;
    EXPECT_EQ(a.steps[i].weights_bytes, b.steps[i].weights_bytes) << a.steps[i].name;
  }
  ASSERT_EQ(a.graph.tensors.size(), b.graph.tensors.size());
  for (size_t i = 0; i < a.graph.tensors.size(); ++i) {
    const Tensor &left = a.graph.tensors[i], &right = b.graph.tensors[i];
    EXPECT_EQ(left.name, right.name);
    EXPECT_EQ(left.quant, right.quant) << left.name;
    EXPECT_EQ(left.data.as<uint8_t>(), right.data.as<uint8_t>()) << left.name;
  }
  EXPECT_EQ(a.statistics.tensors, b.statistics.tensors);
  EXPECT_EQ(a.report.int8_operators, b.report.int8_operators);
}

TEST(RoadTest, AnInterruptedSearchGoesOnWhereItWas) {
  for (auto weights : {WeightGranularity::kPerChannel, WeightGranularity::kPerTensor}) {
    RoadOptions options = Quick();
    options.latencies = LatenciesBySize;
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

// Products that are calibrated with far larger values than they are judged on, so that static
// models are bad until a trainer finds the right ranges.
class TrainingOnTheRoad : public ::testing::Test {
 protected:
  TrainingOnTheRoad() {
    testing::GraphBuilder b;
    TensorId x = b.Input("x", {1, 4});
    x = b.Product("a", x, testing::NormalValues(16, 1));
    x = b.Product("b", x, testing::NormalValues(16, 2));
    b.graph.outputs = {x};
    graph_ = b.graph;
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> values(32);
    for (float& v : values) v = uniform(random);
    samples_ = testing::Samples({4}, values);
    for (float& v : values) v *= 100;
    calibration_ = testing::Samples({4}, values);
    options_ = Quick();
    options_.budget.min_sqnr_db = 25;
    // The second model that is timed, the dynamic one, is not faster than float.
    options_.latencies = [this](absl::Span<const Model* const> models, double) {
      std::vector<double> ms(models.size(), ++timed_ == 2 ? 10.0 : 5.0);
      ms[0] = 10;
      return ms;
    };
    options_.training = "--finetune\n--epochs 3";
    options_.train = [this](const TrainingTask& task) -> absl::StatusOr<TrainingOutcome> {
      ++trained_;
      TrainingOutcome outcome{task.integer, 3, 2, true};
      for (Tensor& t : outcome.graph.tensors) {
        if (!finds_ranges_ || !t.quant || t.is_constant()) continue;
        t.quant = QuantParams{{10.0f / 255}, {128}, -1};  // [-5, 5]
      }
      return outcome;
    };
  }

  absl::StatusOr<RoadResult> Walk() {
    timed_ = 0;
    return WalkRoad(graph_, *calibration_, *samples_, options_);
  }

  Graph graph_;
  std::unique_ptr<SampleSource> samples_, calibration_;
  RoadOptions options_;
  int timed_ = 0, trained_ = 0;
  bool finds_ranges_ = true;
};

TEST_F(TrainingOnTheRoad, MeetsABudgetThatIsMissedOtherwise) {
  const RoadResult result = Walk().value();
  EXPECT_TRUE(result.met);
  EXPECT_EQ(trained_, 1);
  const RoadStep& step = result.steps[result.chosen];
  EXPECT_THAT(step.name, StartsWith("trained, "));
  EXPECT_THAT(step.remark, HasSubstr("the best of 3 epochs was 2"));
  EXPECT_GE(*step.accuracy.sqnr_db, 25);
  EXPECT_EQ(testing::Decibels(result.graph, graph_, *samples_), *step.accuracy.sqnr_db);
  EXPECT_EQ(Names(result).back(), step.name);  // nor is a mixture tried
  EXPECT_THAT(result.graph.quantization->method, HasSubstr("\n--finetune\n--epochs 3"));
  EXPECT_THAT(result.exceptions, IsEmpty());
}

TEST_F(TrainingOnTheRoad, IsNotDoneWhereTheBudgetIsMetBefore) {
  options_.budget.min_sqnr_db = 1;
  EXPECT_TRUE(Walk().value().met);
  EXPECT_EQ(trained_, 0);
}

TEST_F(TrainingOnTheRoad, IsAlwaysDoneWithoutABudget) {
  options_.budget = Budget();
  EXPECT_THAT(Names(Walk().value()), Contains(StartsWith("trained, ")));
  EXPECT_EQ(trained_, 1);
}

TEST_F(TrainingOnTheRoad, MixturesFollowWhereItDoesNotHelp) {
  finds_ranges_ = false;
  const RoadResult result = Walk().value();
  EXPECT_EQ(trained_, 1);
  EXPECT_THAT(Names(result), Contains(StartsWith("trained, ")));
  EXPECT_THAT(Names(result).back(), StartsWith("mixed, "));
  EXPECT_THAT(result.graph.quantization->method, ::testing::Not(HasSubstr("--finetune")));
}

TEST_F(TrainingOnTheRoad, NetworksThatCannotBeTrainedGoOnToMixtures) {
  options_.train = [](const TrainingTask&) -> absl::StatusOr<TrainingOutcome> {
    return absl::UnimplementedError("operators that cannot be trained: 'a'");
  };
  const RoadResult result = Walk().value();
  EXPECT_THAT(Names(result).back(), StartsWith("mixed, "));
  std::string remarks;
  for (const RoadStep& step : result.steps) remarks += step.remark;
  EXPECT_THAT(remarks, HasSubstr("not trained: operators that cannot be trained: 'a'"));
  options_.train = [](const TrainingTask&) -> absl::StatusOr<TrainingOutcome> {
    return absl::InvalidArgumentError("no longer finite");
  };
  EXPECT_THAT(std::string(Walk().status().message()), HasSubstr("no longer finite"));
}

TEST_F(TrainingOnTheRoad, IsKeptInTheJournal) {
  options_.resume = FreshFile("trained_search");
  std::vector<std::pair<std::string, bool>> checkpoints;
  const Trainer train = options_.train;
  // Stopped before, by another error than those of the network.
  options_.train = [&](const TrainingTask& task) -> absl::StatusOr<TrainingOutcome> {
    checkpoints.emplace_back(task.checkpoint, task.resume);
    EXPECT_TRUE(std::ofstream(task.checkpoint).put('x').flush().good());
    return absl::CancelledError("interrupted");
  };
  EXPECT_EQ(Walk().status().code(), absl::StatusCode::kCancelled);
  options_.train = [&](const TrainingTask& task) {
    checkpoints.emplace_back(task.checkpoint, task.resume);
    return train(task);
  };
  const RoadResult first = Walk().value();
  const std::string checkpoint = options_.resume + ".training.npz";
  EXPECT_THAT(checkpoints, ElementsAre(std::pair(checkpoint, false), std::pair(checkpoint, true)));
  EXPECT_FALSE(std::ifstream(checkpoint).good());  // it is of no use any more
  const RoadResult again = Walk().value();
  EXPECT_EQ(trained_, 1);
  ExpectEqual(again, first);
  EXPECT_EQ(again.graph.quantization->method, first.graph.quantization->method);
  options_.training = "--finetune\n--epochs 4";
  EXPECT_TRUE(Walk().value().met);
  EXPECT_EQ(trained_, 2);
  EXPECT_EQ(checkpoints.back(), std::pair(checkpoint, false));
}

TEST_F(TrainingOnTheRoad, EndsWithTheTimeLimit) {
  finds_ranges_ = false;
  options_.time_limit_seconds = 1;
  const Trainer train = options_.train;
  options_.train = [&](const TrainingTask& task) {
    while (!task.stop()) absl::SleepFor(absl::Milliseconds(1));
    return train(task);
  };
  const RoadResult result = Walk().value();
  EXPECT_TRUE(result.out_of_time);
  EXPECT_THAT(Names(result), ::testing::Not(Contains(StartsWith("mixed"))));
  options_.time_limit_seconds = absl::nullopt;
  options_.train = [&](const TrainingTask& task) {
    EXPECT_FALSE(task.stop());
    return train(task);
  };
  EXPECT_FALSE(Walk().value().out_of_time);
}

// What was found until then counts, but is not kept as if it was all.
TEST_F(TrainingOnTheRoad, WhatWasStoppedGoesOnLater) {
  options_.resume = FreshFile("stopped_search");
  const Trainer train = options_.train;
  options_.train = [&](const TrainingTask& task) {
    absl::StatusOr<TrainingOutcome> outcome = train(task);
    outcome->complete = false;
    outcome->epochs = 1;
    return outcome;
  };
  const RoadResult stopped = Walk().value();
  EXPECT_TRUE(stopped.met);
  EXPECT_THAT(stopped.steps[stopped.chosen].remark, HasSubstr("the best of 1 epochs"));
  options_.train = train;
  const RoadResult whole = Walk().value();
  EXPECT_EQ(trained_, 2);
  EXPECT_THAT(whole.steps[whole.chosen].remark, HasSubstr("the best of 3 epochs"));
  // Nothing was made of an epoch yet.
  options_.training = "--finetune\n--epochs 5";
  options_.train = [&](const TrainingTask& task) -> absl::StatusOr<TrainingOutcome> {
    return TrainingOutcome{task.integer, 0, 0, false};
  };
  EXPECT_THAT(Names(Walk().value()), ::testing::Not(Contains(StartsWith("trained"))));
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
}

}  // namespace
}  // namespace octet

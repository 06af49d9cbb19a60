// Training as a step of the road, with trainers that only pretend to train.

#include <gmock/gmock.h>

#include <fstream>
#include <memory>
#include <random>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tools/quantize/road.h"
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

}  // namespace
}  // namespace octet

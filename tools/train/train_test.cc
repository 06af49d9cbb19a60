#include "tools/train/train.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "runtime/testing/small_network.h"
#include "tools/data/file.h"
#include "tools/evaluate/compare.h"
#include "tools/quantize/quantize.h"
#include "tools/train/checkpoint.h"
#include "tools/train/finetune.h"

namespace octet {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kSamples = 24;

std::unique_ptr<SampleSource> SmallSamples() {
  absl::StatusOr<std::unique_ptr<SampleSource>> source = SamplesFrom(
      kSamples,
      [](int64_t i) -> absl::StatusOr<Sample> {
        return Sample{ArrayOf<float>(DataType::kF32, {3, 17, 19},
                                     testing::SmallNetworkInput(1, static_cast<uint32_t>(i)))};
      },
      {{{"x", DataType::kF32, {-1, 3, 17, 19}, {}, {}}}, {}, {}});
  EXPECT_TRUE(source.ok()) << source.status();
  return *std::move(source);
}

// Gives up in the third epoch.
class Failing final : public TrainingData {
 public:
  explicit Failing(const TrainingData& data) : data_(data) {}
  int64_t size() const override { return data_.size(); }
  absl::StatusOr<Sample> Load(int64_t index, uint64_t draw) const override {
    if (left_-- <= 0) return absl::UnavailableError("interrupted");
    return data_.Load(index, draw);
  }
  int ClassOf(int64_t index) const override { return data_.ClassOf(index); }
  std::string NameOf(int64_t index) const override { return data_.NameOf(index); }

 private:
  const TrainingData& data_;
  mutable std::atomic<int64_t> left_{2 * kSamples + 3};
};

class TrainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    QuantizerOptions options;
    options.weights = WeightGranularity::kPerTensor;
    absl::StatusOr<Graph> integer = QuantizeGraph(real_, *samples_, options, nullptr);
    ASSERT_TRUE(integer.ok()) << integer.status();
    integer_ = *std::move(integer);
    options_.network.weight_bits = 4;
    options_.train.epochs = 3;
    options_.train.batch = 8;
    options_.train.rate = 2e-3;
    options_.train.on_epoch = [this](const EpochReport& report) { reports_.push_back(report); };
  }

  absl::StatusOr<TrainResult> Run() {
    reports_.clear();
    const std::unique_ptr<TrainingData> data = PlainTrainingData(*samples_);
    return Finetune(integer_, &real_, *data, *samples_, options_);
  }

  // All numbers of a graph.
  static std::vector<uint8_t> Bytes(const Graph& graph) {
    std::vector<uint8_t> bytes;
    for (const Tensor& t : graph.tensors) {
      bytes.insert(bytes.end(), t.data.data(), t.data.data() + t.data.size());
      if (!t.quant) continue;
      const auto* scales = reinterpret_cast<const uint8_t*>(t.quant->scales.data());
      bytes.insert(bytes.end(), scales, scales + t.quant->scales.size() * sizeof(float));
    }
    return bytes;
  }

  const std::unique_ptr<SampleSource> samples_ = SmallSamples();
  const Graph real_ = testing::SmallFloatNetwork(3);
  Graph integer_;
  FinetuneOptions options_;
  std::vector<EpochReport> reports_;
};

TEST_F(TrainTest, ComesCloserToTheFloatModel) {
  options_.train.epochs = 10;
  const absl::StatusOr<TrainResult> result = Run();
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(reports_.size(), 11u);
  EXPECT_GT(*result->after.sqnr_db, *result->before.sqnr_db + 3);
  EXPECT_LT(reports_.back().loss, 0.5 * reports_[1].loss);
  EXPECT_GT(result->best_epoch, 0);
}

TEST_F(TrainTest, HintsTeachWithinTheNetwork) {
  const auto decibels = [&](const Graph& graph, const std::string& tensor) {
    const absl::StatusOr<std::vector<TensorDifference>> differences =
        CompareTensors(real_, graph, *samples_, CompareOptions());
    EXPECT_TRUE(differences.ok()) << differences.status();
    for (const TensorDifference& d : *differences) {
      if (d.tensor == tensor) return d.sqnr_db;
    }
    ADD_FAILURE() << tensor;
    return 0.0;
  };
  options_.train.epochs = 10;
  const absl::StatusOr<TrainResult> without = Run();
  ASSERT_TRUE(without.ok()) << without.status();
  options_.train.loss.hints = 4;
  const absl::StatusOr<TrainResult> with = Run();
  ASSERT_TRUE(with.ok()) << with.status();
  EXPECT_EQ(with->graph.outputs, integer_.outputs);
  EXPECT_GT(with->best_epoch, 0);
  EXPECT_GT(decibels(with->graph, "grouped"), decibels(without->graph, "grouped") + 0.5);
  EXPECT_GT(decibels(with->graph, "mean"), decibels(without->graph, "mean") + 2);
}

TEST_F(TrainTest, SameBitsForAnyNumberOfThreads) {
  std::vector<std::vector<uint8_t>> results;
  for (int threads : {1, 3}) {
    options_.train.pool = ThreadPool::Create(threads);
    const absl::StatusOr<TrainResult> result = Run();
    ASSERT_TRUE(result.ok()) << result.status();
    results.push_back(Bytes(result->graph));
  }
  EXPECT_EQ(results[0], results[1]);
  options_.train.seed = 2;
  const absl::StatusOr<TrainResult> other = Run();
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_NE(results[0], Bytes(other->graph));
}

TEST_F(TrainTest, GoesOnWhereItStopped) {
  for (RangeMode mode : {RangeMode::kLearned, RangeMode::kMovingAverage}) {
    options_.network.ranges = mode;
    options_.train.epochs = 3;
    const absl::StatusOr<TrainResult> whole = Run();
    ASSERT_TRUE(whole.ok()) << whole.status();
    const std::vector<EpochReport> reports = reports_;

    options_.train.checkpoint =
        absl::StrCat(::testing::TempDir(), "/state", static_cast<int>(mode), ".npz");
    options_.train.resume = true;
    // As if it was interrupted after the second epoch.
    const std::unique_ptr<TrainingData> data = PlainTrainingData(*samples_);
    const Failing failing(*data);
    EXPECT_EQ(Finetune(integer_, &real_, failing, *samples_, options_).status().code(),
              absl::StatusCode::kUnavailable);
    const absl::StatusOr<TrainResult> resumed = Run();
    ASSERT_TRUE(resumed.ok()) << resumed.status();
    ASSERT_EQ(reports_.size(), 1u);
    EXPECT_EQ(reports_[0].epoch, 3);
    EXPECT_EQ(reports_[0].loss, reports.back().loss);
    EXPECT_EQ(Bytes(resumed->graph), Bytes(whole->graph));
    EXPECT_EQ(resumed->before.sqnr_db, whole->before.sqnr_db);

    options_.train.seed = 5;
    EXPECT_THAT(std::string(Run().status().message()), HasSubstr("seed"));
    options_.train.seed = 1;
    options_.train.checkpoint.clear();
    options_.train.resume = false;
  }
}

TEST_F(TrainTest, RefusesCheckpointsOfOthers) {
  options_.train.checkpoint = ::testing::TempDir() + "/other.npz";
  options_.train.epochs = 1;
  ASSERT_TRUE(Run().ok());
  options_.train.resume = true;
  options_.train.optimizer.kind = OptimizerKind::kSgd;
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kInvalidArgument);
  options_.train.optimizer.kind = OptimizerKind::kAdam;
  options_.network.learn_weight_scales = false;
  EXPECT_THAT(std::string(Run().status().message()), HasSubstr("other.npz"));
  const std::string text = "not an archive";
  ASSERT_TRUE(WriteFile(options_.train.checkpoint,
                        {reinterpret_cast<const uint8_t*>(text.data()), text.size()})
                  .ok());
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(TrainTest, StopsWhenNothingGetsBetterAndKeepsTheBest) {
  options_.train.epochs = 50;
  options_.train.patience = 2;
  options_.train.rate = 2;  // ruins everything
  const absl::StatusOr<TrainResult> result = Run();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->stopped_early);
  EXPECT_EQ(result->best_epoch, 0);
  EXPECT_EQ(result->epochs, 2);
  EXPECT_EQ(result->after.sqnr_db, result->before.sqnr_db);
}

// With what the epochs until then gave; the state after them is that of an interruption.
TEST_F(TrainTest, StopsWhenItIsTold) {
  const absl::StatusOr<TrainResult> whole = Run();
  ASSERT_TRUE(whole.ok()) << whole.status();
  int asked = 0;
  options_.train.stop = [&] { return ++asked > 5; };  // an epoch has three batches
  options_.train.checkpoint = ::testing::TempDir() + "/stopped.npz";
  const absl::StatusOr<TrainResult> stopped = Run();
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_TRUE(stopped->stopped_early);
  EXPECT_EQ(stopped->epochs, 1);
  options_.train.stop = nullptr;
  options_.train.resume = true;
  const absl::StatusOr<TrainResult> resumed = Run();
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_FALSE(resumed->stopped_early);
  EXPECT_EQ(Bytes(resumed->graph), Bytes(whole->graph));
  options_.train.resume = false;
  options_.train.stop = [] { return true; };
  const absl::StatusOr<TrainResult> nothing = Run();
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_EQ(nothing->epochs, 0);
  EXPECT_EQ(nothing->best_epoch, 0);
}

// Learned rounding and corrected biases are where training begins, though the float model's weights
// would be rounded otherwise.
TEST_F(TrainTest, BeginsWithTheIntegersOfTheModel) {
  options_.network.weight_bits = 0;
  options_.train.epochs = 0;
  QuantizerOptions refined;
  refined.weights = WeightGranularity::kPerTensor;
  refined.refine.rounding = refined.refine.bias = true;
  const std::vector<uint8_t> nearest = Bytes(integer_);
  integer_ = QuantizeGraph(real_, *samples_, refined, nullptr).value();
  ASSERT_NE(Bytes(integer_), nearest);
  const absl::StatusOr<TrainResult> result = Run();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(Bytes(result->graph), Bytes(integer_));
}

// Whose biases are s64.
TEST_F(TrainTest, TrainsModelsOf16Bits) {
  QuantizerOptions words;
  words.activations = DataType::kS16;
  words.symmetric_activations = true;
  integer_ = QuantizeGraph(real_, *samples_, words, nullptr).value();
  options_.network.weight_bits = 0;
  options_.train.epochs = 0;
  const absl::StatusOr<TrainResult> untrained = Run();
  ASSERT_TRUE(untrained.ok()) << untrained.status();
  EXPECT_EQ(Bytes(untrained->graph), Bytes(integer_));
  options_.train.epochs = 6;
  options_.train.rate = 1e-4;
  const absl::StatusOr<TrainResult> trained = Run();
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_GT(*trained->after.sqnr_db, *trained->before.sqnr_db);
}

TEST_F(TrainTest, SgdLearnsToo) {
  options_.train.optimizer.kind = OptimizerKind::kSgd;
  options_.train.clip_norm = 1;
  options_.train.rate = 5e-3;
  options_.train.epochs = 8;
  const absl::StatusOr<TrainResult> result = Run();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GT(*result->after.sqnr_db, *result->before.sqnr_db);
}

TEST_F(TrainTest, AnIntegerModelAloneGoesOn) {
  options_.network.weight_bits = 0;
  const std::unique_ptr<TrainingData> data = PlainTrainingData(*samples_);
  const absl::StatusOr<TrainResult> result =
      Finetune(integer_, nullptr, *data, *samples_, options_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(*result->after.sqnr_db, *result->before.sqnr_db);
}

TEST_F(TrainTest, ChoosesARateByTheNoise) {
  EXPECT_DOUBLE_EQ(RateForNoise(-3), 1e-3);
  EXPECT_DOUBLE_EQ(RateForNoise(20), 1e-4);
  EXPECT_DOUBLE_EQ(RateForNoise(60), 3e-5);
  options_.train.rate = 0;
  const absl::StatusOr<TrainResult> chosen = Run();
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  options_.train.rate = RateForNoise(*chosen->before.sqnr_db);
  const absl::StatusOr<TrainResult> given = Run();
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_EQ(Bytes(chosen->graph), Bytes(given->graph));
}

TEST_F(TrainTest, SaysWhatIsMissing) {
  const std::unique_ptr<TrainingData> data = PlainTrainingData(*samples_);
  absl::StatusOr<std::unique_ptr<TrainingNetwork>> network =
      TrainingNetwork::Create(integer_, &real_, {{1, 3, 17, 19}}, {});
  ASSERT_TRUE(network.ok()) << network.status();
  const Judge judge = [](const Graph&) { return Score(); };
  EXPECT_THAT(std::string(Train(**network, nullptr, *data, judge, {}).status().message()),
              HasSubstr("compare"));
  const FirstSamples none(*samples_, 0);
  EXPECT_EQ(Finetune(integer_, &real_, *PlainTrainingData(none), none, options_).status().code(),
            absl::StatusCode::kInvalidArgument);
  const Graph other = testing::SmallFloatNetwork(1);
  Graph two = other;
  two.outputs.push_back(two.outputs[0]);
  EXPECT_EQ(Finetune(integer_, &two, *data, *samples_, options_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace octet

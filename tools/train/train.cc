#include "tools/train/train.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "octet/thread_pool.h"
#include "tools/train/batch_runner.h"
#include "tools/train/checkpoint.h"

namespace octet {
namespace {

class PlainData final : public TrainingData {
 public:
  explicit PlainData(const SampleSource& source) : source_(source) {}

  int64_t size() const override { return source_.size(); }
  absl::StatusOr<Sample> Load(int64_t index, uint64_t) const override {
    return source_.Load(index);
  }
  int ClassOf(int64_t index) const override { return source_.ClassOf(index); }
  std::string NameOf(int64_t index) const override { return source_.NameOf(index); }

 private:
  const SampleSource& source_;
};

// A number that depends on all of `a`, `b` and `c` (the finalizer of SplitMix64, Steele et al.
// 2014).
uint64_t Mix(uint64_t a, uint64_t b, uint64_t c) {
  uint64_t x = a;
  for (uint64_t next : {b, c}) {
    x += 0x9e3779b97f4a7c15u * (next + 1);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
  }
  return x;
}

// The samples of an epoch in the order of use.
std::vector<DrawnSample> Shuffled(int64_t size, uint64_t seed, int epoch) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), int64_t{0});
  const auto e = static_cast<uint64_t>(epoch);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<size_t>(Mix(seed, e, i) % i)]);
  }
  std::vector<DrawnSample> drawn;
  for (int64_t index : order) {
    drawn.push_back({index, Mix(seed + 1, e, static_cast<uint64_t>(index))});
  }
  return drawn;
}

class Trainer {
 public:
  Trainer(TrainingNetwork& network, const Graph* teacher, const TrainingData& data,
          const Judge& judge, const TrainOptions& options)
      : network_(network),
        teacher_(options.loss.needs_teacher() ? teacher : nullptr),
        data_(data),
        judge_(judge),
        options_(options),
        loss_(options.loss, OutputForms(network.graph()), options.hints),
        optimizer_(options.optimizer, network.parameters()) {}

  absl::StatusOr<TrainResult> Run() {
    absl::Status status = Prepare();
    bool stopped = false;
    while (status.ok() && checkpoint_.epochs < options_.epochs && !stopped) {
      status = RunEpoch(checkpoint_.epochs + 1);
      const int waited = checkpoint_.epochs - checkpoint_.best_epoch;
      stopped = stopped_ || (options_.patience > 0 && waited >= options_.patience);
    }
    if (status.ok()) status = checkpoint_.best.RestoreTo(network_);
    if (!status.ok()) return status;
    TrainResult result;
    result.graph = network_.Store();
    result.best_epoch = checkpoint_.best_epoch;
    result.before = checkpoint_.before;
    result.after = checkpoint_.after;
    result.epochs = checkpoint_.epochs;
    result.stopped_early = stopped && checkpoint_.epochs < options_.epochs;
    return result;
  }

 private:
  absl::Status Prepare() {
    if (data_.size() == 0) return absl::InvalidArgumentError("there are no samples to train with");
    if (options_.loss.needs_teacher() && teacher_ == nullptr) {
      return absl::InvalidArgumentError("the loss needs a model to compare with");
    }
    const bool averages = network_.options().ranges == RangeMode::kMovingAverage;
    const auto pool = options_.pool == nullptr ? ThreadPool::Shared() : options_.pool;
    absl::StatusOr<std::unique_ptr<BatchRunner>> runner =
        BatchRunner::Create(network_, teacher_, data_, loss_, averages, pool);
    if (!runner.ok()) return runner.status();
    runner_ = *std::move(runner);
    if (options_.resume) {
      absl::StatusOr<Checkpoint> read = ReadCheckpoint(options_.checkpoint);
      if (read.ok()) return Resume(*std::move(read));
      if (!absl::IsNotFound(read.status())) return read.status();
    }
    checkpoint_.seed = options_.seed;
    const absl::StatusOr<Score> score = judge_(network_.Store());
    if (!score.ok()) return score.status();
    checkpoint_.before = checkpoint_.after = *score;
    checkpoint_.now = checkpoint_.best = NetworkState::Of(network_);
    if (options_.on_epoch) options_.on_epoch({0, 0, *score, true, 0});
    return absl::OkStatus();
  }

  // At the peak.
  double Rate() const {
    return options_.rate > 0 ? options_.rate : RateForNoise(checkpoint_.before.sqnr_db.value_or(0));
  }

  absl::Status Resume(Checkpoint checkpoint) {
    if (checkpoint.seed != options_.seed) {
      return absl::InvalidArgumentError(absl::StrCat(options_.checkpoint, ": was made with seed ",
                                                     checkpoint.seed, ", not ", options_.seed));
    }
    absl::Status status = optimizer_.Restore(checkpoint.optimizer);
    if (status.ok()) status = checkpoint.best.RestoreTo(network_);
    if (status.ok()) status = checkpoint.now.RestoreTo(network_);
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat(options_.checkpoint, ": ", status.message()));
    }
    checkpoint_ = std::move(checkpoint);
    return absl::OkStatus();
  }

  absl::Status RunEpoch(int epoch) {
    const auto start = std::chrono::steady_clock::now();
    const std::vector<DrawnSample> samples = Shuffled(data_.size(), options_.seed, epoch);
    double loss = 0;
    for (size_t first = 0; first < samples.size();) {
      stopped_ = options_.stop && options_.stop();
      if (stopped_) return absl::OkStatus();
      const size_t count = std::min(static_cast<size_t>(options_.batch), samples.size() - first);
      const absl::StatusOr<double> sum =
          RunBatch(absl::MakeConstSpan(samples).subspan(first, count), epoch);
      if (!sum.ok()) return sum.status();
      loss += *sum;
      first += count;
      if (options_.progress) {
        options_.progress(epoch, static_cast<int64_t>(first), data_.size());
      }
    }
    const absl::StatusOr<Score> score = judge_(network_.Store());
    if (!score.ok()) return score.status();
    EpochReport report{epoch, loss / static_cast<double>(samples.size()), *score, false, 0};
    report.best = score->value > checkpoint_.after.value;
    checkpoint_.epochs = epoch;
    checkpoint_.now = NetworkState::Of(network_);
    if (report.best) {
      checkpoint_.best = checkpoint_.now;
      checkpoint_.best_epoch = epoch;
      checkpoint_.after = *score;
    }
    report.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (options_.on_epoch) options_.on_epoch(report);
    if (options_.checkpoint.empty()) return absl::OkStatus();
    checkpoint_.optimizer = optimizer_.state();
    return WriteCheckpoint(options_.checkpoint, checkpoint_);
  }

  absl::StatusOr<double> RunBatch(absl::Span<const DrawnSample> batch, int epoch) {
    const absl::StatusOr<double> loss = runner_->Run(batch);
    if (!loss.ok()) return loss;
    Gradients& gradients = runner_->gradients();
    network_.FoldGradients(gradients);
    if (options_.clip_norm > 0) ClipNorm(options_.clip_norm, gradients);
    const int64_t per_epoch = (data_.size() + options_.batch - 1) / options_.batch;
    const int64_t steps = per_epoch * options_.epochs;
    const auto warmup = static_cast<int64_t>(options_.warmup * static_cast<double>(steps));
    const double rate =
        CosineRate(Rate(), optimizer_.state().steps, steps, warmup, options_.last_rate);
    optimizer_.Step(rate, gradients, network_.parameters());
    const int frozen =
        options_.freeze_ranges_after > 0 ? options_.freeze_ranges_after : (options_.epochs + 1) / 2;
    if (network_.options().ranges == RangeMode::kMovingAverage && epoch <= frozen) {
      network_.AverageRanges(runner_->observed());
    }
    network_.Update();
    return loss;
  }

  TrainingNetwork& network_;
  const Graph* teacher_;
  const TrainingData& data_;
  const Judge& judge_;
  const TrainOptions& options_;
  const Loss loss_;
  Optimizer optimizer_;
  std::unique_ptr<BatchRunner> runner_;
  Checkpoint checkpoint_;
  bool stopped_ = false;  // options_.stop said so
};

}  // namespace

std::unique_ptr<TrainingData> PlainTrainingData(const SampleSource& source) {
  return std::make_unique<PlainData>(source);
}

double RateForNoise(double sqnr_db) {
  return std::clamp(1e-3 * std::pow(10.0, -sqnr_db / 20), 3e-5, 1e-3);
}

absl::StatusOr<TrainResult> Train(TrainingNetwork& network, const Graph* teacher,
                                  const TrainingData& data, const Judge& judge,
                                  const TrainOptions& options) {
  return Trainer(network, teacher, data, judge, options).Run();
}

}  // namespace octet

#include "tools/cli/training.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/cli/quantize_data.h"
#include "tools/data/file.h"
#include "tools/train/finetune.h"

namespace octet::cli {
namespace {

// Pictures that are cropped and mirrored anew each time.
class AugmentedData final : public TrainingData {
 public:
  AugmentedData(const SampleSource& source, AugmentedPictures pictures)
      : source_(source), pictures_(std::move(pictures)) {}

  int64_t size() const override { return source_.size(); }
  absl::StatusOr<Sample> Load(int64_t index, uint64_t draw) const override {
    return pictures_.Load(index, draw);
  }
  int ClassOf(int64_t index) const override { return source_.ClassOf(index); }
  std::string NameOf(int64_t index) const override { return source_.NameOf(index); }

 private:
  const SampleSource& source_;
  const AugmentedPictures pictures_;
};

}  // namespace

AugmentOptions DefaultAugment() {
  AugmentOptions options;
  options.mixed = 0.5;
  return options;
}

absl::StatusOr<std::unique_ptr<TrainingData>> OpenTrainingData(
    const std::string& path, const Graph& graph, const SampleSource& source,
    const SampleSource& plain, absl::optional<AugmentOptions> augment) {
  if (!IsFolder(path) || !augment) return PlainTrainingData(plain);
  absl::StatusOr<AugmentedPictures> pictures =
      AugmentedPictures::Create(source, SpecOfGraph(graph), *augment);
  if (!pictures.ok()) return pictures.status();
  return std::make_unique<AugmentedData>(source, *std::move(pictures));
}

absl::StatusOr<TrainResult> TrainWithDefaults(
    const TrainingTask& task, const TrainingData& data, int64_t epochs, const ModelOptions& run,
    const std::function<void(const EpochReport&)>& on_epoch) {
  FinetuneOptions options;
  options.run = run;
  TrainOptions& train = options.train;
  train.epochs = static_cast<int>(epochs);
  train.batch = kDefaultBatch;
  train.seed = kDefaultSeed;
  train.loss = ImitationOf(task.integer, 1);
  train.loss.hints = kDefaultHints;
  train.pool = run.pool;
  train.checkpoint = task.checkpoint;
  train.resume = task.resume;
  train.stop = task.stop;
  train.progress = [&](int epoch, int64_t done, int64_t total) {
    if (!task.progress) return;
    task.progress(absl::StrCat("training, epoch ", epoch, " of ", epochs), done, total);
  };
  train.on_epoch = on_epoch;
  return Finetune(task.integer, &task.real, data, task.judged, options);
}

Trainer DefaultTrainer(const TrainingData& data, int64_t epochs, const ModelOptions& run) {
  return [&data, epochs, run](const TrainingTask& task) -> absl::StatusOr<TrainingOutcome> {
    absl::StatusOr<TrainResult> result = TrainWithDefaults(task, data, epochs, run, {});
    if (!result.ok()) return result.status();
    TrainingOutcome outcome;
    outcome.graph = std::move(result->graph);
    outcome.epochs = result->epochs;
    outcome.best_epoch = result->best_epoch;
    outcome.complete = !result->stopped_early;
    return outcome;
  };
}

std::vector<std::string> TrainingSettings(int64_t epochs) {
  return {"--finetune", absl::StrCat("--epochs ", epochs)};
}

}  // namespace octet::cli

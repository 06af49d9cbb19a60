#include <chrono>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/quantize/candidate_maker.h"

namespace octet {

absl::StatusOr<absl::optional<CandidateMaker::Trained>> CandidateMaker::Train(
    const Recipe& recipe, const Trainer& trainer, const std::string& how,
    const SampleSource& judged, const std::function<bool()>& stop) {
  Trained result;
  result.recipe = recipe;
  result.recipe.trained = how;
  const std::string key = result.recipe.Key();
  TrainedModel model;
  if (const nlohmann::json* known = journal_.Find(key)) {
    if (!Decode(*known, model)) return journal_.Damaged(key);
  } else {
    const absl::StatusOr<Made> made = MakeUntrained(recipe);
    if (!made.ok()) return made.status();
    const absl::StatusOr<const Base*> base = BaseFor(recipe.refined);
    if (!base.ok()) return base.status();
    TrainingTask task{made->graph, (*base)->graph, judged, "", false, stop, report_};
    absl::Status status = SetCheckpoint(key, task);
    if (!status.ok()) return status;
    bool complete = false;
    absl::StatusOr<TrainedModel> trained = RunTrainer(trainer, task, complete);
    if (!trained.ok()) return trained.status();
    if (trained->epochs == 0) return absl::optional<Trained>();
    model = *std::move(trained);
    if (complete) {
      status = journal_.Put({{key, Encode(model)}});
      if (!status.ok()) return status;
      if (!task.checkpoint.empty()) std::remove(task.checkpoint.c_str());
    } else {
      absl::StrAppend(&result.recipe.trained, "\n# stopped after epoch ", model.epochs);
    }
  }
  result.epochs = model.epochs;
  result.best_epoch = model.best_epoch;
  result.seconds = model.seconds;
  trained_[result.recipe.Key()] = std::move(model);
  return absl::optional<Trained>(std::move(result));
}

// A checkpoint is of this training when the journal knows that it has begun.
absl::Status CandidateMaker::SetCheckpoint(const std::string& key, TrainingTask& task) {
  if (journal_.path().empty()) return absl::OkStatus();
  task.checkpoint = absl::StrCat(journal_.path(), ".training.npz");
  const std::string begun = absl::StrCat("begun: ", key);
  task.resume = journal_.Find(begun) != nullptr;
  if (task.resume) return absl::OkStatus();
  std::remove(task.checkpoint.c_str());
  return journal_.Put({{begun, true}});
}

absl::StatusOr<TrainedModel> CandidateMaker::RunTrainer(const Trainer& trainer,
                                                        const TrainingTask& task, bool& complete) {
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<TrainingOutcome> outcome = trainer(task);
  if (!outcome.ok()) return outcome.status();
  TrainedModel model;
  model.epochs = outcome->epochs;
  model.best_epoch = outcome->best_epoch;
  complete = outcome->complete;
  if (model.epochs == 0) return model;
  absl::StatusOr<std::vector<TrainedModel::Change>> changes =
      ChangesBetween(task.integer, outcome->graph);
  if (!changes.ok()) return changes.status();
  model.changes = *std::move(changes);
  model.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return model;
}

}  // namespace octet

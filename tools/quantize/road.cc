#include "tools/quantize/road.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/quantize/attempts.h"
#include "tools/quantize/candidate_maker.h"
#include "tools/quantize/journal.h"
#include "tools/quantize/mixtures.h"
#include "tools/quantize/road_subject.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

class Road {
 public:
  Road(const Graph& graph, const SampleSource& calibration, const SampleSource& evaluation,
       const RoadOptions& options, Journal journal)
      : graph_(graph),
        evaluation_(evaluation),
        options_(options),
        journal_(std::move(journal)),
        maker_(graph, calibration, &evaluation != &calibration, options.quantizer, journal_,
               [this](const std::string& task, int64_t done, int64_t total) {
                 if (options_.progress) options_.progress(task, done, total);
               }),
        attempts_(graph, evaluation, options, maker_, journal_) {
    result_.resumed = journal_.found();
  }

  absl::StatusOr<RoadResult> Walk() {
    absl::Status status = attempts_.MeasureFloat();
    if (status.ok()) status = Search();
    if (status.ok() && !options_.budget.any()) status = attempts_.MeasureFinalists();
    if (!status.ok()) return status;
    if (options_.always_measure_sensitivity && result_.sensitivity.empty()) {
      status = MeasureSensitivity();
      if (!status.ok()) return status;
    }
    return Finish();
  }

 private:
  absl::Status Search() {
    absl::Status status;
    for (auto attempt :
         {&Road::TryDynamic, &Road::TryCalibrators, &Road::TryRefined, &Road::TryTrained}) {
      status = (this->*attempt)();
      if (!status.ok() || Done()) return status;
    }
    if (!options_.budget.any()) {
      const size_t best = attempts_.Best();
      if (best == 0 || (attempts_.IsFaster(best) && attempts_.ReachesGoal(best))) {
        return absl::OkStatus();
      }
    }
    status = MeasureSensitivity();
    if (!status.ok() || result_.sensitivity.empty()) return status;
    return MixturesOf().Search(result_.sensitivity);
  }

  absl::Status TryDynamic() {
    Recipe recipe;
    recipe.method = "dynamic";
    const absl::StatusOr<std::vector<size_t>> judged = attempts_.Judge({{"dynamic", recipe}});
    if (!judged.ok() || judged->empty()) return judged.status();
    absl::Status status = attempts_.Consider(judged->front());
    attempts_.Announce();
    return status;
  }

  absl::Status TryCalibrators() {
    std::vector<Attempts::Trial> trials;
    for (const std::string& name : CalibratorNames()) {
      Recipe recipe;
      recipe.calibrator = CalibratorNamed(name).value();
      trials.push_back({absl::StrCat("static, ", name), recipe});
    }
    const absl::StatusOr<std::vector<size_t>> judged = attempts_.Judge(trials);
    if (!judged.ok() || judged->empty()) return judged.status();
    static_ = judged->front();
    for (size_t attempt : *judged) {
      if (attempts_.Better(attempt, static_)) static_ = attempt;
    }
    for (size_t attempt : *judged) {
      if (attempt != static_) attempts_.Dismiss(attempt);
    }
    std::string& remark = attempts_.step(static_).remark;
    remark = absl::StrCat("best calibrator", remark.empty() ? "" : "; ", remark);
    absl::Status status = attempts_.Consider(static_);
    attempts_.Announce();
    return status;
  }

  absl::Status TryRefined() {
    if (static_ == 0) return absl::OkStatus();  // nothing becomes static
    Recipe recipe = attempts_.recipe(static_);
    recipe.refined = true;
    const absl::StatusOr<std::vector<size_t>> judged =
        attempts_.Judge({{absl::StrCat("refined, ", Name(recipe.calibrator)), recipe}});
    if (!judged.ok() || judged->empty()) return judged.status();
    const size_t refined = judged->front();
    absl::Status status = attempts_.Consider(refined);
    // The one of the two that is less close to the float model is as fast, and counts for nothing.
    const bool helps = attempts_.Better(refined, static_);
    attempts_.Dismiss(helps ? static_ : refined);
    if (helps) static_ = refined;
    attempts_.Announce();
    return status;
  }

  // Mixtures are made of the static attempt all the same: training fits the layers to one another
  // as integers.
  absl::Status TryTrained() {
    if (!options_.train || static_ == 0) return absl::OkStatus();
    const Recipe recipe = attempts_.recipe(static_);
    const absl::StatusOr<absl::optional<CandidateMaker::Trained>> trained = maker_.Train(
        recipe, options_.train, options_.training, evaluation_, [this] { return OutOfTime(); });
    if (absl::IsUnimplemented(trained.status())) {
      attempts_.AddRemark(static_, absl::StrCat("not trained: ", trained.status().message()));
      return absl::OkStatus();
    }
    if (!trained.ok() || !*trained) return trained.status();
    const absl::StatusOr<std::vector<size_t>> judged =
        attempts_.Judge({{absl::StrCat("trained, ", Name(recipe.calibrator)), (*trained)->recipe}});
    if (!judged.ok() || judged->empty()) return judged.status();
    const size_t attempt = judged->front();
    attempts_.step(attempt).seconds += (*trained)->seconds;
    attempts_.AddRemark(attempt, absl::StrCat("the best of ", (*trained)->epochs, " epochs was ",
                                              (*trained)->best_epoch));
    absl::Status status = attempts_.Consider(attempt);
    attempts_.Dismiss(attempts_.Better(attempt, static_) ? static_ : attempt);
    attempts_.Announce();
    return status;
  }

  Mixtures MixturesOf() {
    return Mixtures(graph_, evaluation_, options_, maker_, attempts_, journal_, static_,
                    [this] { return OutOfTime(); });
  }

  absl::Status MeasureSensitivity() {
    absl::StatusOr<std::vector<LayerSensitivity>> sensitivity = MixturesOf().MeasureSensitivity();
    if (!sensitivity.ok()) return sensitivity.status();
    result_.sensitivity = *std::move(sensitivity);
    return absl::OkStatus();
  }

  bool OutOfTime() {
    const std::chrono::duration<double> elapsed = Clock::now() - start_;
    const bool out = options_.time_limit_seconds && elapsed.count() > *options_.time_limit_seconds;
    result_.out_of_time = result_.out_of_time || out;
    return out;
  }

  // Whether there is nothing left to look for.
  bool Done() {
    if (OutOfTime()) return true;
    const size_t best = attempts_.Best();
    return options_.budget.any() && best != 0 && attempts_.ReachesGoal(best) &&
           attempts_.IsFaster(best);
  }

  absl::StatusOr<RoadResult> Finish() {
    result_.chosen = attempts_.Best();
    if (result_.chosen == 0) {
      return absl::InvalidArgumentError(
          "the model has no operator that can be quantized: no product with constant weights");
    }
    const Recipe& recipe = attempts_.recipe(result_.chosen);
    absl::StatusOr<Made> made = maker_.Make(recipe);
    if (!made.ok()) return made.status();
    result_.graph = std::move(made->graph);
    result_.report = std::move(made->report);
    for (size_t i = 0; i < recipe.precision.size(); ++i) {
      if (recipe.precision[i] == Precision::kInt8) continue;
      result_.exceptions.push_back({graph_.nodes[i].name, recipe.precision[i]});
    }
    const absl::StatusOr<const Statistics*> statistics = StatisticsIfGathered();
    if (!statistics.ok()) return statistics.status();
    if (*statistics != nullptr) result_.statistics = **statistics;
    result_.profile = attempts_.profile();
    result_.met = attempts_.steps()[result_.chosen].met();
    result_.steps = attempts_.TakeSteps();
    return std::move(result_);
  }

  // Null where the road has ended before anything was calibrated.
  absl::StatusOr<const Statistics*> StatisticsIfGathered() {
    if (static_ == 0 && result_.sensitivity.empty()) return nullptr;
    return maker_.FloatStatistics();
  }

  const Graph& graph_;
  const SampleSource& evaluation_;
  const RoadOptions& options_;
  const Clock::time_point start_ = Clock::now();
  Journal journal_;
  CandidateMaker maker_;
  Attempts attempts_;
  RoadResult result_;
  // The best calibrator's attempt, or the same refined where that helps; 0: there is none.
  size_t static_ = 0;
};

}  // namespace

absl::optional<double> RoadStep::latency_ratio() const {
  if (!latency_ms || !float_latency_ms || *float_latency_ms <= 0) return absl::nullopt;
  return *latency_ms / *float_latency_ms;
}

std::vector<std::string> OperatorsWith(Precision precision,
                                       const std::vector<PrecisionException>& exceptions) {
  std::vector<std::string> names;
  for (const PrecisionException& e : exceptions) {
    if (e.precision == precision) names.push_back(e.op);
  }
  return names;
}

absl::StatusOr<RoadResult> WalkRoad(const Graph& graph, const SampleSource& calibration,
                                    const SampleSource& evaluation, const RoadOptions& options) {
  Journal journal;
  if (!options.resume.empty()) {
    const absl::StatusOr<JournalSubject> subject =
        SubjectOf(graph, calibration, evaluation, options);
    if (!subject.ok()) return subject.status();
    absl::StatusOr<Journal> opened = Journal::Open(options.resume, *subject);
    if (!opened.ok()) return opened.status();
    journal = *std::move(opened);
  }
  return Road(graph, calibration, evaluation, options, std::move(journal)).Walk();
}

}  // namespace octet

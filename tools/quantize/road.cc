#include "tools/quantize/road.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/quantize/attempts.h"
#include "tools/quantize/candidate_maker.h"
#include "tools/quantize/journal.h"
#include "tools/quantize/mixed_search.h"
#include "tools/quantize/road_subject.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

// An operator in 8 bits is taken to need this share of its time in float at most: how much less it
// needs is measured for the model as a whole, where other operators have their part.
constexpr double kLeastGainOf8Bits = 0.95;

// Noise in place of what is infinite or no number.
constexpr double kHopeless = 1e30;

double NoiseOf(double decibels) {
  const double noise = std::pow(10.0, -decibels / 10);
  return noise < kHopeless ? noise : kHopeless;
}

class Road {
 public:
  Road(const Graph& graph, const SampleSource& calibration, const SampleSource& evaluation,
       const RoadOptions& options, Journal journal)
      : graph_(graph),
        evaluation_(evaluation),
        options_(options),
        journal_(std::move(journal)),
        maker_(graph, calibration, options.quantizer, journal_,
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
      status = MeasureSensitivityOfAll();
      if (!status.ok()) return status;
    }
    return Finish();
  }

 private:
  absl::Status Search() {
    for (auto attempt : {&Road::TryDynamic, &Road::TryCalibrators, &Road::TryRefined}) {
      absl::Status status = (this->*attempt)();
      if (!status.ok() || Done()) return status;
    }
    if (!options_.budget.any()) {
      const size_t best = attempts_.Best();
      if (best == 0 || (attempts_.IsFaster(best) && attempts_.ReachesGoal(best))) {
        return absl::OkStatus();
      }
    }
    return TryMixtures();
  }

  absl::Status TryDynamic() {
    Recipe recipe;
    recipe.method = "dynamic";
    const absl::StatusOr<std::vector<size_t>> judged = attempts_.Judge({{"dynamic", recipe}});
    if (!judged.ok() || judged->empty()) return judged.status();
    dynamic_ = judged->front();
    absl::Status status = attempts_.Consider(dynamic_);
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

  // Finds the fastest mixture of precisions that reaches the goal: from the fastest one on,
  // operators get better precisions, first those that gain most by it for the time they take.
  absl::Status TryMixtures() {
    absl::Status status = MeasureSensitivityOfAll();
    if (!status.ok() || result_.sensitivity.empty()) return status;
    const UpgradePath path = PlanUpgrades(OptionsOfOperators());
    // The last one would leave nothing that is quantized.
    if (path.upgrades.size() < 2) return absl::OkStatus();
    const size_t most = path.upgrades.size() - 1;
    const auto holds = [&](size_t count) { return TryMixture(AfterUpgrades(path, count)); };
    return FindLeast(most, FirstGuess(path), holds, [&] { return OutOfTime(); }).status();
  }

  absl::StatusOr<bool> TryMixture(const std::vector<OperatorPrecision>& precisions) {
    Recipe recipe = attempts_.recipe(static_ != 0 ? static_ : dynamic_);
    recipe.method = "static";
    recipe.precision.assign(graph_.nodes.size(), Precision::kInt8);
    std::vector<std::string> wide;
    int dynamic = 0;
    for (const OperatorPrecision& p : precisions) {
      recipe.precision[static_cast<size_t>(p.node)] = p.precision;
      if (p.precision == Precision::kFloat) wide.push_back(NameOf(p.node));
      dynamic += p.precision == Precision::kDynamic;
    }
    const std::string name =
        absl::StrCat("mixed, ", wide.size(), " in float, ", dynamic, " dynamic");
    const absl::StatusOr<std::vector<size_t>> judged = attempts_.Judge({{name, recipe}});
    if (!judged.ok()) return judged.status();
    if (judged->empty()) return true;  // all are in float
    const size_t attempt = judged->front();
    const bool reached = attempts_.ReachesGoal(attempt);
    if (reached) {
      absl::Status status = attempts_.Consider(attempt);
      if (!status.ok()) return status;
      std::string& remark = attempts_.step(attempt).remark;
      absl::StrAppend(&remark, remark.empty() ? "" : "; ",
                      wide.empty() ? "" : "in float: ", absl::StrJoin(wide, ", "));
      // The one before it took more time.
      if (mixed_ != 0) attempts_.Dismiss(mixed_);
      mixed_ = attempt;
    } else {
      attempts_.Dismiss(attempt);
    }
    attempts_.Announce();
    return reached;
  }

  // What each operator costs in each precision. Times are shares of the float profile.
  std::vector<OperatorOptions> OptionsOfOperators() const {
    std::map<std::string, double> times;
    for (const OperatorTime& time : attempts_.profile()) times[time.step.name] += time.median_us;
    std::map<int, OperatorOptions> operators;
    for (const LayerSensitivity& s : result_.sensitivity) {
      const auto time = times.find(s.op);
      const double us = time != times.end() ? time->second : 1;
      OperatorOptions& op = operators[s.node];
      if (op.options.empty()) op = {s.node, {{Precision::kFloat, 0, us}}};
      op.options.push_back({s.precision, NoiseOf(s.sqnr_db), us * ShareOf(s.precision)});
    }
    std::vector<OperatorOptions> result;
    for (auto& [node, op] : operators) result.push_back(std::move(op));
    return result;
  }

  // The time of a model in that precision over that of the float model.
  double ShareOf(Precision precision) const {
    const size_t attempt = precision == Precision::kDynamic ? dynamic_ : static_;
    if (attempt == 0) return kLeastGainOf8Bits;
    const absl::optional<double> ratio = attempts_.steps()[attempt].latency_ratio();
    return std::min(ratio.value_or(kLeastGainOf8Bits), kLeastGainOf8Bits);
  }

  // How many upgrades should do, by the noises of the operators alone.
  size_t FirstGuess(const UpgradePath& path) const {
    absl::optional<double> decibels = options_.budget.min_sqnr_db;
    if (!options_.budget.any()) {
      decibels = attempts_.has_classes() ? options_.classes_goal_db : options_.goal_db;
    } else if (options_.budget.min_cosine) {
      // Noise that is orthogonal to the signal turns it by an angle with this cosine.
      const double noise = 2 * std::max(1 - *options_.budget.min_cosine, 1e-12);
      decibels = std::max(decibels.value_or(0), -10 * std::log10(noise));
    }
    if (!decibels) return 1;
    const double enough = NoiseOf(*decibels);
    const auto first = std::find_if(path.noise.begin(), path.noise.end(),
                                    [&](double noise) { return noise <= enough; });
    return static_cast<size_t>(first - path.noise.begin());
  }

  absl::Status MeasureSensitivityOfAll() {
    const absl::StatusOr<std::vector<OperatorPrecision>> changes = Changes();
    if (!changes.ok() || changes->empty()) return changes.status();
    Recipe recipe;
    if (static_ != 0) recipe = attempts_.recipe(static_);
    const auto name = [&](const OperatorPrecision& change) {
      return absl::StrCat("sensitivity ", recipe.Key(), " ", change.node, " ",
                          Name(change.precision));
    };
    SensitivityOptions options;
    options.run = options_.quantizer.run;
    options.progress = options_.ProgressOf("sensitivity");
    options.stop = [this] { return OutOfTime(); };
    options.known = [&](const OperatorPrecision& change) {
      const nlohmann::json* known = journal_.Find(name(change));
      double decibels = 0;
      if (known == nullptr || !Decode(*known, decibels)) return absl::optional<double>();
      return absl::optional<double>(decibels);
    };
    options.found = [&](absl::Span<const LayerSensitivity> found) {
      std::map<std::string, nlohmann::json> values;
      for (const LayerSensitivity& s : found) values[name({s.node, s.precision})] = s.sqnr_db;
      return journal_.Put(std::move(values));
    };
    const double milliseconds =
        *attempts_.steps()[0].latency_ms * static_cast<double>(changes->size());
    const auto affordable =
        static_cast<int64_t>(1000 * options_.sensitivity_seconds / milliseconds);
    constexpr int64_t kLeast = 4;
    const FirstSamples some(evaluation_,
                            std::min(options_.sensitivity_samples, std::max(affordable, kLeast)));
    absl::StatusOr<std::vector<LayerSensitivity>> sensitivity = MeasureSensitivity(
        graph_, *changes,
        [&](const OperatorPrecision& change) -> absl::StatusOr<Graph> {
          Recipe only = recipe;
          only.precision.assign(graph_.nodes.size(), Precision::kFloat);
          only.precision[static_cast<size_t>(change.node)] = change.precision;
          absl::StatusOr<Made> made = maker_.Make(only);
          if (!made.ok()) return made.status();
          return std::move(made->graph);
        },
        some, options);
    if (!sensitivity.ok()) return sensitivity.status();
    result_.sensitivity = *std::move(sensitivity);
    return absl::OkStatus();
  }

  // The precisions that there are to choose from beside float, per operator. What the overrides
  // decide is not asked.
  absl::StatusOr<std::vector<OperatorPrecision>> Changes() {
    Recipe recipe;
    if (static_ != 0) recipe = attempts_.recipe(static_);
    const absl::StatusOr<const StaticQuantizer*> quantizer =
        maker_.QuantizerFor(recipe.calibrator, recipe.refined);
    if (!quantizer.ok()) return quantizer.status();
    std::vector<OperatorPrecision> changes;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if ((*quantizer)->overrides().operators[i].precision) continue;
      const Node& node = graph_.nodes[i];
      const Node& prepared = (*quantizer)->graph().nodes[i];
      const auto has_kernel = [&](Precision p) { return (*quantizer)->kernels()(prepared, p); };
      const bool anchor = RoleOf(graph_, node) == Int8Role::kAnchor;
      if (anchor && has_kernel(Precision::kInt8)) {
        changes.push_back({static_cast<int>(i), Precision::kInt8});
      }
      if (CanBeDynamic(graph_, node) && has_kernel(Precision::kDynamic)) {
        changes.push_back({static_cast<int>(i), Precision::kDynamic});
      }
    }
    return changes;
  }

  const std::string& NameOf(int node) const { return graph_.nodes[static_cast<size_t>(node)].name; }

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
  // Attempts; 0: there is none.
  size_t dynamic_ = 0;
  size_t static_ = 0;  // the best calibrator's, or the same refined where that helps
  size_t mixed_ = 0;   // the fastest one that reaches the goal
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

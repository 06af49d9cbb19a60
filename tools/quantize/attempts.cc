#include "tools/quantize/attempts.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "runtime/model_internal.h"

namespace octet {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

uint64_t WeightsBytes(const Graph& graph) {
  uint64_t bytes = 0;
  for (const Tensor& t : graph.tensors) {
    if (t.is_constant()) bytes += t.data.size();
  }
  return bytes;
}

std::string LatenciesName(const Recipe& recipe) {
  return absl::StrCat("latencies float, ", recipe.Key());
}

std::string VerdictName(const Recipe& recipe) { return absl::StrCat("verdict ", recipe.Key()); }

}  // namespace

absl::Status Attempts::MeasureFloat() {
  const Clock::time_point start = Clock::now();
  absl::StatusOr<std::shared_ptr<const Model>> model =
      ModelFromGraph(graph_, options_.quantizer.run);
  if (!model.ok()) return model.status();
  float_ = *std::move(model);
  RoadStep step;
  step.name = "float";
  const absl::StatusOr<Verdict> verdict =
      journal_.Recall<Verdict>("verdict float", [&]() -> absl::StatusOr<Verdict> {
        EvaluateOptions evaluate;
        evaluate.progress = options_.ProgressOf("float model");
        absl::StatusOr<Evaluation> accuracy = Evaluate(*float_, nullptr, evaluation_, evaluate);
        if (!accuracy.ok()) return accuracy.status();
        return Verdict{*accuracy, WeightsBytes(graph_), 0, SecondsSince(start)};
      });
  if (!verdict.ok()) return verdict.status();
  step.accuracy = verdict->accuracy;
  step.weights_bytes = verdict->weights_bytes;
  absl::Status status = CheckBudget(options_.budget, step.accuracy);
  if (!status.ok()) return status;
  const absl::StatusOr<double> latency =
      journal_.Recall<double>("latency float", [&]() -> absl::StatusOr<double> {
        absl::StatusOr<std::vector<double>> ms = Measure({float_.get()}, options_.latency_seconds);
        if (!ms.ok()) return ms.status();
        return ms->front();
      });
  if (!latency.ok()) return latency.status();
  step.latency_ms = step.float_latency_ms = *latency;
  absl::StatusOr<std::vector<OperatorTime>> profile =
      journal_.Recall<std::vector<OperatorTime>>("profile float", [&] { return Profile(*float_); });
  if (!profile.ok()) return profile.status();
  profile_ = *std::move(profile);
  step.remark = CostlyOperators();
  step.seconds = verdict->seconds;
  steps_.push_back(std::move(step));
  recipes_.emplace_back();
  Announce();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<size_t>> Attempts::Judge(absl::Span<const Trial> trials) {
  absl::Status status = EvaluateUnknown(trials);
  if (!status.ok()) return status;
  std::vector<RoadStep> steps;
  for (const Trial& trial : trials) {
    const nlohmann::json* known = journal_.Find(VerdictName(trial.recipe));
    Verdict verdict;
    if (known == nullptr || !Decode(*known, verdict)) {
      return journal_.Damaged(VerdictName(trial.recipe));
    }
    if (verdict.int8_operators == 0) return std::vector<size_t>();
    RoadStep step;
    step.name = trial.name;
    step.accuracy = verdict.accuracy;
    step.weights_bytes = verdict.weights_bytes;
    step.missed = MissedBy(step.accuracy, steps_[0].accuracy, options_.budget);
    step.seconds = verdict.seconds;
    step.remark = absl::StrJoin(step.missed, "; ");
    steps.push_back(std::move(step));
  }
  std::vector<size_t> numbers;
  for (size_t i = 0; i < trials.size(); ++i) {
    numbers.push_back(steps_.size());
    steps_.push_back(std::move(steps[i]));
    recipes_.push_back(trials[i].recipe);
  }
  return numbers;
}

absl::Status Attempts::EvaluateUnknown(absl::Span<const Trial> trials) {
  const Clock::time_point start = Clock::now();
  std::vector<const Model*> models;
  std::vector<Verdict> verdicts;
  std::vector<std::string> names;
  for (const Trial& trial : trials) {
    if (journal_.Find(VerdictName(trial.recipe)) != nullptr) continue;
    absl::StatusOr<Made> made = maker_.Make(trial.recipe);
    if (!made.ok()) return made.status();
    Verdict verdict;
    verdict.weights_bytes = WeightsBytes(made->graph);
    verdict.int8_operators =
        made->report.int8_operators + static_cast<int>(made->report.int16_operators.size());
    absl::StatusOr<std::shared_ptr<const Model>> model =
        ModelFromGraph(std::move(made->graph), options_.quantizer.run);
    if (!model.ok()) return model.status();
    models.push_back(model->get());
    models_[trial.recipe.Key()] = *std::move(model);
    verdicts.push_back(verdict);
    names.push_back(VerdictName(trial.recipe));
  }
  if (models.empty()) return absl::OkStatus();
  EvaluateOptions evaluate;
  evaluate.progress = options_.ProgressOf("evaluating");
  const absl::StatusOr<std::vector<Evaluation>> accuracy =
      EvaluateAll(models, float_.get(), evaluation_, evaluate);
  if (!accuracy.ok()) return accuracy.status();
  std::map<std::string, nlohmann::json> values;
  for (size_t i = 0; i < names.size(); ++i) {
    verdicts[i].accuracy = (*accuracy)[i];
    verdicts[i].seconds = SecondsSince(start) / static_cast<double>(names.size());
    values[names[i]] = Encode(verdicts[i]);
  }
  return journal_.Put(std::move(values));
}

absl::StatusOr<std::shared_ptr<const Model>> Attempts::ModelOf(size_t attempt) {
  return attempt == 0 ? float_ : ModelOf(recipes_[attempt]);
}

absl::StatusOr<std::shared_ptr<const Model>> Attempts::ModelOf(const Recipe& recipe) {
  std::shared_ptr<const Model>& known = models_[recipe.Key()];
  if (known != nullptr) return known;
  absl::StatusOr<Made> made = maker_.Make(recipe);
  if (!made.ok()) return made.status();
  absl::StatusOr<std::shared_ptr<const Model>> model =
      ModelFromGraph(std::move(made->graph), options_.quantizer.run);
  if (!model.ok()) return model.status();
  return known = *std::move(model);
}

absl::StatusOr<std::vector<double>> Attempts::Latencies(absl::Span<const size_t> attempts,
                                                        double seconds, const std::string& name) {
  return journal_.Recall<std::vector<double>>(name, [&]() -> absl::StatusOr<std::vector<double>> {
    std::vector<std::shared_ptr<const Model>> models;
    std::vector<const Model*> pointers;
    for (size_t attempt : attempts) {
      absl::StatusOr<std::shared_ptr<const Model>> model = ModelOf(attempt);
      if (!model.ok()) return model.status();
      pointers.push_back(model->get());
      models.push_back(*std::move(model));
    }
    return Measure(pointers, seconds);
  });
}

absl::StatusOr<std::vector<double>> Attempts::Measure(absl::Span<const Model* const> models,
                                                      double seconds) const {
  if (options_.latencies) return options_.latencies(models, seconds);
  return MedianLatencies(models, evaluation_, seconds);
}

absl::StatusOr<std::vector<OperatorTime>> Attempts::Profile(const Model& model) const {
  if (options_.profile) return options_.profile(model);
  return ProfileOperators(model, evaluation_, options_.latency_seconds);
}

absl::Status Attempts::Consider(size_t attempt) {
  const absl::StatusOr<std::vector<double>> ms =
      Latencies({0, attempt}, options_.latency_seconds, LatenciesName(recipes_[attempt]));
  if (!ms.ok()) return ms.status();
  if (ms->size() != 2) return journal_.Damaged("latencies");
  RoadStep& step = steps_[attempt];
  step.float_latency_ms = (*ms)[0];
  step.latency_ms = (*ms)[1];
  if (!IsFaster(attempt)) AddRemark(attempt, "not faster than float");
  considered_.push_back(attempt);
  return absl::OkStatus();
}

absl::StatusOr<Attempts::WholeModel> Attempts::MeasureTimes(const Recipe& recipe) {
  const std::string key = recipe.Key();
  const bool known = models_.count(key) > 0;
  const auto model = [&] { return ModelOf(recipe); };
  const absl::StatusOr<std::vector<double>> ms = journal_.Recall<std::vector<double>>(
      LatenciesName(recipe), [&]() -> absl::StatusOr<std::vector<double>> {
        absl::StatusOr<std::shared_ptr<const Model>> made = model();
        if (!made.ok()) return made.status();
        return Measure({float_.get(), made->get()}, options_.latency_seconds);
      });
  if (!ms.ok()) return ms.status();
  if (ms->size() != 2 || !((*ms)[0] > 0)) return journal_.Damaged(LatenciesName(recipe));
  const absl::StatusOr<std::vector<OperatorTime>> profile =
      journal_.Recall<std::vector<OperatorTime>>(
          absl::StrCat("profile ", key), [&]() -> absl::StatusOr<std::vector<OperatorTime>> {
            absl::StatusOr<std::shared_ptr<const Model>> made = model();
            if (!made.ok()) return made.status();
            return Profile(**made);
          });
  if (!profile.ok()) return profile.status();
  if (!known) models_.erase(key);
  WholeModel whole;
  whole.ratio = (*ms)[1] / (*ms)[0];
  const auto total = [](const std::vector<OperatorTime>& times) {
    double us = 0;
    for (const OperatorTime& time : times) us += time.median_us;
    return us;
  };
  const double sum = total(*profile);
  const double unit = sum > 0 ? whole.ratio * total(profile_) / sum : 0;
  for (const OperatorTime& time : *profile) whole.times[time.step.name] += unit * time.median_us;
  return whole;
}

void Attempts::Dismiss(size_t attempt) {
  models_.erase(recipes_[attempt].Key());
  considered_.erase(std::remove(considered_.begin(), considered_.end(), attempt),
                    considered_.end());
}

absl::Status Attempts::MeasureFinalists() {
  return considered_.size() < 2 ? absl::OkStatus() : MeasureAnew(considered_, "latencies of all: ");
}

absl::StatusOr<size_t> Attempts::FasterOf(size_t a, size_t b) {
  absl::Status status = MeasureAnew({a, b}, "latencies of two: ");
  if (!status.ok()) return status;
  return *steps_[b].latency_ms < *steps_[a].latency_ms ? b : a;
}

// In turns with the float model. The journal's name for it begins with `name`.
absl::Status Attempts::MeasureAnew(absl::Span<const size_t> measured, const std::string& name) {
  std::vector<size_t> attempts = {0};
  attempts.insert(attempts.end(), measured.begin(), measured.end());
  const std::string entry =
      absl::StrCat(name, absl::StrJoin(attempts, ", ", [&](std::string* out, size_t attempt) {
                     absl::StrAppend(out, attempt == 0 ? "float" : recipes_[attempt].Key());
                   }));
  const absl::StatusOr<std::vector<double>> ms =
      Latencies(attempts, options_.latency_seconds * static_cast<double>(attempts.size()), entry);
  if (!ms.ok()) return ms.status();
  if (ms->size() != attempts.size()) return journal_.Damaged(entry);
  for (size_t i = 1; i < attempts.size(); ++i) {
    steps_[attempts[i]].float_latency_ms = (*ms)[0];
    steps_[attempts[i]].latency_ms = (*ms)[i];
  }
  return absl::OkStatus();
}

void Attempts::AddRemark(size_t attempt, absl::string_view remark) {
  std::string& text = steps_[attempt].remark;
  absl::StrAppend(&text, text.empty() ? "" : "; ", remark);
}

bool Attempts::IsFaster(size_t attempt) const {
  return steps_[attempt].latency_ratio().value_or(1) <= 1 - options_.least_gain;
}

bool Attempts::has_classes() const {
  return steps_[0].accuracy.top1.has_value() || !graph_.labels.empty();
}

double Attempts::Decibels(size_t attempt) const {
  return steps_[attempt].accuracy.sqnr_db.value_or(0);
}

bool Attempts::ReachesGoal(size_t attempt) const {
  if (options_.budget.any()) return steps_[attempt].met();
  return Decibels(attempt) >= (has_classes() ? options_.classes_goal_db : options_.goal_db);
}

bool Attempts::Better(size_t a, size_t b) const {
  const RoadStep &left = steps_[a], &right = steps_[b];
  if (left.met() != right.met()) return left.met();
  if (has_classes() && left.accuracy.agreement != right.accuracy.agreement) {
    return left.accuracy.agreement > right.accuracy.agreement;
  }
  return Decibels(a) > Decibels(b);
}

size_t Attempts::Best() const {
  // Keeps those for which `wanted` holds, unless it holds for none.
  std::vector<size_t> pool = considered_;
  const auto prefer = [&](auto wanted) {
    std::vector<size_t> kept;
    std::copy_if(pool.begin(), pool.end(), std::back_inserter(kept), wanted);
    if (!kept.empty()) pool = std::move(kept);
  };
  prefer([&](size_t attempt) { return IsFaster(attempt); });
  if (!options_.budget.any()) prefer([&](size_t attempt) { return ReachesGoal(attempt); });
  size_t best = 0;
  for (size_t attempt : pool) {
    if (best == 0 || Better(attempt, best)) best = attempt;
  }
  if (best == 0 || options_.budget.any()) return best;
  const double enough = Decibels(best) - options_.near_best_db;
  for (size_t attempt : pool) {
    const bool near = Decibels(attempt) >= enough;
    if (near && *steps_[attempt].latency_ms < *steps_[best].latency_ms) best = attempt;
  }
  return best;
}

std::string Attempts::CostlyOperators() const {
  constexpr size_t kShown = 3;
  std::vector<OperatorTime> times = profile_;
  double total = 0;
  for (const OperatorTime& t : times) total += t.median_us;
  std::stable_sort(times.begin(), times.end(), [](const OperatorTime& a, const OperatorTime& b) {
    return a.median_us > b.median_us;
  });
  times.resize(std::min(times.size(), kShown));
  return absl::StrCat("costly: ",
                      absl::StrJoin(times, ", ", [&](std::string* out, const OperatorTime& t) {
                        absl::StrAppendFormat(out, "%s %s %.0f%%", t.step.type, t.step.name,
                                              total > 0 ? 100 * t.median_us / total : 0);
                      }));
}

void Attempts::Announce() {
  for (; announced_ < steps_.size(); ++announced_) {
    if (options_.on_step) options_.on_step(steps_[announced_]);
  }
}

}  // namespace octet

#include "tools/quantize/mixtures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace octet {
namespace {

// An operator in 8 bits is taken to need this share of its time in float at most: how much less it
// needs is measured for the model as a whole, where other operators have their part.
constexpr double kLeastGainOf8Bits = 0.95;

}  // namespace

absl::Status Mixtures::Search(const std::vector<LayerSensitivity>& sensitivity) {
  const UpgradePath path = PlanUpgrades(OptionsOfOperators(sensitivity));
  // The last one would leave nothing that is quantized.
  if (path.upgrades.size() < 2) return absl::OkStatus();
  const size_t most = path.upgrades.size() - 1;
  const auto holds = [&](size_t count) { return Try(AfterUpgrades(path, count)); };
  return FindLeast(most, FirstGuess(path), holds, out_of_time_).status();
}

absl::StatusOr<bool> Mixtures::Try(const std::vector<OperatorPrecision>& precisions) {
  Recipe recipe = StaticRecipe();
  recipe.precision.assign(graph_.nodes.size(), Precision::kInt8);
  std::vector<std::string> wide;
  int dynamic = 0;
  for (const OperatorPrecision& p : precisions) {
    recipe.precision[static_cast<size_t>(p.node)] = p.precision;
    if (p.precision == Precision::kFloat) {
      wide.push_back(graph_.nodes[static_cast<size_t>(p.node)].name);
    }
    dynamic += p.precision == Precision::kDynamic;
  }
  const std::string name = absl::StrCat("mixed, ", wide.size(), " in float, ", dynamic, " dynamic");
  const absl::StatusOr<std::vector<size_t>> judged = attempts_.Judge({{name, recipe}});
  if (!judged.ok()) return judged.status();
  if (judged->empty()) return true;  // all are in float
  const size_t attempt = judged->front();
  const bool reached = attempts_.ReachesGoal(attempt);
  if (reached) {
    absl::Status status = attempts_.Consider(attempt);
    if (!status.ok()) return status;
    if (!wide.empty()) {
      std::string& remark = attempts_.step(attempt).remark;
      absl::StrAppend(&remark, remark.empty() ? "" : "; ", "in float: ", absl::StrJoin(wide, ", "));
    }
    // The one before it took more time.
    if (found_ != 0) attempts_.Dismiss(found_);
    found_ = attempt;
  } else {
    attempts_.Dismiss(attempt);
  }
  attempts_.Announce();
  return reached;
}

// What each operator costs in each precision. Times are shares of the float profile.
std::vector<OperatorOptions> Mixtures::OptionsOfOperators(
    const std::vector<LayerSensitivity>& sensitivity) const {
  std::map<std::string, double> times;
  for (const OperatorTime& time : attempts_.profile()) times[time.step.name] += time.median_us;
  std::map<int, OperatorOptions> operators;
  for (const LayerSensitivity& s : sensitivity) {
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
double Mixtures::ShareOf(Precision precision) const {
  const size_t attempt =
      precision == Precision::kDynamic ? parts_.dynamic_attempt : parts_.static_attempt;
  if (attempt == 0) return kLeastGainOf8Bits;
  const absl::optional<double> ratio = attempts_.steps()[attempt].latency_ratio();
  return std::min(ratio.value_or(kLeastGainOf8Bits), kLeastGainOf8Bits);
}

// How many upgrades should do, by the noises of the operators alone.
size_t Mixtures::FirstGuess(const UpgradePath& path) const {
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

absl::StatusOr<std::vector<LayerSensitivity>> Mixtures::MeasureSensitivity() {
  const absl::StatusOr<std::vector<OperatorPrecision>> changes = Changes();
  if (!changes.ok()) return changes.status();
  if (changes->empty()) return std::vector<LayerSensitivity>();
  const Recipe recipe = StaticRecipe();
  const auto name = [&](const OperatorPrecision& change) {
    return absl::StrCat("sensitivity ", recipe.Key(), " ", change.node, " ",
                        Name(change.precision));
  };
  SensitivityOptions options;
  options.run = options_.quantizer.run;
  options.progress = options_.ProgressOf("sensitivity");
  options.stop = out_of_time_;
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
  const auto affordable = static_cast<int64_t>(1000 * options_.sensitivity_seconds / milliseconds);
  constexpr int64_t kLeast = 4;
  const FirstSamples some(evaluation_,
                          std::min(options_.sensitivity_samples, std::max(affordable, kLeast)));
  return octet::MeasureSensitivity(
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
}

// The precisions that there are to choose from beside float, per operator. What the overrides
// decide is not asked.
absl::StatusOr<std::vector<OperatorPrecision>> Mixtures::Changes() {
  // Refinement may put further operators between those of the graph; the same ones have kernels.
  const absl::StatusOr<const StaticQuantizer*> quantizer =
      maker_.QuantizerFor(StaticRecipe().calibrator, /*refined=*/false);
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

Recipe Mixtures::StaticRecipe() const {
  return parts_.static_attempt != 0 ? attempts_.recipe(parts_.static_attempt) : Recipe();
}

}  // namespace octet

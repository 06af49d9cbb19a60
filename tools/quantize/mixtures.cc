#include "tools/quantize/mixtures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/lower/halves.h"
#include "runtime/model_internal.h"
#include "tools/convert/precise.h"

namespace octet {
namespace {

// How a precision is called in the name of a mixture.
std::string CountOf(int count, Precision precision) {
  return absl::StrCat(count, precision == Precision::kDynamic ? " " : " in ", Name(precision));
}

}  // namespace

absl::Status Mixtures::Search(const std::vector<LayerSensitivity>& sensitivity) {
  absl::StatusOr<std::vector<OperatorOptions>> operators = OptionsOfOperators(sensitivity);
  if (!operators.ok()) return operators.status();
  absl::Status status = SearchAmong(*operators);
  const size_t found = found_;
  if (!status.ok() || out_of_time_() || !Has16Bits(found)) return status;
  // What conversions cost where types meet is in no operator's time: those of 16 bits may gain less
  // than they seem to.
  for (OperatorOptions& op : *operators) {
    op.options.erase(std::remove_if(op.options.begin(), op.options.end(),
                                    [](const PrecisionOption& o) {
                                      return o.precision != Precision::kFloat &&
                                             !Has8Bits(o.precision);
                                    }),
                     op.options.end());
  }
  found_ = 0;
  status = SearchAmong(*operators);
  if (!status.ok() || found_ == 0) return status;
  const absl::StatusOr<size_t> faster = attempts_.FasterOf(found, found_);
  if (!faster.ok()) return faster.status();
  attempts_.Dismiss(*faster == found ? found_ : found);
  return absl::OkStatus();
}

bool Mixtures::Has16Bits(size_t attempt) const {
  if (attempt == 0) return false;
  const std::vector<Precision>& precision = attempts_.recipe(attempt).precision;
  return std::any_of(precision.begin(), precision.end(),
                     [](Precision p) { return IsInt16(p) || IsHalf(p); });
}

// Finds the fastest mixture of these options that reaches the goal.
absl::Status Mixtures::SearchAmong(const std::vector<OperatorOptions>& operators) {
  const UpgradePath path = PlanUpgrades(operators);
  // The last one would leave nothing that is quantized.
  if (path.upgrades.size() < 2) return absl::OkStatus();
  const size_t most = path.upgrades.size() - 1;
  const auto holds = [&](size_t count) { return Try(AfterUpgrades(path, count)); };
  return FindLeast(most, FirstGuess(path), holds, out_of_time_).status();
}

absl::StatusOr<bool> Mixtures::Try(const std::vector<OperatorPrecision>& precisions) {
  const absl::StatusOr<const StaticQuantizer*> quantizer =
      maker_.QuantizerFor(StaticRecipe().calibrator, /*refined=*/false);
  if (!quantizer.ok()) return quantizer.status();
  Recipe recipe = StaticRecipe();
  for (const auto& choice : (*quantizer)->overrides().operators) {
    recipe.precision.push_back(choice.precision.value_or(Precision::kInt8));
  }
  recipe.precision.resize(graph_.nodes.size(), Precision::kInt8);
  std::map<Precision, std::vector<std::string>> exceptions;
  for (const OperatorPrecision& p : precisions) {
    recipe.precision[static_cast<size_t>(p.node)] = p.precision;
    exceptions[p.precision].push_back(graph_.nodes[static_cast<size_t>(p.node)].name);
  }
  std::string name = "mixed", remark;
  for (Precision p : kExceptions) {
    const std::vector<std::string>& names = exceptions[p];
    if (names.empty()) continue;
    absl::StrAppend(&name, ", ", CountOf(static_cast<int>(names.size()), p));
    if (p == Precision::kDynamic) continue;
    absl::StrAppend(&remark, remark.empty() ? "" : "; ", "in ", Name(p), ": ",
                    absl::StrJoin(names, ", "));
  }
  const absl::StatusOr<std::vector<size_t>> judged = attempts_.Judge({{name, recipe}});
  if (!judged.ok()) return judged.status();
  if (judged->empty()) return true;  // nothing has integers
  const size_t attempt = judged->front();
  const bool reached = attempts_.ReachesGoal(attempt);
  if (reached) {
    absl::Status status = attempts_.Consider(attempt);
    if (!status.ok()) return status;
    if (!remark.empty()) {
      std::string& text = attempts_.step(attempt).remark;
      absl::StrAppend(&text, text.empty() ? "" : "; ", remark);
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

std::vector<Precision> Mixtures::Mix() const {
  if (options_.mix) return *options_.mix;
  std::vector<Precision> mix = {Precision::kDynamic};
  if (options_.quantizer.activations != DataType::kS16) mix.push_back(Precision::kInt16);
  const Target target = options_.quantizer.target;
  const absl::StatusOr<CpuFeatures> cpu = CpuFeatures::Capped(IsaOf(attempts_.float_model()));
  if (target == Target::kAvx2 || target == Target::kVnni || !cpu.ok()) return mix;
  const NativeHalves native = NativeHalvesOf(*cpu, options_.quantizer.run.deterministic);
  if (native.bf16) mix.push_back(Precision::kBF16);
  if (native.f16) mix.push_back(Precision::kF16);
  return mix;
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
  const std::vector<Precision> mix = Mix();
  const auto may_be = [&](Precision p) { return std::count(mix.begin(), mix.end(), p) > 0; };
  const std::vector<bool> precise = PreciseTensors(graph_);
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
    if (anchor && may_be(Precision::kInt16) && has_kernel(Precision::kInt16)) {
      changes.push_back({static_cast<int>(i), Precision::kInt16});
    }
    for (Precision half : {Precision::kBF16, Precision::kF16}) {
      if (HasOwnPrecision(graph_, node) && may_be(half) && CanBeHalf(graph_, node, precise)) {
        changes.push_back({static_cast<int>(i), half});
      }
    }
    if (may_be(Precision::kDynamic) && CanBeDynamic(graph_, node) &&
        has_kernel(Precision::kDynamic)) {
      changes.push_back({static_cast<int>(i), Precision::kDynamic});
    }
  }
  return changes;
}

Recipe Mixtures::StaticRecipe() const {
  return static_attempt_ != 0 ? attempts_.recipe(static_attempt_) : Recipe();
}

}  // namespace octet

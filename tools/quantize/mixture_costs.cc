#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/quantize/mixtures.h"

// What operators cost in each precision.

namespace octet {
namespace {

// An operator in 8 bits is taken to need this share of its time in float at most, so that small
// ones do not become float by chance, with conversions around them.
constexpr double kLeastGainOf8Bits = 0.95;
// And one in 16 bits this multiple of its share in 8 bits at least, for the same reason.
constexpr double kLeastCostOf16Bits = 1.05;

}  // namespace

Recipe Mixtures::WholeRecipe(Precision precision) const {
  Recipe recipe = StaticRecipe();
  if (precision == Precision::kDynamic) recipe.method = "dynamic";
  const bool is_method = precision == Precision::kInt8 || precision == Precision::kDynamic;
  if (!is_method) recipe.precision.assign(graph_.nodes.size(), precision);
  return recipe;
}

// Operators that are alike in what a precision gains for them.
std::string Mixtures::KindOf(const Node& node) const {
  const bool grouped =
      node.type() == OpType::ConvOptions && node.as<schema::ConvOptionsT>().groups != 1;
  return absl::StrCat(std::string(Name(node.type())), grouped ? " in groups" : "");
}

// What products of each kind take in that precision, over what they take in float: the times of
// single ones are too uncertain to choose between them. Where products became one step, or there
// are none, it is what the whole model takes. What the rest of the network takes more or less,
// which is conversions and operators that follow, counts as time of the products, for whose sake it
// changes.
absl::StatusOr<std::map<std::string, double>> Mixtures::SharesIn(
    Precision precision, const std::map<std::string, double>& float_times) {
  absl::StatusOr<Attempts::WholeModel> whole = attempts_.MeasureTimes(WholeRecipe(precision));
  if (!whole.ok()) return whole.status();
  std::map<std::string, double> taken, in_float, shares;
  double products = 0, products_in_float = 0;
  for (const Node& node : graph_.nodes) {
    if (!HasOwnPrecision(graph_, node)) continue;
    const auto before = float_times.find(node.name);
    const auto after = std::as_const(whole->times).find(node.name);
    const std::string kind = KindOf(node);
    shares[kind] = whole->ratio;
    if (before == float_times.end() || after == whole->times.end()) continue;
    in_float[kind] += before->second;
    taken[kind] += after->second;
    products += after->second;
    products_in_float += before->second;
  }
  const auto total = [](const std::map<std::string, double>& times) {
    double sum = 0;
    for (const auto& [name, time] : times) sum += time;
    return sum;
  };
  const double rest_in_float = total(float_times) - products_in_float;
  const double more = total(whole->times) - products - rest_in_float;
  constexpr double kLeast = 0.25, kMost = 4;  // whatever the measurements say
  const double factor = products > 0 ? std::clamp((products + more) / products, kLeast, kMost) : 1;
  for (const auto& [kind, time] : in_float) {
    if (time > 0) shares[kind] = factor * taken[kind] / time;
  }
  return shares;
}

// What each operator costs in each precision. Times are in units of the float profile.
absl::StatusOr<std::vector<OperatorOptions>> Mixtures::OptionsOfOperators(
    const std::vector<LayerSensitivity>& sensitivity) {
  std::map<std::string, double> times;
  for (const OperatorTime& time : attempts_.profile()) times[time.step.name] += time.median_us;
  std::map<Precision, std::map<std::string, double>> shares;
  std::map<int, OperatorOptions> operators;
  for (const LayerSensitivity& s : sensitivity) {
    if (shares.count(s.precision) == 0) {
      absl::StatusOr<std::map<std::string, double>> measured = SharesIn(s.precision, times);
      if (!measured.ok()) return measured.status();
      shares[s.precision] = *std::move(measured);
    }
    const auto time = times.find(s.op);
    const double us = time != times.end() ? time->second : 1;
    OperatorOptions& op = operators[s.node];
    if (op.options.empty()) op = {s.node, {{Precision::kFloat, 0, us}}};
    const std::string kind = KindOf(graph_.nodes[static_cast<size_t>(s.node)]);
    const auto share = [&](Precision p) {
      const auto known = shares.find(p);
      return known == shares.end() ? 0.0 : known->second.at(kind);
    };
    const double least = std::min(share(Precision::kInt8), kLeastGainOf8Bits);
    const bool wide = IsInt16(s.precision) || IsHalf(s.precision);
    const double own = wide ? std::max(share(s.precision), least * kLeastCostOf16Bits)
                            : std::min(share(s.precision), kLeastGainOf8Bits);
    op.options.push_back({s.precision, NoiseOf(s.sqnr_db), us * own});
  }
  std::vector<OperatorOptions> result;
  for (auto& [node, op] : operators) result.push_back(std::move(op));
  return result;
}

}  // namespace octet

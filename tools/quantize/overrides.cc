#include "tools/quantize/overrides.h"

#include <algorithm>
#include <functional>
#include <regex>

#include "absl/strings/str_cat.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

// std::regex recurses once per character that it matches.
constexpr size_t kMaxNameLength = 1000;
constexpr size_t kMaxPatternLength = 500;

using NameTest = std::function<bool(const std::string&)>;

// A test whether the whole of a name matches the regular expression (ECMAScript).
absl::StatusOr<NameTest> PatternTest(const std::string& pattern) {
  if (pattern.size() > kMaxPatternLength) {
    return absl::InvalidArgumentError(
        absl::StrCat("a pattern has at most ", kMaxPatternLength, " characters"));
  }
  try {
    const std::regex regex(pattern, std::regex::ECMAScript);
    return NameTest([regex](const std::string& name) {
      return name.size() <= kMaxNameLength && std::regex_match(name, regex);
    });
  } catch (const std::regex_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("bad regular expression /", pattern, "/: ", error.what()));
  }
}

absl::StatusOr<NameTest> TestOf(const Override& line) {
  if (line.selector == OverrideSelector::kOperatorPattern ||
      line.selector == OverrideSelector::kTensorPattern) {
    return PatternTest(line.pattern);
  }
  return NameTest([pattern = line.pattern](const std::string& name) { return name == pattern; });
}

class Resolver {
 public:
  Resolver(const Graph& graph, const RangeRule& common) : graph_(graph), common_(common) {
    result_.operators.resize(graph.nodes.size());
  }

  absl::Status Apply(const Override& line) {
    absl::StatusOr<NameTest> test = TestOf(line);
    if (!test.ok()) return test.status();
    const bool tensors = line.selector == OverrideSelector::kTensor ||
                         line.selector == OverrideSelector::kTensorPattern;
    return tensors ? ApplyToTensors(line, *test) : ApplyToOperators(line, *test);
  }

  GraphOverrides Take() { return std::move(result_); }

 private:
  absl::Status ApplyToOperators(const Override& line, const NameTest& test) {
    const bool by_type = line.selector == OverrideSelector::kType;
    bool matched = false, weighted = false;
    std::vector<TensorId> tensors;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (!test(by_type ? std::string(Name(node.type())) : node.name)) continue;
      matched = true;
      GraphOverrides::OperatorChoice& choice = result_.operators[i];
      if (line.settings.precision) {
        choice.precision = line.settings.precision;
        choice.precision_place = line.place;
      }
      if (line.settings.weights && RoleOf(graph_, node) == Int8Role::kAnchor) {
        choice.weights = line.settings.weights;
        weighted = true;
      }
      tensors.insert(tensors.end(), node.outputs.begin(), node.outputs.end());
    }
    if (!matched) return Unmatched(line, by_type ? "no operator of type" : "no operator");
    if (line.settings.weights && !weighted) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", line.pattern, "' has no constant weights to quantize per tensor or per channel"));
    }
    return ApplyRanges(line, std::move(tensors));
  }

  absl::Status ApplyToTensors(const Override& line, const NameTest& test) {
    std::vector<TensorId> tensors;
    for (size_t i = 0; i < graph_.tensors.size(); ++i) {
      const Tensor& t = graph_.tensors[i];
      if (!t.is_constant() && test(t.name)) tensors.push_back(static_cast<TensorId>(i));
    }
    return tensors.empty() ? Unmatched(line, "no tensor") : ApplyRanges(line, std::move(tensors));
  }

  absl::Status ApplyRanges(const Override& line, std::vector<TensorId> tensors) {
    if (!line.settings.about_tensors()) return absl::OkStatus();
    for (TensorId id : tensors) {
      absl::Status status = ApplyToTensor(line.settings, id);
      if (!status.ok()) return status;
    }
    result_.range_lines.push_back({line.place, std::move(tensors)});
    return absl::OkStatus();
  }

  absl::Status ApplyToTensor(const OverrideSettings& settings, TensorId id) {
    RangeRule& rule = result_.tensors.emplace(id, common_).first->second;
    if (settings.calibrator) rule.calibrator.kind = *settings.calibrator;
    if (settings.percentile) rule.calibrator.percentile = *settings.percentile;
    if (settings.calibrator || settings.percentile) rule.fixed = absl::nullopt;
    if (settings.range) rule.fixed = settings.range;
    if (settings.symmetric) rule.scheme.symmetric = *settings.symmetric;
    return CheckScheme(rule.scheme);
  }

  static absl::Status Unmatched(const Override& line, const char* what) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model has ", what, " '", line.pattern, "'"));
  }

  const Graph& graph_;
  const RangeRule& common_;
  GraphOverrides result_;
};

}  // namespace

absl::StatusOr<GraphOverrides> ResolveOverrides(const std::vector<Override>& overrides,
                                                const Graph& graph, const RangeRule& common) {
  Resolver resolver(graph, common);
  for (const Override& line : overrides) {
    absl::Status status = resolver.Apply(line);
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat(line.place, ": ", status.message()));
    }
  }
  return resolver.Take();
}

std::vector<WeightGranularity> GraphOverrides::WeightsOr(WeightGranularity common) const {
  std::vector<WeightGranularity> result;
  for (const OperatorChoice& choice : operators) result.push_back(choice.weights.value_or(common));
  return result;
}

absl::Status CheckOverrides(const Graph& graph, const GraphOverrides& overrides,
                            const std::vector<Precision>& precision) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphOverrides::OperatorChoice& choice = overrides.operators[i];
    const Precision wanted = choice.precision.value_or(Precision::kFloat);
    if (wanted == Precision::kDynamic && precision[i] != Precision::kDynamic) {
      return absl::InvalidArgumentError(absl::StrCat(
          choice.precision_place, ": operator '", graph.nodes[i].name,
          "' cannot be dynamic: there is no kernel for it, or it has no constant weights"));
    }
    if (IsHalf(wanted) && precision[i] != wanted) {
      return absl::InvalidArgumentError(absl::StrCat(
          choice.precision_place, ": operator '", graph.nodes[i].name, "' cannot be ", Name(wanted),
          ": its result is no real number, is an output of the model, or needs the precision of "
          "f32"));
    }
    const bool as_wanted =
        wanted == Precision::kInt16 ? IsStatic(precision[i]) : precision[i] != Precision::kFloat;
    if (wanted == Precision::kFloat || as_wanted) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        choice.precision_place, ": operator '", graph.nodes[i].name, "' cannot be ", Name(wanted),
        ": there is no kernel for it, it has no constant weights, or it does not stand between "
        "operators that are int8"));
  }
  const std::vector<TensorId> stored = IntegerTensors(graph, precision);
  for (const GraphOverrides::RangeLine& line : overrides.range_lines) {
    const bool effective = std::any_of(line.tensors.begin(), line.tensors.end(), [&](TensorId id) {
      return std::binary_search(stored.begin(), stored.end(), id);
    });
    if (effective) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        line.place, ": tensor '", graph.tensor(line.tensors[0]).name,
        line.tensors.size() > 1 ? "' and all others of this line stay float and have no range"
                                : "' stays float and has no range"));
  }
  return absl::OkStatus();
}

}  // namespace octet

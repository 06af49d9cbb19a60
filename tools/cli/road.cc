#include "tools/cli/road.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/report/bytes.h"

namespace octet::cli {
namespace {

using nlohmann::json;

// "0.5%" or "0.005", from 0 to 1.
absl::Status ParseShare(const char* flag, const std::string& text, absl::optional<double>& target) {
  if (text.empty()) return absl::OkStatus();
  absl::string_view number = text;
  const bool percent = absl::ConsumeSuffix(&number, "%");
  double value = 0;
  if (!absl::SimpleAtod(number, &value) || !(value >= 0) || value > (percent ? 100 : 1)) {
    return UsageError(absl::StrCat("--", flag, ": '", text, "' is no share like 0.5% or 0.005"));
  }
  target = percent ? value / 100 : value;
  return absl::OkStatus();
}

absl::Status ParseDecibels(const std::string& text, absl::optional<double>& target) {
  if (text.empty()) return absl::OkStatus();
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) {
    return UsageError(absl::StrCat("--min-sqnr: '", text, "' is no number of dB"));
  }
  target = value;
  return absl::OkStatus();
}

absl::Status ParseSeconds(const std::string& text, absl::optional<double>& target) {
  if (text.empty()) return absl::OkStatus();
  absl::Duration duration;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds)) {
    duration = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &duration)) {
    duration = absl::ZeroDuration();
  }
  if (duration <= absl::ZeroDuration()) {
    return UsageError(absl::StrCat("--budget: '", text, "' is no time like 90s or 5m"));
  }
  target = absl::ToDoubleSeconds(duration);
  return absl::OkStatus();
}

std::string Number(absl::optional<double> value, int digits) {
  if (!value) return "-";
  if (std::isinf(*value)) return "equal";
  return absl::StrFormat("%.*f", digits, *value);
}

// JSON has no infinity: equal outputs give null.
json NumberOrNull(absl::optional<double> value) {
  return value && std::isfinite(*value) ? json(*value) : json(nullptr);
}

std::string Summary(const RoadResult& result) {
  const RoadStep& step = result.steps[result.chosen];
  std::string text = absl::StrCat("chosen: ", step.name);
  if (const absl::optional<double> ratio = step.latency_ratio()) {
    absl::StrAppendFormat(&text, ", %.2f times as fast as float", 1 / *ratio);
  }
  for (Precision precision : kExceptions) {
    const std::vector<std::string> names = OperatorsWith(precision, result.exceptions);
    if (names.empty()) continue;
    absl::StrAppend(&text,
                    precision == Precision::kFloat ? "; left in float: "
                    : precision == Precision::kDynamic
                        ? "; dynamic: "
                        : absl::StrCat("; in ", Name(precision), ": "),
                    absl::StrJoin(names, ", "));
  }
  return text;
}

absl::Status ParseMix(const std::string& text, absl::optional<std::vector<Precision>>& mix) {
  if (text.empty()) return absl::OkStatus();
  mix.emplace();
  for (absl::string_view name : absl::StrSplit(text, ',')) {
    const absl::optional<Precision> precision = ExceptionNamed(name);
    if (!precision) {
      return UsageError(absl::StrCat("--mix: there is no precision '", name,
                                     "'; there are: float, dynamic, int16, bf16, f16"));
    }
    // Float and int8 are always there.
    if (*precision != Precision::kFloat && *precision != Precision::kInt8) {
      mix->push_back(*precision);
    }
  }
  return absl::OkStatus();
}

}  // namespace

void RoadFlags::Register(FlagSet& flags) {
  flags.Text("evaluation", "DIR|FILE", "what attempts are judged on (default: --data)",
             &evaluation);
  flags.Text("max-drop", "SHARE", "top-1 may drop by this, e.g. 0.5%; needs classes", &max_drop);
  flags.Text("min-agreement", "SHARE", "samples with the float model's top-1, e.g. 98.5%",
             &min_agreement);
  flags.Text("min-sqnr", "DB", "signal to noise of the outputs, e.g. 22", &min_sqnr);
  flags.Text("min-cosine", "C", "mean cosine to the float model's outputs, e.g. 0.998",
             &min_cosine);
  flags.Text("budget", "TIME", "stop searching after this time, e.g. 5m", &time_limit);
  flags.Text("report", "FILE.html", "write a page about what was tried and chosen", &report);
  flags.Text("resume", "FILE", "keep what was measured in FILE; where it exists, go on from there",
             &resume);
  flags.Text("exclude-list", "FILE", "write the most sensitive operators as lines for --overrides",
             &exclude_list);
  flags.Text("mix", "LIST",
             "precisions that mixtures may have beside int8: float, dynamic, int16, bf16, f16 "
             "(default: all that this CPU computes as they are)",
             &mix);
  flags.Switch("sensitivity", "measure what each operator costs even where all is well",
               &sensitivity);
}

bool RoadFlags::any() const {
  const std::string* const texts[] = {&evaluation,   &max_drop,   &min_agreement, &min_sqnr,
                                      &min_cosine,   &time_limit, &report,        &resume,
                                      &exclude_list, &mix};
  return sensitivity || std::any_of(std::begin(texts), std::end(texts),
                                    [](const std::string* text) { return !text->empty(); });
}

absl::StatusOr<RoadOptions> RoadFlags::Options() const {
  RoadOptions options;
  absl::Status status = ParseShare("max-drop", max_drop, options.budget.max_drop);
  if (status.ok()) {
    status = ParseShare("min-agreement", min_agreement, options.budget.min_agreement);
  }
  if (status.ok()) status = ParseDecibels(min_sqnr, options.budget.min_sqnr_db);
  if (status.ok()) status = ParseShare("min-cosine", min_cosine, options.budget.min_cosine);
  if (status.ok()) status = ParseSeconds(time_limit, options.time_limit_seconds);
  if (status.ok()) status = ParseMix(mix, options.mix);
  if (!status.ok()) return status;
  options.always_measure_sensitivity = sensitivity || !report.empty() || !exclude_list.empty();
  options.resume = resume;
  return options;
}

absl::StatusOr<RoadResult> WalkRoadOnConsole(const Graph& graph, const SampleSource& calibration,
                                             const SampleSource& evaluation, RoadOptions options) {
  TaskLine line;
  options.progress = [&](const std::string& task, int64_t done, int64_t total) {
    line.Show(task, done, total);
  };
  options.on_step = [&](const RoadStep& step) {
    line.Clear();
    absl::FPrintF(stderr, "%s: %s%s%s\n", step.name,
                  step.accuracy.sqnr_db
                      ? absl::StrCat(Number(step.accuracy.sqnr_db, 2), " dB, agreement ",
                                     Number(step.accuracy.agreement, 4))
                      : absl::StrCat(Number(step.latency_ms, 3), " ms"),
                  step.remark.empty() ? "" : "; ", step.remark);
  };
  return WalkRoad(graph, calibration, evaluation, options);
}

std::string RoadText(const RoadResult& result) {
  const bool has_top1 = result.steps[0].accuracy.top1.has_value();
  std::vector<std::vector<std::string>> rows = {{"step", "agreement", "SQNR dB", "cosine",
                                                 "latency ms", "of float's", "weights", "took s",
                                                 ""}};
  if (has_top1) rows[0].insert(rows[0].begin() + 1, "top-1");
  for (size_t i = 0; i < result.steps.size(); ++i) {
    const RoadStep& s = result.steps[i];
    std::vector<std::string> row = {absl::StrCat(i == result.chosen ? "* " : "  ", s.name),
                                    Number(s.accuracy.agreement, 4),
                                    Number(s.accuracy.sqnr_db, 2),
                                    Number(s.accuracy.cosine_mean, 5),
                                    Number(s.latency_ms, 3),
                                    Number(s.latency_ratio(), 2),
                                    FormatBytes(s.weights_bytes),
                                    Number(s.seconds, 1),
                                    s.remark};
    if (has_top1) row.insert(row.begin() + 1, Number(s.accuracy.top1, 4));
    rows.push_back(std::move(row));
  }
  return absl::StrCat(result.resumed > 0
                          ? absl::StrCat("resumed: ", result.resumed, " measurements were known\n")
                          : "",
                      FormatTable(rows), Summary(result), "\n");
}

json RoadJson(const RoadResult& result, Target target) {
  json steps = json::array();
  for (const RoadStep& s : result.steps) {
    steps.push_back({{"name", s.name},
                     {"top1", NumberOrNull(s.accuracy.top1)},
                     {"agreement", NumberOrNull(s.accuracy.agreement)},
                     {"sqnr_db", NumberOrNull(s.accuracy.sqnr_db)},
                     {"cosine_mean", NumberOrNull(s.accuracy.cosine_mean)},
                     {"cosine_min", NumberOrNull(s.accuracy.cosine_min)},
                     {"latency_ms", NumberOrNull(s.latency_ms)},
                     {"float_latency_ms", NumberOrNull(s.float_latency_ms)},
                     {"weights_bytes", s.weights_bytes},
                     {"seconds", s.seconds},
                     {"missed", s.missed},
                     {"remark", s.remark}});
  }
  json sensitivity = json::array();
  for (const LayerSensitivity& layer : result.sensitivity) {
    sensitivity.push_back({{"operator", layer.op},
                           {"precision", std::string(Name(layer.precision))},
                           {"sqnr_db", NumberOrNull(layer.sqnr_db)}});
  }
  return json({{"met", result.met},
               {"chosen", result.steps[result.chosen].name},
               {"steps", steps},
               {"out_of_time", result.out_of_time},
               {"sensitivity", sensitivity},
               {"left_in_float", OperatorsWith(Precision::kFloat, result.exceptions)},
               {"dynamic", OperatorsWith(Precision::kDynamic, result.exceptions)},
               {"in_int16", OperatorsWith(Precision::kInt16, result.exceptions)},
               {"in_bf16", OperatorsWith(Precision::kBF16, result.exceptions)},
               {"in_f16", OperatorsWith(Precision::kF16, result.exceptions)},
               {"target", std::string(Name(target))},
               {"at_risk_without_vnni", result.report.at_risk},
               {"limited_for_target", result.report.limited},
               {"resumed", result.resumed},
               {"int8_operators", result.report.int8_operators},
               {"float_operators", result.report.float_operators},
               {"int16_operators", result.report.int16_operators},
               {"bf16_operators", result.report.bf16_operators},
               {"f16_operators", result.report.f16_operators},
               {"conversions", result.report.conversions},
               {"samples", result.statistics.samples}});
}

}  // namespace octet::cli

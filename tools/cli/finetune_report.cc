#include "tools/cli/finetune_report.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/cli/console.h"

namespace octet::cli {
namespace {

std::string Decibels(const absl::optional<double>& value) {
  if (!value) return "";
  return std::isinf(*value) ? "equal" : absl::StrFormat("%.2f", *value);
}

std::string Share(const absl::optional<double>& value) {
  return value ? absl::StrFormat("%.4f", *value) : "";
}

// JSON has no infinity: equal outputs give null.
nlohmann::json ScoreJson(const Score& score) {
  nlohmann::json json = nlohmann::json::object();
  const auto add = [&](const char* key, const absl::optional<double>& value) {
    if (!value) return;
    json[key] = nullptr;
    if (std::isfinite(*value)) json[key] = *value;
  };
  add("agreement", score.agreement);
  add("sqnr_db", score.sqnr_db);
  add("top1", score.top1);
  return json;
}

}  // namespace

nlohmann::json TrainingJson(const TrainResult& result) {
  return {{"epochs", result.epochs},
          {"best_epoch", result.best_epoch},
          {"stopped_early", result.stopped_early},
          {"before", ScoreJson(result.before)},
          {"after", ScoreJson(result.after)}};
}

nlohmann::json FinetuneJson(const FinetuneSummary& summary) {
  nlohmann::json json = TrainingJson(summary.result);
  json["output"] = summary.output;
  json["history"] = nlohmann::json::array();
  json["skipped"] = summary.skipped;
  for (const EpochReport& e : summary.epochs) {
    nlohmann::json entry = ScoreJson(e.score);
    entry["epoch"] = e.epoch;
    entry["loss"] = e.loss;
    entry["seconds"] = e.seconds;
    json["history"].push_back(std::move(entry));
  }
  return json;
}

std::string FinetuneText(const FinetuneSummary& summary) {
  const Score &before = summary.result.before, &after = summary.result.after;
  std::vector<std::vector<std::string>> rows = {{"", "before", "after"}};
  const auto add = [&](const char* title, const std::string& from, const std::string& to) {
    if (!to.empty()) rows.push_back({title, from, to});
  };
  add("agreement", Share(before.agreement), Share(after.agreement));
  add("SQNR in dB", Decibels(before.sqnr_db), Decibels(after.sqnr_db));
  add("top-1", Share(before.top1), Share(after.top1));
  std::string text = FormatTable(rows);
  for (const std::string& message : summary.skipped) {
    absl::StrAppend(&text, "skipped: ", message, "\n");
  }
  if (summary.judged_on_training_data) {
    text += "judged on the training data; --evaluation gives an independent figure\n";
  }
  absl::StrAppend(&text, "the best of ", summary.result.epochs, " epochs was ",
                  summary.result.best_epoch, summary.result.stopped_early ? " (stopped early)" : "",
                  "; wrote ", summary.output, "\n");
  return text;
}

std::string EpochText(const EpochReport& e) {
  std::string text = absl::StrFormat("epoch %d", e.epoch);
  const auto add = [&](const std::string& part) { absl::StrAppend(&text, "  ", part); };
  if (e.epoch > 0) add(absl::StrFormat("loss %.5f", e.loss));
  if (e.score.agreement) add("agreement " + Share(e.score.agreement));
  if (e.score.sqnr_db) add("SQNR " + Decibels(e.score.sqnr_db) + " dB");
  if (e.score.top1) add("top-1 " + Share(e.score.top1));
  if (e.epoch > 0) add(absl::StrFormat("%.1f s", e.seconds));
  if (e.epoch > 0 && e.best) add("best");
  return text;
}

}  // namespace octet::cli

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/evaluate/evaluate.h"

namespace octet::cli {
namespace {

struct Metric {
  const char* key;
  const char* title;
  absl::optional<double> value;
};

std::vector<Metric> MetricsOf(const Evaluation& e) {
  return {{"top1", "top-1", e.top1},
          {"top5", "top-5", e.top5},
          {"agreement", "agreement", e.agreement},
          {"sqnr_db", "SQNR in dB", e.sqnr_db},
          {"cosine_mean", "cosine, mean", e.cosine_mean},
          {"cosine_min", "cosine, least", e.cosine_min}};
}

// JSON has no infinity: equal outputs give null for sqnr_db.
void PrintJson(const Evaluation& evaluation) {
  nlohmann::json json = {{"samples", evaluation.samples}};
  for (const Metric& metric : MetricsOf(evaluation)) {
    if (!metric.value) continue;
    json[metric.key] = nullptr;
    if (std::isfinite(*metric.value)) json[metric.key] = *metric.value;
  }
  Print(json.dump(2) + "\n");
}

void PrintTable(const Evaluation& evaluation) {
  std::vector<std::vector<std::string>> rows = {{"samples", absl::StrCat(evaluation.samples)}};
  for (const Metric& metric : MetricsOf(evaluation)) {
    if (!metric.value) continue;
    rows.push_back({metric.title, std::isinf(*metric.value)
                                      ? "infinite: equal outputs"
                                      : absl::StrFormat("%.4f", *metric.value)});
  }
  Print(FormatTable(rows));
}

}  // namespace

absl::Status EvalCommand(absl::Span<const std::string> arguments) {
  FlagSet flags("eval MODEL.octet --data DIR|FILE.npz [--reference MODEL.octet] [flags]",
                "Measures accuracy on samples with classes, and closeness to a reference model.",
                "octet eval net.int8.octet --data evaluation/ --reference net.octet");
  CommonFlags common;
  std::string data, reference_path;
  EvaluateOptions options;
  flags.Text("data", "DIR|FILE",
             "pictures (classes in labels.csv or by subfolder) or arrays by input name", &data);
  flags.Text("reference", "FILE", "model to compare outputs with", &reference_path);
  flags.Integer("batch", "N", "samples per run; default 1", 1, 65536, &options.batch);
  common.Register(flags);
  absl::StatusOr<std::vector<std::string>> operands =
      ParseFlags(flags, common, arguments, 1, 1, "one model file");
  if (!operands.ok() || common.help) return operands.status();
  if (data.empty()) return UsageError("missing: --data DIR or --data FILE.npz");

  absl::StatusOr<std::shared_ptr<const Model>> model = LoadModel(operands->front(), common);
  if (!model.ok()) return model.status();
  std::shared_ptr<const Model> reference;
  if (!reference_path.empty()) {
    absl::StatusOr<std::shared_ptr<const Model>> loaded = LoadModel(reference_path, common);
    if (!loaded.ok()) return loaded.status();
    reference = *std::move(loaded);
  }
  absl::StatusOr<std::unique_ptr<SampleSource>> samples = OpenSamples(data, SpecOf(**model));
  if (!samples.ok()) return samples.status();
  absl::StatusOr<Evaluation> evaluation;
  {
    ProgressLine progress("evaluating");
    options.progress = [&](int64_t done, int64_t total) { progress.Show(done, total); };
    evaluation = Evaluate(**model, reference.get(), **samples, options);
  }
  if (!evaluation.ok()) return evaluation.status();
  if (!evaluation->top1 && !evaluation->agreement) {
    return UsageError("nothing to measure: the data have no classes; give --reference MODEL");
  }
  common.json ? PrintJson(*evaluation) : PrintTable(*evaluation);
  return absl::OkStatus();
}

}  // namespace octet::cli

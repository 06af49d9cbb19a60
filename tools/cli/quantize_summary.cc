#include "tools/cli/quantize_summary.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/cli/console.h"
#include "tools/cli/finetune_report.h"
#include "tools/report/bytes.h"

namespace octet::cli {

void PrintQuantizeSummary(const QuantizeRequest& request, const QuantizeSummary& made) {
  const QuantizerReport& report = made.report;
  const uint64_t before = FileSize(request.input);
  const uint64_t after = FileSize(request.output);
  const double ratio = before > 0 ? static_cast<double>(after) / static_cast<double>(before) : 0;
  if (request.common.json) {
    nlohmann::json json = {{"output", request.output},
                           {"samples", report.samples},
                           {"input_bytes", before},
                           {"output_bytes", after},
                           {"size_ratio", ratio},
                           {"operators", made.operators},
                           {"int8_operators", report.int8_operators},
                           {"float_operators", report.float_operators},
                           {"int16_operators", report.int16_operators},
                           {"bf16_operators", report.bf16_operators},
                           {"f16_operators", report.f16_operators},
                           {"conversions", report.conversions},
                           {"target", std::string(Name(request.options.target))},
                           {"at_risk_without_vnni", report.at_risk},
                           {"limited_for_target", report.limited},
                           {"skipped", made.skipped}};
    if (made.training) json["training"] = TrainingJson(*made.training);
    Print(json.dump(2) + "\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {
      {"", "before", "after"},
      {"file", FormatBytes(before),
       absl::StrCat(FormatBytes(after), absl::StrFormat(" (%.3f)", ratio))},
      {"int8 operators", "0", absl::StrCat(report.int8_operators)}};
  std::string named;
  size_t all = static_cast<size_t>(report.int8_operators) + report.float_operators.size();
  for (const auto& [title, names] :
       {std::pair("int16", &report.int16_operators), std::pair("bf16", &report.bf16_operators),
        std::pair("f16", &report.f16_operators)}) {
    all += names->size();
    if (names->empty()) continue;
    rows.push_back({absl::StrCat(title, " operators"), "0", absl::StrCat(names->size())});
    absl::StrAppend(&named, "in ", title, ": ", absl::StrJoin(*names, ", "), "\n");
  }
  rows.push_back(
      {"float operators", absl::StrCat(all), absl::StrCat(report.float_operators.size())});
  rows.push_back({"conversions", "0", absl::StrCat(report.conversions)});
  std::string text = FormatTable(rows);
  if (!report.float_operators.empty()) {
    absl::StrAppend(&text, "left in float: ", absl::StrJoin(report.float_operators, ", "), "\n");
  }
  text += named;
  absl::StrAppend(&text, SaturationText(report, request.options.target));
  for (const std::string& message : made.skipped) {
    absl::StrAppend(&text, "skipped: ", message, "\n");
  }
  if (made.training) {
    const TrainResult& t = *made.training;
    absl::StrAppend(&text, "trained, the best of ", t.epochs, " epochs was ", t.best_epoch, ": ");
    if (t.before.sqnr_db && t.after.sqnr_db) {
      absl::StrAppendFormat(&text, "SQNR %.2f dB before, %.2f dB after", *t.before.sqnr_db,
                            *t.after.sqnr_db);
    }
    text += "; judged on the training data\n";
  }
  if (!NeedsNoData(request.options.method)) {
    absl::StrAppend(&text, "calibrated with ", report.samples, " samples; ");
  }
  absl::StrAppend(&text, "wrote ", request.output, "\n");
  Print(text);
}

std::string SaturationText(const QuantizerReport& report, Target target) {
  std::string text;
  if (!report.at_risk.empty()) {
    const char* consequence =
        target == Target::kAny
            ? "CPUs without VNNI compute them exactly, in a slower way; --target avx2 avoids that"
            : "which does not matter on the target";
    absl::StrAppend(&text, report.at_risk.size(),
                    " layers could saturate 16-bit sums without VNNI (", consequence,
                    "): ", absl::StrJoin(report.at_risk, ", "), "\n");
  }
  if (!report.limited.empty()) {
    absl::StrAppend(&text, "weights of ", report.limited.size(),
                    " layers are limited, so that 16-bit sums cannot saturate: ",
                    absl::StrJoin(report.limited, ", "), "\n");
  }
  return text;
}

}  // namespace octet::cli

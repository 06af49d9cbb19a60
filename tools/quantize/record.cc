#include "tools/quantize/record.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace octet {
namespace {

std::vector<std::string> SettingsOf(const QuantizerOptions& options, const Statistics& statistics) {
  std::vector<std::string> lines;
  if (!NeedsNoData(options.method)) {
    if (options.calibrator.kind == CalibratorKind::kPercentile) {
      lines.push_back(absl::StrCat("--percentile ", options.calibrator.percentile));
    }
    if (options.calibrator.kind == CalibratorKind::kMovingAverage) {
      lines.push_back(absl::StrCat("--moving-average ", statistics.moving_average_constant));
    }
    if (options.symmetric_activations) lines.emplace_back("--scheme symmetric");
    const std::string refine = options.refine.ToString();
    if (!refine.empty()) lines.push_back(absl::StrCat("--refine ", refine));
    if (options.target != Target::kAny) {
      lines.push_back(absl::StrCat("--target ", Name(options.target)));
    }
  }
  for (const Override& line : options.overrides) lines.push_back(line.text);
  return lines;
}

}  // namespace

std::unique_ptr<schema::QuantizationRecordT> MakeRecord(const Graph& graph,
                                                        const Statistics& statistics,
                                                        const std::map<TensorId, Range>& observed,
                                                        const QuantizerOptions& options,
                                                        const std::vector<std::string>& more) {
  auto record = std::make_unique<schema::QuantizationRecordT>();
  std::vector<std::string> lines = SettingsOf(options, statistics);
  lines.insert(lines.end(), more.begin(), more.end());
  lines.insert(lines.begin(), options.method);
  record->method = absl::StrJoin(lines, "\n");
  record->weights =
      options.weights == WeightGranularity::kPerChannel ? "per-channel" : "per-tensor";
  if (options.weights_type == DataType::kS16) record->weights += " s16";
  if (NeedsNoData(options.method)) {
    record->activations = options.method == "dynamic" ? "u8" : "f32";
    return record;
  }
  record->calibrator = std::string(Name(options.calibrator.kind));
  record->activations = std::string(Name(options.activations));
  record->data_hash = statistics.data_hash;
  record->samples = statistics.samples;
  for (const auto& [id, range] : observed) {
    auto entry = std::make_unique<schema::ObservedRangeT>();
    entry->tensor = graph.tensor(id).name;
    entry->min = range.min;
    entry->max = range.max;
    record->ranges.push_back(std::move(entry));
  }
  return record;
}

std::string MethodOf(const schema::QuantizationRecordT& record) {
  return record.method.substr(0, record.method.find('\n'));
}

std::vector<std::string> SettingsOf(const schema::QuantizationRecordT& record) {
  std::vector<std::string> lines = absl::StrSplit(record.method, '\n');
  lines.erase(lines.begin());
  return lines;
}

std::string OverrideLine(const std::string& op, Precision precision) {
  return absl::StrCat("operator ", op, ": ", Name(precision));
}

}  // namespace octet

#include <algorithm>
#include <limits>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "runtime/model_internal.h"
#include "tools/cli/console.h"
#include "tools/cli/road.h"
#include "tools/data/file.h"
#include "tools/evaluate/compare.h"
#include "tools/evaluate/latency.h"
#include "tools/quantize/rescaled.h"
#include "tools/report/bytes.h"
#include "tools/report/page.h"

namespace octet::cli {
namespace {

constexpr double kSecondsToProfile = 0.6;
constexpr int64_t kSamplesToCompare = 16;

report::Step ToReport(const RoadStep& step, bool chosen) {
  report::Step result;
  result.name = step.name;
  result.top1 = step.accuracy.top1;
  result.agreement = step.accuracy.agreement;
  result.sqnr_db = step.accuracy.sqnr_db;
  result.cosine_mean = step.accuracy.cosine_mean;
  result.cosine_min = step.accuracy.cosine_min;
  result.latency_ms = step.latency_ms;
  result.bytes = step.weights_bytes;
  result.seconds = step.seconds;
  result.chosen = chosen;
  result.remark = step.remark;
  return result;
}

// Operators of the result as they are executed, with their errors.
std::vector<report::Layer> Layers(const std::vector<OperatorTime>& times,
                                  const std::vector<TensorDifference>& differences,
                                  const RoadResult& result) {
  std::map<std::string, double> errors, alone;
  for (const TensorDifference& d : differences) errors.emplace(d.op, d.sqnr_db);
  for (const LayerSensitivity& s : result.sensitivity) {
    if (s.precision == Precision::kInt8) alone.emplace(s.op, s.sqnr_db);
  }
  std::vector<report::Layer> layers;
  for (const OperatorTime& time : times) {
    report::Layer layer;
    layer.name = time.step.name;
    layer.type = time.step.type;
    layer.computes = time.step.computed;
    layer.yields = time.step.dtype;
    layer.kernel = time.step.kernel;
    layer.median_us = time.median_us;
    if (const auto found = errors.find(layer.name); found != errors.end()) {
      layer.sqnr_db = found->second;
    }
    if (const auto found = alone.find(layer.name); found != alone.end()) {
      layer.alone_db = found->second;
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

// The tensors with a range in the result's record, in the order of the float graph.
std::vector<report::TensorHistogram> Histograms(const Graph& graph, const RoadResult& result) {
  std::map<std::string, std::pair<float, float>> ranges;
  if (result.graph.quantization != nullptr) {
    for (const auto& range : result.graph.quantization->ranges) {
      ranges[range->tensor] = {range->min, range->max};
    }
  }
  std::vector<report::TensorHistogram> histograms;
  for (const auto& [id, statistics] : result.statistics.tensors) {
    const auto range = ranges.find(graph.tensor(id).name);
    if (range == ranges.end()) continue;
    report::TensorHistogram h;
    h.tensor = range->first;
    h.width = statistics.histogram.width();
    h.low = static_cast<double>(statistics.histogram.first) * h.width;
    h.counts.assign(statistics.histogram.counts.begin(), statistics.histogram.counts.end());
    h.range_min = range->second.first;
    h.range_max = range->second.second;
    histograms.push_back(std::move(h));
  }
  return histograms;
}

std::string Verdict(const RoadResult& result) {
  const RoadStep& step = result.steps[result.chosen];
  std::string text;
  if (!result.met) {
    text = absl::StrCat("The budget is missed. The best that was found is '", step.name, "'");
  } else {
    text = absl::StrCat("'", step.name, "' is the result");
  }
  if (step.accuracy.sqnr_db) absl::StrAppendFormat(&text, ": %.2f dB", *step.accuracy.sqnr_db);
  if (step.accuracy.agreement) {
    absl::StrAppendFormat(&text, ", agreement %.4f", *step.accuracy.agreement);
  }
  if (const absl::optional<double> ratio = step.latency_ratio()) {
    absl::StrAppendFormat(&text, ", %.2f times as fast as float", 1 / *ratio);
  }
  return absl::StrCat(text, ", weights ", FormatBytes(step.weights_bytes), " of ",
                      FormatBytes(result.steps[0].weights_bytes), ".");
}

// What concerns some operators or tensors only.
std::vector<std::pair<std::string, std::string>> Remarks(const RoadResult& result) {
  std::vector<std::pair<std::string, std::string>> remarks;
  const auto add = [&](const std::string& title, const std::vector<std::string>& names,
                       const char* consequence) {
    if (names.empty()) return;
    remarks.emplace_back(title,
                         absl::StrCat(names.size(), consequence, ": ", absl::StrJoin(names, ", ")));
  };
  for (Precision precision : kExceptions) {
    const std::string title =
        absl::StrCat(precision == Precision::kDynamic ? "" : "in ", std::string(Name(precision)));
    add(title, OperatorsWith(precision, result.exceptions), " operators");
  }
  add("without VNNI", result.report.at_risk,
      " layers could saturate 16-bit sums there; CPUs without VNNI compute them exactly, in a "
      "slower way");
  add("limited", result.report.limited,
      " layers have smaller weights, so that 16-bit sums cannot saturate");
  add("not compared", RescaledTensors(result.graph),
      " tensors have channels of other sizes than in the float model, since equalization scales "
      "them; the chart of errors leaves them out");
  return remarks;
}

}  // namespace

absl::Status WriteReport(const std::string& path, const Graph& graph, const RoadResult& result,
                         const SampleSource& evaluation, const ModelOptions& run,
                         const ReportContext& context) {
  report::Page page;
  page.title = absl::StrCat("Quantization of ", graph.name.empty() ? context.model : graph.name);
  page.success = result.met;
  page.verdict = Verdict(result);
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(result.graph, run);
  if (!model.ok()) return model.status();
  page.facts = {
      {"model", context.model},
      {"calibration", absl::StrCat(context.data, ", ", result.statistics.samples, " samples")},
      {"judged on", absl::StrCat(evaluation.size(), " samples")},
      {"written to", context.output.empty() ? "nothing was written" : context.output},
      {"ran on", absl::StrCat(ThreadsOf(**model), " threads, ", IsaOf(**model))},
      {"made by", kProducer}};
  for (const auto& [title, text] : Remarks(result)) page.facts.emplace_back(title, text);
  for (size_t i = 0; i < result.steps.size(); ++i) {
    page.steps.push_back(ToReport(result.steps[i], i == result.chosen));
  }
  page.steps[0].sqnr_db = std::numeric_limits<double>::infinity();  // the float model itself
  absl::StatusOr<std::vector<OperatorTime>> times =
      ProfileOperators(**model, evaluation, kSecondsToProfile);
  if (!times.ok()) return times.status();
  const FirstSamples some(evaluation, kSamplesToCompare);
  CompareOptions compare;
  compare.run = run;
  absl::StatusOr<std::vector<TensorDifference>> differences =
      CompareTensors(graph, result.graph, some, compare);
  if (!differences.ok()) return differences.status();
  page.layers = Layers(*times, *differences, result);
  page.histograms = Histograms(graph, result);
  const std::string html = report::ToHtml(page);
  return WriteFile(path, std::vector<uint8_t>(html.begin(), html.end()));
}

}  // namespace octet::cli

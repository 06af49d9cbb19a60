#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/finetune_report.h"
#include "tools/cli/quantize_data.h"
#include "tools/cli/quantize_request.h"
#include "tools/cli/quantize_summary.h"
#include "tools/cli/road.h"
#include "tools/cli/training.h"
#include "tools/cli/write_model.h"
#include "tools/data/cached_samples.h"
#include "tools/data/file.h"
#include "tools/data/readable.h"
#include "tools/quantize/exclusion_list.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/ranges_file.h"
#include "tools/quantize/rescaled.h"
#include "tools/quantize/trained_model.h"

namespace octet::cli {
namespace {

// Of decoded samples, which the road runs again and again.
constexpr int64_t kCacheBytes = int64_t{512} << 20;

// The error of a run, or, when pictures are the reason, all that cannot be read. `samples`, those
// of --data, may be null.
absl::Status WithUnreadable(const QuantizeRequest& request, const SampleSource* samples,
                            const absl::Status& status) {
  if (samples == nullptr || !IsFolder(request.data) || request.skip_unreadable) return status;
  const absl::Status unreadable = UnreadableError(*samples);
  return unreadable.ok() ? status : unreadable;
}

// What was saved before, or what a pass over the samples gathers.
absl::StatusOr<Statistics> StatisticsFor(QuantizeRequest& request, const Graph& graph,
                                         const SampleSource& samples) {
  if (!request.ranges.empty()) {
    absl::StatusOr<Statistics> saved = ReadStatistics(request.ranges, graph);
    if (saved.ok() && request.moving_average > 0 &&
        saved->moving_average_constant != request.moving_average) {
      return UsageError(absl::StrCat(request.ranges, " was gathered with --moving-average ",
                                     saved->moving_average_constant,
                                     "; for another one the data must be run again"));
    }
    return saved;
  }
  if (request.moving_average > 0) request.options.moving_average_constant = request.moving_average;
  ProgressLine progress("calibrating");
  request.options.progress = [&](int64_t done, int64_t total) { progress.Show(done, total); };
  return GatherInt8Statistics(graph, samples, request.options);
}

// Trains what was quantized of `real`.
absl::StatusOr<Graph> TrainFile(const QuantizeRequest& request, const Graph& real, Graph integer,
                                const SampleSource& samples, QuantizeSummary& made) {
  const CachedSamples cached(samples, kCacheBytes);
  const absl::StatusOr<std::unique_ptr<TrainingData>> data =
      OpenTrainingData(request.data, real, samples, cached, DefaultAugment());
  if (!data.ok()) return data.status();
  TaskLine line;
  TrainingTask task{integer, real, cached, "", false, {}, {}};
  task.progress = [&](const std::string& now, int64_t done, int64_t total) {
    line.Show(now, done, total);
  };
  const auto on_epoch = [&](const EpochReport& epoch) {
    line.Clear();
    absl::FPrintF(stderr, "%s\n", EpochText(epoch));
  };
  absl::StatusOr<TrainResult> result =
      TrainWithDefaults(task, **data, request.epochs, request.options.run, on_epoch);
  if (!result.ok()) return result.status();
  FinishTrained(real, request.options.target, TrainingSettings(request.epochs), result->graph,
                made.report);
  made.training = *std::move(result);
  return std::move(made.training->graph);
}

// `samples` may be null where the method needs none.
absl::StatusOr<Graph> QuantizeFile(QuantizeRequest& request, const Graph& graph,
                                   const SampleSource* samples, QuantizeSummary& made) {
  if (NeedsNoData(request.options.method)) {
    return QuantizeWithoutData(graph, request.options, &made.report);
  }
  absl::StatusOr<Graph> prepared = PrepareGraph(graph, *samples, request.options);
  if (!prepared.ok()) return prepared;
  absl::StatusOr<Statistics> statistics = StatisticsFor(request, *prepared, *samples);
  if (!statistics.ok()) return statistics.status();
  if (!request.save_ranges.empty()) {
    absl::Status status = WriteStatistics(request.save_ranges, *prepared, *statistics);
    if (!status.ok()) return status;
  }
  absl::StatusOr<Graph> result =
      QuantizeWithStatistics(*prepared, *samples, *statistics, request.options, &made.report);
  if (result.ok() && request.finetune) {
    result = TrainFile(request, *prepared, *std::move(result), *samples, made);
  }
  if (!result.ok()) return result;
  const absl::StatusOr<std::set<std::string>> rescaled =
      FindRescaled(graph, *prepared, *samples, request.options.run);
  if (!rescaled.ok()) return rescaled.status();
  RenameRescaled(*rescaled, *result);
  return result;
}

absl::Status ReadOverrides(QuantizeRequest& request) {
  if (request.overrides.empty()) return absl::OkStatus();
  const absl::StatusOr<std::vector<uint8_t>> bytes = ReadFile(request.overrides);
  if (!bytes.ok()) return bytes.status();
  const std::string text(bytes->begin(), bytes->end());
  absl::StatusOr<std::vector<Override>> overrides = ParseOverrides(text, request.overrides);
  if (!overrides.ok()) return overrides.status();
  request.options.overrides = *std::move(overrides);
  return absl::OkStatus();
}

absl::StatusOr<Graph> LoadFloatGraph(QuantizeRequest& request) {
  absl::Status status = CheckCanCreate(request.output);
  for (const std::string* path : {&request.save_ranges, &request.road.report, &request.road.resume,
                                  &request.road.exclude_list}) {
    if (status.ok() && !path->empty()) status = CheckCanCreate(*path);
  }
  if (status.ok()) status = ReadOverrides(request);
  if (!status.ok()) return status;
  absl::StatusOr<Graph> graph = LoadGraph(request.input, request.common);
  if (!graph.ok()) return graph;
  status = request.pictures.ApplyTo(*graph);
  if (!status.ok()) return status;
  request.options.run = request.common.model_options();
  return graph;
}

void PrintRoad(const QuantizeRequest& request, const RoadResult& result, bool judged_on_calibration,
               const std::vector<UnreadableSample>& skipped) {
  if (request.common.json) {
    nlohmann::json json = RoadJson(result, request.options.target);
    json["output"] = result.met ? nlohmann::json(request.output) : nlohmann::json(nullptr);
    json["input_bytes"] = FileSize(request.input);
    json["output_bytes"] = result.met ? FileSize(request.output) : 0;
    json["skipped"] = nlohmann::json::array();
    for (const UnreadableSample& sample : skipped) json["skipped"].push_back(sample.message);
    Print(json.dump(2) + "\n");
    return;
  }
  std::string text = RoadText(result);
  absl::StrAppend(&text, SaturationText(result.report, request.options.target));
  if (judged_on_calibration) {
    text += "judged on the calibration data; --evaluation gives an independent figure\n";
  }
  for (const UnreadableSample& sample : skipped) {
    absl::StrAppend(&text, "skipped: ", sample.message, "\n");
  }
  if (result.met) absl::StrAppend(&text, "wrote ", request.output, "\n");
  Print(text);
}

absl::Status WalkTheRoad(QuantizeRequest& request) {
  absl::StatusOr<RoadOptions> options = request.road.Options();
  if (!options.ok()) return options.status();
  absl::StatusOr<Graph> graph = LoadFloatGraph(request);
  if (!graph.ok()) return graph.status();
  options->quantizer = request.options;
  std::vector<UnreadableSample> skipped;
  absl::StatusOr<std::unique_ptr<SampleSource>> calibration =
      OpenData(request.data, *graph, request.skip_unreadable, skipped);
  if (!calibration.ok()) return calibration.status();
  std::unique_ptr<SampleSource> evaluation;
  if (!request.road.evaluation.empty()) {
    absl::StatusOr<std::unique_ptr<SampleSource>> opened =
        OpenSamples(request.road.evaluation, SpecOfGraph(*graph));
    if (!opened.ok()) return opened.status();
    evaluation = *std::move(opened);
  }
  const CachedSamples cached(**calibration, kCacheBytes);
  const CachedSamples cached_evaluation(evaluation != nullptr ? *evaluation : **calibration,
                                        kCacheBytes);
  const SampleSource& judge =
      evaluation != nullptr ? static_cast<const SampleSource&>(cached_evaluation) : cached;
  std::unique_ptr<TrainingData> data;
  if (request.finetune) {
    absl::StatusOr<std::unique_ptr<TrainingData>> opened =
        OpenTrainingData(request.data, *graph, **calibration, cached, DefaultAugment());
    if (!opened.ok()) return opened.status();
    data = *std::move(opened);
    options->train = DefaultTrainer(*data, request.epochs, request.options.run);
    options->training = absl::StrJoin(TrainingSettings(request.epochs), "\n");
  }
  absl::StatusOr<RoadResult> result = WalkRoadOnConsole(*graph, cached, judge, *options);
  if (!result.ok()) return WithUnreadable(request, calibration->get(), result.status());
  absl::Status status;
  if (result->met) status = WriteTried(request.output, result->graph, &cached, request.options.run);
  if (status.ok() && !request.road.report.empty()) {
    status = WriteReport(request.road.report, *graph, *result, judge, request.options.run,
                         {request.input, request.data, result->met ? request.output : ""});
  }
  if (status.ok() && !request.road.exclude_list.empty()) {
    const std::string list =
        ExclusionList(ExclusionsOf(result->sensitivity), CausesOfHalf(result->sensitivity));
    status = WriteFile(request.road.exclude_list, std::vector<uint8_t>(list.begin(), list.end()));
  }
  if (!status.ok()) return status;
  PrintRoad(request, *result, evaluation == nullptr, skipped);
  if (result->met) return absl::OkStatus();
  return AnswerIsNo(absl::StrCat(
      "the budget is missed (", absl::StrJoin(result->steps[result->chosen].missed, "; "), ")",
      result->out_of_time ? "; time is up, a longer --budget may help"
      : request.finetune  ? "; more data or --epochs may help"
                          : "; --finetune, training with quantization in mind, is the next step",
      "; no file was written"));
}

absl::Status Quantize(QuantizeRequest& request) {
  absl::StatusOr<Graph> graph = LoadFloatGraph(request);
  if (!graph.ok()) return graph.status();
  std::unique_ptr<SampleSource> samples;
  std::vector<UnreadableSample> skipped;
  if (!request.data.empty()) {
    absl::StatusOr<std::unique_ptr<SampleSource>> opened =
        OpenData(request.data, *graph, request.skip_unreadable, skipped);
    if (!opened.ok()) return opened.status();
    samples = *std::move(opened);
  }

  QuantizeSummary made;
  absl::StatusOr<Graph> result = QuantizeFile(request, *graph, samples.get(), made);
  if (!result.ok()) return WithUnreadable(request, samples.get(), result.status());
  made.operators = result->nodes.size();
  const absl::Status status =
      WriteTried(request.output, *std::move(result), samples.get(), request.options.run);
  if (!status.ok()) return status;
  for (const UnreadableSample& sample : skipped) made.skipped.push_back(sample.message);
  PrintQuantizeSummary(request, made);
  return absl::OkStatus();
}

}  // namespace

absl::Status QuantizeCommand(absl::Span<const std::string> arguments) {
  absl::StatusOr<QuantizeRequest> request = ParseQuantizeRequest(arguments);
  if (!request.ok() || request->common.help) return request.status();
  return request->walks_road ? WalkTheRoad(*request) : Quantize(*request);
}

}  // namespace octet::cli

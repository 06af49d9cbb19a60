#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "runtime/format/model_file.h"
#include "runtime/model_internal.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/picture_flags.h"
#include "tools/cli/road.h"
#include "tools/data/batch.h"
#include "tools/data/cached_samples.h"
#include "tools/data/file.h"
#include "tools/data/readable.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/ranges_file.h"

namespace octet::cli {
namespace {

// The road from the float model through all methods, as opposed to one of them.
constexpr char kRoad[] = "auto";
// Of decoded samples, which the road runs again and again.
constexpr int64_t kCacheBytes = int64_t{512} << 20;

struct Request {
  CommonFlags common;
  PictureFlags pictures;
  RoadFlags road;
  std::string input;
  std::string output;
  std::string data;
  std::string method;
  std::string calibrator;  // empty: the default
  std::string scheme;      // empty: what suits the type
  std::string overrides;
  std::string ranges;
  std::string save_ranges;
  double moving_average = 0;  // 0: the default
  bool skip_unreadable = false;
  std::string weights = "per-channel";
  std::string activations = "u8";
  std::string weights_type = "s8";
  std::string refine = "none";
  QuantizerOptions options;
};

DataSpec SpecOfGraph(const Graph& graph) {
  DataSpec spec;
  for (TensorId id : graph.inputs) {
    const Tensor& t = graph.tensor(id);
    spec.inputs.push_back({t.name, t.type, t.shape, t.symbols, t.quant});
  }
  if (graph.preprocessing != nullptr) {
    const schema::PreprocessingT& p = *graph.preprocessing;
    spec.preprocessing = ImagePreprocessing{
        p.input, p.pixel_order == schema::PixelOrder::BGR, p.resize, p.crop, p.mean, p.std};
  }
  spec.labels = graph.labels;
  return spec;
}

// Loads the file that was written and runs it on a sample, if there is any, so that a model that
// cannot run is never left behind.
absl::Status TryModel(const std::string& path, const SampleSource* samples,
                      const ModelOptions& options) {
  absl::StatusOr<std::shared_ptr<const Model>> model = Model::Load(path, options);
  if (!model.ok() || samples == nullptr) return model.status();
  absl::StatusOr<BatchFeeder> feeder = BatchFeeder::Create(**model, *samples, 1);
  if (!feeder.ok()) return feeder.status();
  std::unique_ptr<Session> session;
  absl::StatusOr<int64_t> count = feeder->Fill(0, session, [](const Sample&) {});
  if (!count.ok()) return count.status();
  absl::Status status = session->Run();
  if (!status.ok()) return status;
  for (size_t i = 0; i < (*model)->outputs().size(); ++i) {
    for (float value : session->output<float>(static_cast<int>(i))) {
      if (std::isfinite(value)) continue;
      return absl::InternalError(absl::StrCat("output '", (*model)->outputs()[i].name,
                                              "' of the quantized model is not finite"));
    }
  }
  return absl::OkStatus();
}

void PrintSummary(const Request& request, const QuantizerReport& report, size_t operators,
                  const std::vector<UnreadableSample>& skipped) {
  const uint64_t before = FileSize(request.input);
  const uint64_t after = FileSize(request.output);
  const double ratio = before > 0 ? static_cast<double>(after) / static_cast<double>(before) : 0;
  std::vector<std::string> skipped_messages;
  for (const UnreadableSample& sample : skipped) skipped_messages.push_back(sample.message);
  if (request.common.json) {
    Print(nlohmann::json({{"output", request.output},
                          {"samples", report.samples},
                          {"input_bytes", before},
                          {"output_bytes", after},
                          {"size_ratio", ratio},
                          {"operators", operators},
                          {"int8_operators", report.int8_operators},
                          {"float_operators", report.float_operators},
                          {"conversions", report.conversions},
                          {"skipped", skipped_messages}})
              .dump(2) +
          "\n");
    return;
  }
  std::string text = FormatTable({
      {"", "before", "after"},
      {"file", FormatBytes(before),
       absl::StrCat(FormatBytes(after), absl::StrFormat(" (%.3f)", ratio))},
      {"int8 operators", "0", absl::StrCat(report.int8_operators)},
      {"float operators", absl::StrCat(report.int8_operators + report.float_operators.size()),
       absl::StrCat(report.float_operators.size())},
      {"conversions", "0", absl::StrCat(report.conversions)},
  });
  if (!report.float_operators.empty()) {
    absl::StrAppend(&text, "left in float: ", absl::StrJoin(report.float_operators, ", "), "\n");
  }
  for (const std::string& message : skipped_messages) {
    absl::StrAppend(&text, "skipped: ", message, "\n");
  }
  if (!NeedsNoData(request.options.method)) {
    absl::StrAppend(&text, "calibrated with ", report.samples, " samples; ");
  }
  absl::StrAppend(&text, "wrote ", request.output, "\n");
  Print(text);
}

// What was saved before, or what a pass over the samples gathers.
absl::StatusOr<Statistics> StatisticsFor(Request& request, const Graph& graph,
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

// `samples` may be null where the method needs none.
absl::StatusOr<Graph> QuantizeFile(Request& request, const Graph& graph,
                                   const SampleSource* samples, QuantizerReport& report) {
  if (NeedsNoData(request.options.method)) {
    return QuantizeWithoutData(graph, request.options, &report);
  }
  absl::StatusOr<Graph> prepared = PrepareGraph(graph, *samples, request.options);
  if (!prepared.ok()) return prepared;
  absl::StatusOr<Statistics> statistics = StatisticsFor(request, *prepared, *samples);
  if (!statistics.ok()) return statistics.status();
  if (!request.save_ranges.empty()) {
    absl::Status status = WriteStatistics(request.save_ranges, *prepared, *statistics);
    if (!status.ok()) return status;
  }
  return QuantizeWithStatistics(*prepared, *samples, *statistics, request.options, &report);
}

absl::Status ReadOverrides(Request& request) {
  if (request.overrides.empty()) return absl::OkStatus();
  const absl::StatusOr<std::vector<uint8_t>> bytes = ReadFile(request.overrides);
  if (!bytes.ok()) return bytes.status();
  const std::string text(bytes->begin(), bytes->end());
  absl::StatusOr<std::vector<Override>> overrides = ParseOverrides(text, request.overrides);
  if (!overrides.ok()) return overrides.status();
  request.options.overrides = *std::move(overrides);
  return absl::OkStatus();
}

// The error of a run, or, when pictures are the reason, all that cannot be read.
absl::Status WithUnreadable(const Request& request, const SampleSource* samples,
                            const absl::Status& status) {
  if (samples == nullptr || !IsFolder(request.data) || request.skip_unreadable) return status;
  const std::vector<UnreadableSample> unreadable = FindUnreadable(*samples);
  if (unreadable.empty()) return status;
  return absl::InvalidArgumentError(absl::StrCat(DescribeUnreadable(unreadable, samples->size()),
                                                 "; --skip-unreadable leaves them out"));
}

// The samples that can be read; the others come to `skipped` where the user wants that.
absl::StatusOr<std::unique_ptr<SampleSource>> OpenData(const Request& request, const Graph& graph,
                                                       std::vector<UnreadableSample>& skipped) {
  absl::StatusOr<std::unique_ptr<SampleSource>> samples =
      OpenSamples(request.data, SpecOfGraph(graph));
  if (!samples.ok() || !request.skip_unreadable) return samples;
  skipped = FindUnreadable(**samples);
  return WithoutUnreadable(*std::move(samples), skipped);
}

// Writes the model in one step, once it was seen to load and to run on a sample, if there is one.
absl::Status WriteTried(const Request& request, Graph graph, const SampleSource* samples) {
  graph.producer = kProducer;
  return WriteAtomically(request.output, [&](const std::string& temporary) {
    absl::Status written = WriteModel(graph, temporary);
    if (!written.ok()) return WithPath(request.output, written);
    return TryModel(temporary, samples, request.options.run);
  });
}

absl::StatusOr<Graph> LoadFloatGraph(Request& request) {
  absl::Status status = CheckCanCreate(request.output);
  for (const std::string* path : {&request.save_ranges, &request.road.report}) {
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

absl::Status WalkTheRoad(Request& request) {
  absl::StatusOr<RoadOptions> options = request.road.Options();
  if (!options.ok()) return options.status();
  absl::StatusOr<Graph> graph = LoadFloatGraph(request);
  if (!graph.ok()) return graph.status();
  options->quantizer = request.options;
  std::vector<UnreadableSample> skipped;
  absl::StatusOr<std::unique_ptr<SampleSource>> calibration = OpenData(request, *graph, skipped);
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
  absl::StatusOr<RoadResult> result = WalkRoadOnConsole(*graph, cached, judge, *options);
  if (!result.ok()) return WithUnreadable(request, calibration->get(), result.status());
  absl::Status status;
  if (result->met) status = WriteTried(request, result->graph, &cached);
  if (status.ok() && !request.road.report.empty()) {
    status = WriteReport(request.road.report, *graph, *result, judge, request.options.run,
                         {request.input, request.data, result->met ? request.output : ""});
  }
  if (!status.ok()) return status;
  if (request.common.json) {
    nlohmann::json json = RoadJson(*result);
    json["output"] = result->met ? nlohmann::json(request.output) : nlohmann::json(nullptr);
    json["input_bytes"] = FileSize(request.input);
    json["output_bytes"] = result->met ? FileSize(request.output) : 0;
    json["skipped"] = nlohmann::json::array();
    for (const UnreadableSample& sample : skipped) json["skipped"].push_back(sample.message);
    Print(json.dump(2) + "\n");
  } else {
    Print(RoadText(*result));
    if (evaluation == nullptr) {
      Print("judged on the calibration data; --evaluation gives an independent figure\n");
    }
    for (const UnreadableSample& sample : skipped) {
      Print(absl::StrCat("skipped: ", sample.message, "\n"));
    }
    if (result->met) Print(absl::StrCat("wrote ", request.output, "\n"));
  }
  if (result->met) return absl::OkStatus();
  return AnswerIsNo(absl::StrCat(
      "the budget is missed (", absl::StrJoin(result->steps[result->chosen].missed, "; "), ")",
      result->out_of_time ? "; time is up, a longer --budget may help"
                          : "; training with quantization in mind is the next step",
      "; no file was written"));
}

absl::Status Quantize(Request& request) {
  absl::StatusOr<Graph> graph = LoadFloatGraph(request);
  if (!graph.ok()) return graph.status();
  std::unique_ptr<SampleSource> samples;
  std::vector<UnreadableSample> skipped;
  if (!request.data.empty()) {
    absl::StatusOr<std::unique_ptr<SampleSource>> opened = OpenData(request, *graph, skipped);
    if (!opened.ok()) return opened.status();
    samples = *std::move(opened);
  }

  QuantizerReport report;
  absl::StatusOr<Graph> result = QuantizeFile(request, *graph, samples.get(), report);
  if (!result.ok()) return WithUnreadable(request, samples.get(), result.status());
  const size_t operators = result->nodes.size();
  const absl::Status status = WriteTried(request, *std::move(result), samples.get());
  if (!status.ok()) return status;
  PrintSummary(request, report, operators, skipped);
  return absl::OkStatus();
}

}  // namespace

absl::Status QuantizeCommand(absl::Span<const std::string> arguments) {
  FlagSet flags("quantize MODEL.octet|MODEL.onnx [--data DIR|FILE.npz] -o MODEL.octet [flags]",
                "Turns a float model into an int8 one.",
                "octet quantize net.octet --data calibration/ -o net.int8.octet");
  Request request;
  flags.Text("data", "DIR|FILE", "pictures or arrays that a static method takes the ranges from",
             &request.data);
  flags.Text("o", "FILE", "the model file to write", &request.output);
  flags.Choice(
      "method", {kRoad, "static", "dynamic", "weight-only"},
      "auto: tries them all and keeps what serves best (default); static: scales are fixed "
      "ahead (default with flags that only it has); dynamic: activations are quantized when "
      "the model runs; weight-only: computed in f32; the last two need no data",
      &request.method);
  flags.Choice("calibrator", CalibratorNames(),
               "how ranges follow from the data; default minmax, or the best one with auto",
               &request.calibrator);
  flags.Real("percentile", "P",
             "share of the values that calibrator percentile keeps, in %; default 99.999", 1e-3,
             100, &request.options.calibrator.percentile);
  flags.Real("moving-average", "C",
             "weight of the newest sample for calibrator moving-average; default 0.01", 1e-6, 1,
             &request.moving_average);
  flags.Text("save-ranges", "FILE", "keep what was seen of the data", &request.save_ranges);
  flags.Text("ranges", "FILE", "take the ranges from such a file instead of running the data",
             &request.ranges);
  flags.Text("overrides", "FILE", "exceptions by operator or tensor; see docs/quantization.md",
             &request.overrides);
  flags.Switch("skip-unreadable", "leave out pictures that cannot be read",
               &request.skip_unreadable);
  flags.Choice("weights", {"per-channel", "per-tensor"}, "scales of weights; default per-channel",
               &request.weights);
  flags.Choice("activations", {"u8", "s8", "s16"}, "type of activations; default u8",
               &request.activations);
  flags.Choice("weights-type", {"s8", "s16"},
               "type of weights; s16 needs --activations s16; default s8", &request.weights_type);
  flags.Text("refine", "all|none|LIST",
             absl::StrCat("methods that keep accuracy: ", RefineMethodNames(), "; default none"),
             &request.refine);
  flags.Choice("scheme", {"affine", "symmetric"},
               "how activations are mapped; symmetric needs s8 or s16; default affine, but for s16",
               &request.scheme);
  request.road.Register(flags);
  request.pictures.Register(flags);
  request.common.Register(flags);
  absl::StatusOr<std::vector<std::string>> operands =
      ParseFlags(flags, request.common, arguments, 1, 1, "one model file");
  if (!operands.ok() || request.common.help) return operands.status();
  const bool only_static = !request.calibrator.empty() || !request.ranges.empty() ||
                           !request.save_ranges.empty() || request.moving_average > 0 ||
                           request.refine != "none";
  if (request.method.empty()) request.method = only_static ? "static" : kRoad;
  if (request.method == kRoad ? only_static : request.road.any()) {
    return UsageError(
        request.method == kRoad
            ? "--calibrator, --ranges, --save-ranges, --moving-average and --refine are "
              "for --method static; auto tries what they choose"
            : absl::StrCat("--method ", request.method,
                           " has no budget, evaluation or report; --method auto has"));
  }
  if (request.method != kRoad) request.options.method = request.method;
  if (request.data.empty() && !NeedsNoData(request.options.method)) {
    return UsageError("missing: --data DIR or --data FILE.npz");
  }
  if (request.output.empty()) return UsageError("missing: -o FILE");
  request.input = operands->front();
  if (!request.calibrator.empty()) {
    request.options.calibrator.kind = CalibratorNamed(request.calibrator).value();
  }
  request.options.weights = request.weights == "per-tensor" ? WeightGranularity::kPerTensor
                                                            : WeightGranularity::kPerChannel;
  request.options.activations = request.activations == "s16"  ? DataType::kS16
                                : request.activations == "s8" ? DataType::kS8
                                                              : DataType::kU8;
  const bool words = request.options.activations == DataType::kS16;
  request.options.symmetric_activations =
      request.scheme == "symmetric" || (request.scheme.empty() && words);
  if (request.weights_type == "s16") {
    if (!words) return UsageError("--weights-type s16 needs --activations s16");
    request.options.weights_type = DataType::kS16;
  }
  absl::StatusOr<RefineOptions> refine = ParseRefineOptions(request.refine);
  if (!refine.ok()) return UsageError(absl::StrCat("--refine: ", refine.status().message()));
  request.options.refine = *refine;
  const absl::Status scheme =
      CheckScheme({request.options.activations, request.options.symmetric_activations});
  if (!scheme.ok()) return UsageError(scheme.message());
  if (!request.ranges.empty() && !request.save_ranges.empty()) {
    return UsageError("--ranges and --save-ranges exclude each other");
  }
  return request.method == kRoad ? WalkTheRoad(request) : Quantize(request);
}

}  // namespace octet::cli

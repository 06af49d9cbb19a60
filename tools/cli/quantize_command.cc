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
#include "tools/data/batch.h"
#include "tools/data/file.h"
#include "tools/quantize/quantize.h"

namespace octet::cli {
namespace {

struct Request {
  CommonFlags common;
  PictureFlags pictures;
  std::string input;
  std::string output;
  std::string data;
  std::string weights = "per-channel";
  std::string activations = "u8";
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

// Loads the file that was written and runs it on a calibration sample, so that a model that cannot
// run is never left behind.
absl::Status TryModel(const std::string& path, const SampleSource& samples,
                      const ModelOptions& options) {
  absl::StatusOr<std::shared_ptr<const Model>> model = Model::Load(path, options);
  if (!model.ok()) return model.status();
  absl::StatusOr<BatchFeeder> feeder = BatchFeeder::Create(**model, samples, 1);
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

void PrintSummary(const Request& request, const QuantizerReport& report, size_t operators) {
  const uint64_t before = FileSize(request.input);
  const uint64_t after = FileSize(request.output);
  const double ratio = before > 0 ? static_cast<double>(after) / static_cast<double>(before) : 0;
  if (request.common.json) {
    Print(nlohmann::json({{"output", request.output},
                          {"samples", report.samples},
                          {"input_bytes", before},
                          {"output_bytes", after},
                          {"size_ratio", ratio},
                          {"operators", operators},
                          {"int8_operators", report.int8_operators},
                          {"float_operators", report.float_operators},
                          {"conversions", report.conversions}})
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
  absl::StrAppend(&text, "calibrated with ", report.samples, " samples; wrote ", request.output,
                  "\n");
  Print(text);
}

absl::StatusOr<Graph> QuantizeFile(Request& request, const Graph& graph,
                                   const SampleSource& samples, QuantizerReport& report) {
  ProgressLine progress("calibrating");
  request.options.progress = [&](int64_t done, int64_t total) { progress.Show(done, total); };
  return QuantizeGraph(graph, samples, request.options, &report);
}

absl::Status Quantize(Request& request) {
  absl::Status status = CheckCanCreate(request.output);
  if (!status.ok()) return status;
  absl::StatusOr<Graph> graph = LoadGraph(request.input, request.common);
  if (!graph.ok()) return graph.status();
  status = request.pictures.ApplyTo(*graph);
  if (!status.ok()) return status;
  request.options.run = request.common.model_options();
  absl::StatusOr<std::unique_ptr<SampleSource>> samples =
      OpenSamples(request.data, SpecOfGraph(*graph));
  if (!samples.ok()) return samples.status();

  QuantizerReport report;
  absl::StatusOr<Graph> result = QuantizeFile(request, *graph, **samples, report);
  if (!result.ok()) return result.status();
  result->producer = kProducer;
  status = WriteAtomically(request.output, [&](const std::string& temporary) {
    absl::Status written = WriteModel(*result, temporary);
    if (!written.ok()) return WithPath(request.output, written);
    return TryModel(temporary, **samples, request.options.run);
  });
  if (!status.ok()) return status;
  PrintSummary(request, report, result->nodes.size());
  return absl::OkStatus();
}

}  // namespace

absl::Status QuantizeCommand(absl::Span<const std::string> arguments) {
  FlagSet flags("quantize MODEL.octet|MODEL.onnx --data DIR|FILE.npz -o MODEL.octet [flags]",
                "Turns a float model into an int8 one, with ranges taken from sample data.",
                "octet quantize net.octet --data calibration/ -o net.int8.octet");
  Request request;
  flags.Text("data", "DIR|FILE", "pictures or arrays to take the ranges from", &request.data);
  flags.Text("o", "FILE", "the model file to write", &request.output);
  flags.Choice("method", {"static"}, "static: scales are fixed ahead (default)",
               &request.options.method);
  flags.Choice("calibrator", {"minmax"}, "minmax: smallest and largest value seen (default)",
               &request.options.calibrator);
  flags.Choice("weights", {"per-channel", "per-tensor"}, "scales of weights; default per-channel",
               &request.weights);
  flags.Choice("activations", {"u8", "s8"}, "type of activations; default u8",
               &request.activations);
  flags.Text("refine", "all|none|LIST",
             "methods that keep accuracy: equalize, smooth, rounding, bias; default none",
             &request.refine);
  request.pictures.Register(flags);
  request.common.Register(flags);
  absl::StatusOr<std::vector<std::string>> operands =
      ParseFlags(flags, request.common, arguments, 1, 1, "one model file");
  if (!operands.ok() || request.common.help) return operands.status();
  if (request.data.empty()) return UsageError("missing: --data DIR or --data FILE.npz");
  if (request.output.empty()) return UsageError("missing: -o FILE");
  request.input = operands->front();
  request.options.weights = request.weights == "per-tensor" ? WeightGranularity::kPerTensor
                                                            : WeightGranularity::kPerChannel;
  request.options.activations = request.activations == "s8" ? DataType::kS8 : DataType::kU8;
  absl::StatusOr<RefineOptions> refine = ParseRefineOptions(request.refine);
  if (!refine.ok()) return UsageError(absl::StrCat("--refine: ", refine.status().message()));
  request.options.refine = *refine;
  return Quantize(request);
}

}  // namespace octet::cli

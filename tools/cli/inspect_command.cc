#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "runtime/model_internal.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/quantize/record.h"
#include "tools/report/bytes.h"

namespace octet::cli {
namespace {

using nlohmann::json;

json InfosToJson(const std::vector<TensorInfo>& infos) {
  json result = json::array();
  for (const TensorInfo& info : infos) {
    json entry = {
        {"name", info.name}, {"type", std::string(Name(info.type))}, {"shape", info.shape}};
    if (!info.symbols.empty()) entry["symbols"] = info.symbols;
    result.push_back(std::move(entry));
  }
  return result;
}

json StepsToJson(const Session& session) {
  json result = json::array();
  for (const StepInfo& step : session.steps()) {
    result.push_back({{"name", step.name},
                      {"type", step.type},
                      {"inputs", step.inputs},
                      {"outputs", step.outputs},
                      {"dtype", step.dtype},
                      {"computed", step.computed},
                      {"accumulated", step.accumulated},
                      {"kernel", step.kernel},
                      {"reason", step.reason}});
  }
  return result;
}

json TensorsToJson(const Graph& graph) {
  json result = json::array();
  for (const Tensor& t : graph.tensors) {
    json entry = {{"name", t.name},
                  {"type", std::string(Name(t.type))},
                  {"shape", t.shape},
                  {"constant", t.is_constant()}};
    if (t.quant) {
      entry["scales"] = t.quant->scales;
      entry["zero_points"] = t.quant->zero_points;
      entry["axis"] = t.quant->axis;
    }
    result.push_back(std::move(entry));
  }
  return result;
}

json RecordToJson(const schema::QuantizationRecordT& record) {
  json ranges = json::array();
  for (const auto& range : record.ranges) {
    ranges.push_back({{"tensor", range->tensor}, {"min", range->min}, {"max", range->max}});
  }
  return {{"method", MethodOf(record)},        {"settings", SettingsOf(record)},
          {"calibrator", record.calibrator},   {"weights", record.weights},
          {"activations", record.activations}, {"data_hash", record.data_hash},
          {"samples", record.samples},         {"ranges", ranges}};
}

json PreprocessingToJson(const ImagePreprocessing& p) {
  return {{"input", p.input},   {"pixel_order", p.bgr ? "bgr" : "rgb"},
          {"resize", p.resize}, {"crop", p.crop},
          {"mean", p.mean},     {"std", p.std}};
}

// Steps that do nothing but convert between types: how many of each kind, such as "f32 to u8".
std::map<std::string, int64_t> Conversions(const Session& session) {
  std::map<std::string, int64_t> kinds;
  for (const StepInfo& step : session.steps()) {
    if (step.conversion) ++kinds[step.computed];
  }
  return kinds;
}

int64_t Total(const std::map<std::string, int64_t>& counts) {
  int64_t total = 0;
  for (const auto& [kind, count] : counts) total += count;
  return total;
}

// Operators that convert operands of 16 bits to f32 on the way.
int64_t WidenedOperators(const Session& session) {
  return std::count_if(session.steps().begin(), session.steps().end(), [](const StepInfo& step) {
    return absl::StartsWith(step.kernel, "widened/");
  });
}

// What was chosen at load for the types of 16 bits that the file has: {"bf16": "native"}.
json HalfChoices(const Model& model) {
  json choices = json::object();
  for (const HalfChoice& choice : HalfChoicesOf(model)) {
    choices[std::string(Name(choice.type))] = choice.native ? "native" : "f32";
  }
  return choices;
}

json ToJson(const Model& model, const Session& session) {
  const Graph& graph = GraphOf(model);
  json result = {{"name", graph.name},
                 {"producer", graph.producer},
                 {"inputs", InfosToJson(model.inputs())},
                 {"outputs", InfosToJson(model.outputs())},
                 {"operators", StepsToJson(session)},
                 {"tensors", TensorsToJson(graph)},
                 {"weights_bytes", model.weights_bytes()},
                 {"arena_bytes", session.arena_bytes()},
                 {"labels", model.labels().size()},
                 {"conversions", Total(Conversions(session))},
                 {"conversion_kinds", Conversions(session)},
                 {"widened_operators", WidenedOperators(session)},
                 {"arithmetic", HalfChoices(model)},
                 {"threads", ThreadsOf(model)},
                 {"isa", IsaOf(model)}};
  if (graph.quantization != nullptr) result["quantization"] = RecordToJson(*graph.quantization);
  if (model.preprocessing()) result["preprocessing"] = PreprocessingToJson(*model.preprocessing());
  return result;
}

std::string InfoLine(const char* title, const TensorInfo& info) {
  return absl::StrCat(title, "  ", info.name, "  ", Name(info.type), "  ", ToString(info.shape),
                      "\n");
}

std::string Heading(const Model& model, const Session& session) {
  const Graph& graph = GraphOf(model);
  std::string text =
      absl::StrCat(graph.name, "  (written by ",
                   graph.producer.empty() ? "an unknown program" : graph.producer, ")\n");
  for (const TensorInfo& info : model.inputs()) absl::StrAppend(&text, InfoLine("input ", info));
  for (const TensorInfo& info : model.outputs()) absl::StrAppend(&text, InfoLine("output", info));
  absl::StrAppend(&text, "weights ", FormatBytes(model.weights_bytes()), ", arena ",
                  FormatBytes(session.arena_bytes()), ", ", model.labels().size(), " labels, for ",
                  ThreadsOf(model), " threads on ", IsaOf(model), "\n");
  for (const HalfChoice& choice : HalfChoicesOf(model)) {
    absl::StrAppend(&text, Name(choice.type), " is computed ",
                    choice.native ? "as it is" : "as f32, widened once at load", " on ",
                    IsaOf(model), "\n");
  }
  const std::map<std::string, int64_t> kinds = Conversions(session);
  absl::StrAppend(&text, Total(kinds), " conversions between types", kinds.empty() ? "" : " (",
                  absl::StrJoin(kinds, ", ",
                                [](std::string* out, const auto& kind) {
                                  absl::StrAppend(out, kind.second, " ", kind.first);
                                }),
                  kinds.empty() ? "; " : "); ", WidenedOperators(session),
                  " operators widen operands of 16 bits on the way\n");
  if (model.preprocessing()) {
    const ImagePreprocessing& p = *model.preprocessing();
    absl::StrAppend(&text, "pictures: resize ", p.resize, ", crop ", p.crop, ", ",
                    p.bgr ? "bgr" : "rgb", ", mean ", absl::StrJoin(p.mean, ","), ", std ",
                    absl::StrJoin(p.std, ","), "\n");
  }
  if (graph.quantization != nullptr) {
    const schema::QuantizationRecordT& record = *graph.quantization;
    absl::StrAppend(&text, "quantized: ", MethodOf(record), ", ", record.calibrator, ", weights ",
                    record.weights, ", activations ", record.activations, ", ", record.samples,
                    " samples with SHA-256 ", record.data_hash, "\n");
    for (const std::string& line : SettingsOf(record)) absl::StrAppend(&text, "  ", line, "\n");
  }
  return text;
}

// "scale 0.0235 zero 128", "weights 32 scales along 0".
std::string QuantText(const Tensor& t, bool weights) {
  const char* prefix = weights ? "weights " : "";
  if (t.quant->per_tensor()) {
    return absl::StrFormat("%sscale %.6g zero %d", prefix, t.quant->scale(), t.quant->zero_point());
  }
  return absl::StrCat(prefix, t.quant->scales.size(), " scales along ", t.quant->axis);
}

std::string OperatorTable(const Session& session, const Graph& graph) {
  std::map<std::string, const Tensor*> tensors;
  for (const Tensor& t : graph.tensors) tensors.emplace(t.name, &t);
  std::vector<std::vector<std::string>> rows = {
      {"type", "stored", "computed", "sums", "kernel", "name", "quantization", "reason"}};
  for (const StepInfo& step : session.steps()) {
    std::vector<std::string> quants;
    for (const std::vector<std::string>* names : {&step.outputs, &step.inputs}) {
      for (const std::string& name : *names) {
        const auto tensor = tensors.find(name);
        if (tensor == tensors.end() || !tensor->second->quant) continue;
        const bool weights = tensor->second->is_constant() &&
                             tensor->second->type != DataType::kS32 &&
                             tensor->second->type != DataType::kS64;
        if (names == &step.outputs || weights)
          quants.push_back(QuantText(*tensor->second, weights));
      }
    }
    rows.push_back({step.type, step.dtype, step.computed, step.accumulated, step.kernel, step.name,
                    absl::StrJoin(quants, "; "), step.reason});
  }
  return FormatTable(rows);
}

}  // namespace

absl::Status InspectCommand(absl::Span<const std::string> arguments) {
  FlagSet flags("inspect MODEL.octet [flags]",
                "Shows a model's operators, types, scales, and the kernels chosen for this CPU.",
                "octet inspect net.int8.octet --isa avx2");
  CommonFlags common;
  common.Register(flags);
  absl::StatusOr<std::vector<std::string>> operands =
      ParseFlags(flags, common, arguments, 1, 1, "one model file");
  if (!operands.ok() || common.help) return operands.status();
  const std::string& path = operands->front();
  absl::StatusOr<std::shared_ptr<const Model>> model = LoadModel(path, common);
  if (!model.ok()) return model.status();
  absl::StatusOr<std::vector<Shape>> shapes = ResolveShapes((*model)->inputs(), common.shapes, 1);
  if (!shapes.ok()) return shapes.status();
  absl::StatusOr<std::unique_ptr<Session>> session = (*model)->NewSession(*shapes);
  if (!session.ok()) return WithPath(path, session.status());
  if (common.json) {
    Print(ToJson(**model, **session).dump(2) + "\n");
  } else {
    Print(Heading(**model, **session) + "\n" + OperatorTable(**session, GraphOf(**model)));
  }
  return absl::OkStatus();
}

}  // namespace octet::cli

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/format/model_file.h"
#include "runtime/model_internal.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/type_support.h"
#include "tools/convert/half.h"
#include "tools/data/file.h"
#include "tools/report/bytes.h"

namespace octet::cli {
namespace {

using nlohmann::json;

constexpr size_t kMostLosses = 10;  // that are printed

struct Request {
  CommonFlags common;
  std::string input, output, to;
  bool io = false, types = false;
};

std::string LossText(const ConstantLoss& loss, const std::string& type) {
  std::string text = absl::StrCat("'", loss.name, "': ");
  if (loss.overflowing > 0) {
    absl::StrAppend(&text, loss.overflowing, " of ", loss.elements, " numbers are beyond ", type,
                    " (largest ", absl::StrFormat("%.4g", loss.largest), ")");
  }
  if (loss.vanishing > 0) {
    absl::StrAppend(&text, loss.overflowing > 0 ? ", " : "", loss.vanishing, " of ", loss.elements,
                    " would become 0");
  }
  if (loss.overflowing == 0 && loss.vanishing == 0) {
    absl::StrAppend(&text, "too small for the precision of ", type);
  }
  absl::StrAppend(&text, loss.kept ? "; stays f32" : "; too few to matter");
  return text;
}

json LossJson(const ConstantLoss& loss) {
  return {
      {"tensor", loss.name},         {"elements", loss.elements}, {"overflowing", loss.overflowing},
      {"vanishing", loss.vanishing}, {"largest", loss.largest},   {"kept_f32", loss.kept}};
}

json SupportJson(const TypeSupport& support) {
  return {{"type", support.type}, {"native", support.native}, {"expect", support.expect}};
}

void PrintTypes(const CpuFeatures& cpu, bool as_json) {
  if (as_json) {
    json types = json::array();
    for (const TypeSupport& support : TypesOn(cpu)) types.push_back(SupportJson(support));
    Print(json({{"isa", cpu.isa()}, {"types", std::move(types)}}).dump(2) + "\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"type", "native", "what to expect"}};
  for (const TypeSupport& support : TypesOn(cpu)) {
    rows.push_back({support.type, support.native ? "yes" : "no", support.expect});
  }
  Print(absl::StrCat("on this CPU (", cpu.isa(), "):\n", FormatTable(rows)));
}

void Report(const Request& request, const HalfReport& report, const CpuFeatures& cpu) {
  const uint64_t before = FileSize(request.input), after = FileSize(request.output);
  const TypeSupport support = TypeOn(cpu, request.to);
  if (request.common.json) {
    json losses = json::array();
    for (const ConstantLoss& loss : report.losses) losses.push_back(LossJson(loss));
    Print(json({{"output", request.output},
                {"type", request.to},
                {"constants", report.narrowed_constants},
                {"tensors", report.narrowed_tensors},
                {"casts", report.casts},
                {"losses", losses},
                {"f32_operators", report.f32_operators},
                {"input_bytes", before},
                {"output_bytes", after},
                {"isa", cpu.isa()},
                {"native", support.native},
                {"expect", support.expect}})
              .dump(2) +
          "\n");
    return;
  }
  Print(absl::StrCat(request.output, ": ", report.narrowed_constants, " constants and ",
                     report.narrowed_tensors, " computed tensors are ", request.to, ", ",
                     report.casts, " casts, ", FormatBytes(after), "\n"));
  for (size_t i = 0; i < report.losses.size(); ++i) {
    if (i == kMostLosses) {
      Print(absl::StrCat("and ", report.losses.size() - i, " more; --json lists all\n"));
      break;
    }
    Print(absl::StrCat("constant ", LossText(report.losses[i], request.to), "\n"));
  }
  if (!report.f32_operators.empty()) {
    Print(absl::StrCat(report.f32_operators.size(),
                       " products compute in f32, as their weights stay f32; the first is '",
                       report.f32_operators[0], "'\n"));
  }
  Print(absl::StrCat("on this CPU (", cpu.isa(), "): ", support.expect, "\n"));
}

absl::Status Convert(const Request& request, const CpuFeatures& cpu) {
  absl::StatusOr<Graph> graph = LoadGraph(request.input, request.common);
  if (!graph.ok()) return graph.status();
  HalfOptions options;
  options.type = request.to == "f16" ? DataType::kF16 : DataType::kBF16;
  options.inputs_and_outputs = request.io;
  HalfReport report;
  absl::StatusOr<Graph> result = ConvertToHalf(*graph, options, &report);
  if (!result.ok()) return WithPath(request.input, result.status());
  result->producer = kProducer;
  const absl::Status status = WriteAtomically(request.output, [&](const std::string& temporary) {
    absl::Status written = WriteModel(*result, temporary);
    if (!written.ok()) return WithPath(request.output, written);
    return Model::Load(temporary, request.common.model_options()).status();
  });
  if (!status.ok()) return status;
  Report(request, report, cpu);
  return absl::OkStatus();
}

}  // namespace

absl::Status ConvertCommand(absl::Span<const std::string> arguments) {
  FlagSet flags("convert MODEL.octet|MODEL.onnx --to bf16|f16 -o MODEL.octet | convert --types",
                "Stores and computes a float model in 16 bits, or shows what this CPU computes.",
                "octet convert net.octet --to bf16 -o net.bf16.octet");
  Request request;
  flags.Choice("to", {"bf16", "f16"}, "the type of weights and of what is computed", &request.to);
  flags.Text("o", "FILE", "the model file to write", &request.output);
  flags.Switch("io", "inputs and outputs of the model get the type, too; default f32", &request.io);
  flags.Switch("types", "show which types this CPU computes as they are", &request.types);
  request.common.Register(flags);
  absl::StatusOr<std::vector<std::string>> operands =
      ParseFlags(flags, request.common, arguments, 0, 1, "one model file");
  if (!operands.ok() || request.common.help) return operands.status();
  const absl::StatusOr<CpuFeatures> cpu = CpuOf(request.common);
  if (!cpu.ok()) return cpu.status();
  if (request.types) {
    if (!operands->empty()) return UsageError("--types takes no file");
    PrintTypes(*cpu, request.common.json);
    return absl::OkStatus();
  }
  if (operands->empty()) return UsageError("missing: one model file");
  if (request.to.empty()) return UsageError("missing: --to bf16 or --to f16");
  if (request.output.empty()) return UsageError("missing: -o FILE");
  request.input = operands->front();
  return Convert(request, *cpu);
}

}  // namespace octet::cli

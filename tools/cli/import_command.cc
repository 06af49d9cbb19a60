#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "runtime/format/model_file.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/picture_flags.h"
#include "tools/import/op_list.h"
#include "tools/report/bytes.h"
#include "tools/simplify/quantization_summary.h"

namespace octet::cli {
namespace {

void PrintOps(bool json, bool markdown) {
  if (!json) {
    Print(markdown ? SupportedOpsAsMarkdown() : SupportedOpsAsText());
    return;
  }
  nlohmann::json ops = nlohmann::json::array();
  for (const SupportedOp& op : SupportedOps()) {
    ops.push_back({{"operator", op.name},
                   {"versions", {op.first, op.last}},
                   {"types", op.types},
                   {"notes", op.notes}});
  }
  Print(nlohmann::json({{"operators", std::move(ops)}}).dump(2) + "\n");
}

}  // namespace

absl::Status ImportCommand(absl::Span<const std::string> arguments) {
  FlagSet flags(
      "import MODEL.onnx|MODEL.tflite -o MODEL.octet [flags] | import --list-ops",
      "Reads an ONNX or TFLite file, simplifies the network and writes it as a model file.",
      "octet import net.onnx -o net.octet --resize 256 --crop 224 "
      "--mean 127,127,127 --std 128,128,128 --labels labels.txt");
  CommonFlags common;
  PictureFlags pictures;
  std::string output;
  bool list_ops = false, markdown = false;
  flags.Text("o", "FILE", "the model file to write", &output);
  flags.Switch("list-ops", "print the ONNX operators that can be imported", &list_ops);
  flags.Switch("markdown", "with --list-ops: as a page", &markdown);
  pictures.Register(flags);
  common.Register(flags);
  absl::StatusOr<std::vector<std::string>> operands =
      ParseFlags(flags, common, arguments, 0, 1, "one ONNX or TFLite file");
  if (!operands.ok() || common.help) return operands.status();
  if (list_ops) {
    if (!operands->empty()) return UsageError("--list-ops takes no file");
    PrintOps(common.json, markdown);
    return absl::OkStatus();
  }
  if (markdown) return UsageError("--markdown goes with --list-ops");
  if (operands->empty()) return UsageError("missing: one ONNX or TFLite file");
  if (output.empty()) return UsageError("missing: -o FILE");

  const std::string& input = operands->front();
  absl::StatusOr<Graph> graph = LoadGraph(input, common);
  if (!graph.ok()) return graph.status();
  absl::Status status = pictures.ApplyTo(*graph);
  if (!status.ok()) return status;
  status = WriteModel(*graph, output);
  if (!status.ok()) return WithPath(output, status);

  const uint64_t before = FileSize(input);
  const uint64_t after = FileSize(output);
  const bool quantized = std::any_of(graph->tensors.begin(), graph->tensors.end(),
                                     [](const Tensor& tensor) { return tensor.quant.has_value(); });
  const QuantizationSummary summary = SummarizeQuantization(*graph);
  if (common.json) {
    nlohmann::json report = {{"output", output},
                             {"operators", graph->nodes.size()},
                             {"input_bytes", before},
                             {"output_bytes", after}};
    if (quantized) {
      report["int8_operators"] = summary.int8;
      report["conversions"] = summary.conversions;
      report["conversion_reasons"] = summary.reasons;
    }
    Print(report.dump(2) + "\n");
  } else {
    Print(
        absl::StrCat(output, ": ", graph->nodes.size(), " operators, ", FormatBytes(after), "\n"));
    if (quantized) Print(absl::StrCat(summary.ToString(), "\n"));
  }
  return absl::OkStatus();
}

}  // namespace octet::cli

#include <cstdio>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/cli/commands.h"
#include "tools/cli/common.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/flags.h"

namespace octet::cli {
namespace {

struct Command {
  const char* name;
  const char* summary;
  absl::Status (*run)(absl::Span<const std::string> arguments);
};

constexpr Command kCommands[] = {
    {"import", "turns an ONNX or TFLite file into a model file", ImportCommand},
    {"quantize", "turns a float model into an int8 one", QuantizeCommand},
    {"convert", "stores and computes a float model in bf16 or f16", ConvertCommand},
    {"finetune", "trains an int8 model to compute what the float model computes", FinetuneCommand},
    {"run", "classifies pictures, or computes outputs for arrays", RunCommand},
    {"eval", "measures accuracy, or agreement with another model", EvalCommand},
    {"compare", "shows where the error of a quantized model comes from", CompareCommand},
    {"bench", "measures latency, memory and load time", BenchCommand},
    {"inspect", "shows operators, types, scales and kernels", InspectCommand},
};

std::string Overview() {
  std::string text =
      "octet: quantizes neural networks and runs them fast on CPUs\n\nusage: octet COMMAND ...\n\n";
  for (const Command& command : kCommands) {
    absl::StrAppendFormat(&text, "  %-10s%s\n", command.name, command.summary);
  }
  text +=
      "\n'octet COMMAND --help' shows a command's flags and an example; 'octet --version' the "
      "version.\n"
      "Exit codes: 0 success, 1 the answer is no, 2 wrong use, 3 bad input file.\n";
  return text;
}

absl::Status UnknownCommand(const std::string& name) {
  std::vector<std::string> names = {"help"};
  for (const Command& command : kCommands) names.emplace_back(command.name);
  const std::string similar = MostSimilar(name, names);
  return UsageError(
      absl::StrCat("unknown command '", name, "'",
                   similar.empty() ? "" : absl::StrCat("; did you mean ", similar, "?")));
}

int Fail(const std::string& command, const absl::Status& status) {
  const std::string program = command.empty() ? "octet" : absl::StrCat("octet ", command);
  absl::FPrintF(stderr, "%s: %s\n", program, std::string(status.message()));
  const ExitCode code = ExitCodeOf(status);
  if (code == kWrongUse) absl::FPrintF(stderr, "Try '%s --help'.\n", program);
  return code;
}

}  // namespace

int Main(absl::Span<const std::string> arguments) {
  if (arguments.empty()) {
    std::fputs(Overview().c_str(), stderr);
    return kWrongUse;
  }
  std::string name = arguments[0];
  if (name == "--version") {
    Print(absl::StrCat(kProducer, "\n"));
    return kSuccess;
  }
  const bool help = name == "--help" || name == "-h" || name == "help";
  if (help && arguments.size() == 1) {
    Print(Overview());
    return kSuccess;
  }
  const std::vector<std::string> show_help = {"--help"};
  absl::Span<const std::string> rest = arguments.subspan(1);
  if (help) {
    name = arguments[1];
    rest = show_help;
  }
  for (const Command& command : kCommands) {
    if (name != command.name) continue;
    const absl::Status status = command.run(rest);
    return status.ok() ? kSuccess : Fail(name, status);
  }
  return Fail("", UnknownCommand(name));
}

}  // namespace octet::cli

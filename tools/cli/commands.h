#ifndef OCTET_TOOLS_CLI_COMMANDS_H_
#define OCTET_TOOLS_CLI_COMMANDS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace octet::cli {

// One function per command of `octet`. `arguments` are those after the command's name. Results go
// to stdout.
absl::Status ImportCommand(absl::Span<const std::string> arguments);
absl::Status QuantizeCommand(absl::Span<const std::string> arguments);
absl::Status ConvertCommand(absl::Span<const std::string> arguments);
absl::Status FinetuneCommand(absl::Span<const std::string> arguments);
absl::Status RunCommand(absl::Span<const std::string> arguments);
absl::Status EvalCommand(absl::Span<const std::string> arguments);
absl::Status CompareCommand(absl::Span<const std::string> arguments);
absl::Status BenchCommand(absl::Span<const std::string> arguments);
absl::Status InspectCommand(absl::Span<const std::string> arguments);

// The whole program: `arguments` are those after its name. Returns the exit code.
int Main(absl::Span<const std::string> arguments);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_COMMANDS_H_

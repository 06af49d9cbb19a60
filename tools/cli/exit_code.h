#ifndef OCTET_TOOLS_CLI_EXIT_CODE_H_
#define OCTET_TOOLS_CLI_EXIT_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace octet::cli {

// How the program ends.
enum ExitCode : int {
  kSuccess = 0,
  kAnswerIsNo = 1,  // all went well, and what was asked for does not hold
  kWrongUse = 2,    // flags or operands make no sense
  kBadInput = 3,    // a file is missing, damaged, or of no use here
};

// An error of the command line itself, which ends the program with kWrongUse.
absl::Status UsageError(absl::string_view message);

// Says that what was asked for does not hold, which ends the program with kAnswerIsNo.
absl::Status AnswerIsNo(absl::string_view message);

// kSuccess for OK, kWrongUse for a UsageError, kAnswerIsNo for that, kBadInput for all others.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_EXIT_CODE_H_

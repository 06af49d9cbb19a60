#include "tools/cli/exit_code.h"

#include "absl/strings/cord.h"

namespace octet::cli {
namespace {

constexpr char kUsageMark[] = "octet/usage";
constexpr char kNoMark[] = "octet/no";

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsageMark, absl::Cord());
  return status;
}

absl::Status AnswerIsNo(absl::string_view message) {
  absl::Status status = absl::FailedPreconditionError(message);
  status.SetPayload(kNoMark, absl::Cord());
  return status;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kSuccess;
  if (status.GetPayload(kNoMark).has_value()) return kAnswerIsNo;
  return status.GetPayload(kUsageMark).has_value() ? kWrongUse : kBadInput;
}

}  // namespace octet::cli

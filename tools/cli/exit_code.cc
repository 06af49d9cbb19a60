#include "tools/cli/exit_code.h"

#include "absl/strings/cord.h"

namespace octet::cli {
namespace {

constexpr char kUsageMark[] = "octet/usage";

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsageMark, absl::Cord());
  return status;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kSuccess;
  return status.GetPayload(kUsageMark).has_value() ? kWrongUse : kBadInput;
}

}  // namespace octet::cli

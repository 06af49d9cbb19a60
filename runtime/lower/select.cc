#include "runtime/lower/select.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace octet {

absl::StatusOr<Selected> SelectKernel(const KernelContext& context) {
  std::string reasons;
  for (const KernelEntry& entry : KernelsFor(context.node->type())) {
    absl::Status status = entry.check(context);
    if (status.ok()) {
      absl::StatusOr<std::unique_ptr<Kernel>> kernel = entry.prepare(context);
      if (kernel.ok()) {
        Selected selected;
        selected.kernel = *std::move(kernel);
        selected.name = entry.name;
        const std::string detail = selected.kernel->detail();
        if (!detail.empty()) absl::StrAppend(&selected.name, "/", detail);
        selected.reason = std::move(reasons);
        return selected;
      }
      status = kernel.status();
    }
    if (!absl::IsUnimplemented(status)) return status;
    absl::StrAppend(&reasons, reasons.empty() ? "" : "; ", entry.name, ": ", status.message());
  }
  return absl::UnimplementedError(reasons.empty() ? "there is no kernel for this operator"
                                                  : reasons);
}

}  // namespace octet

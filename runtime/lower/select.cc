#include "runtime/lower/select.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernels/operands.h"
#include "kernels/widened.h"
#include "runtime/lower/arithmetic.h"

namespace octet {
namespace {

// The first row that accepts; `reasons` grows by those of the others.
absl::StatusOr<Selected> FirstThatAccepts(const KernelContext& context, std::string& reasons) {
  for (const KernelEntry& entry : KernelsFor(context.node->type())) {
    if (!context.post.empty() && !entry.applies_post) continue;
    absl::Status status = entry.check(context);
    if (status.ok()) {
      absl::StatusOr<std::unique_ptr<Kernel>> kernel = entry.prepare(context);
      if (kernel.ok()) {
        Selected selected;
        selected.kernel = *std::move(kernel);
        selected.name = entry.name;
        const std::string detail = selected.kernel->detail();
        if (!detail.empty()) absl::StrAppend(&selected.name, "/", detail);
        selected.reason = reasons;
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

// Whether the operator may have rows that take f16 and bf16 as they are. Rows of others look at
// more than the size of elements, and take what has no scale for integers.
bool TakesHalves(const Node& node) {
  switch (node.type()) {
    case OpType::ConvOptions:
    case OpType::MatMulOptions:
    case OpType::ConvTransposeOptions:
    case OpType::AttentionOptions:
    case OpType::PoolOptions:
    case OpType::GlobalPoolOptions:
    case OpType::CastOptions:
      return true;
    default:
      return MovesElements(node);
  }
}

// With the functions behind it.
absl::StatusOr<Selected> SelectWithPost(const KernelContext& context, std::string& reasons) {
  absl::StatusOr<Selected> selected = FirstThatAccepts(context, reasons);
  if (context.post.empty()) return selected;
  if (absl::IsUnimplemented(selected.status()) && IsF32(context.output())) {
    KernelContext alone = context;
    alone.post = {};
    selected = FirstThatAccepts(alone, reasons);
    if (selected.ok()) selected->kernel = ApplyAfter(context, std::move(selected->kernel));
  }
  if (!selected.ok()) return selected;
  for (const PostFunction& f : context.post) absl::StrAppend(&selected->name, " + ", Name(f));
  return selected;
}

absl::StatusOr<Selected> SelectWidened(const KernelContext& context, std::string& reasons) {
  Selected selected;
  absl::StatusOr<std::unique_ptr<Kernel>> kernel =
      WidenOperands(context, [&](const KernelContext& wide) {
        absl::StatusOr<Selected> inner = SelectWithPost(wide, reasons);
        if (!inner.ok()) return absl::StatusOr<std::unique_ptr<Kernel>>(inner.status());
        selected.name = absl::StrCat("widened/", inner->name);
        return absl::StatusOr<std::unique_ptr<Kernel>>(std::move(inner->kernel));
      });
  if (!kernel.ok()) return kernel.status();
  selected.kernel = *std::move(kernel);
  selected.widened = true;
  return selected;
}

}  // namespace

absl::StatusOr<Selected> SelectKernel(const KernelContext& context) {
  std::string reasons;
  const bool halves = HasHalves(context);
  if (!halves || TakesHalves(*context.node)) {
    absl::StatusOr<Selected> selected = SelectWithPost(context, reasons);
    if (!halves || !absl::IsUnimplemented(selected.status())) return selected;
  }
  absl::StatusOr<Selected> selected = SelectWidened(context, reasons);
  if (selected.ok()) selected->reason = reasons;
  return selected;
}

}  // namespace octet

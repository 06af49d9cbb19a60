#ifndef OCTET_KERNELS_TESTING_WIDENED_REFERENCE_H_
#define OCTET_KERNELS_TESTING_WIDENED_REFERENCE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/kernel.h"
#include "kernels/widened.h"

namespace octet::testing {

// Of operands of 16 bits, the reference for f32 on their values, rounded.
inline const KernelEntry kWidenedReference = {
    "reference", [](const KernelContext&) { return absl::OkStatus(); },
    [](const KernelContext& context) {
      return WidenOperands(
          context, [](const KernelContext& wide) -> absl::StatusOr<std::unique_ptr<Kernel>> {
            const KernelEntry& reference = KernelsFor(wide.node->type()).back();
            if (absl::Status s = reference.check(wide); !s.ok()) return s;
            return reference.prepare(wide);
          });
    }};

}  // namespace octet::testing

#endif  // OCTET_KERNELS_TESTING_WIDENED_REFERENCE_H_

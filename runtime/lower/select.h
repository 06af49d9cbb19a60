#ifndef OCTET_RUNTIME_LOWER_SELECT_H_
#define OCTET_RUNTIME_LOWER_SELECT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kernels/kernel.h"

namespace octet {

struct Selected {
  std::unique_ptr<Kernel> kernel;
  std::string name;      // of the row, with the kernel's detail
  std::string reason;    // why the rows before it declined
  bool widened = false;  // operands of 16 bits are converted on the way: it computes in f32
};

// The first kernel of the registry that accepts, prepared. Where none takes operands of 16 bits as
// they are, the first one that takes f32 in their place, between conversions (kernels/widened.h).
// Unimplemented with every row's reason when none does; any other error of a row is passed on.
absl::StatusOr<Selected> SelectKernel(const KernelContext& context);

}  // namespace octet

#endif  // OCTET_RUNTIME_LOWER_SELECT_H_

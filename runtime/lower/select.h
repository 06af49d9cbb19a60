#ifndef OCTET_RUNTIME_LOWER_SELECT_H_
#define OCTET_RUNTIME_LOWER_SELECT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kernels/kernel.h"

namespace octet {

struct Selected {
  std::unique_ptr<Kernel> kernel;
  std::string name;    // of the row, with the kernel's detail
  std::string reason;  // why the rows before it declined
};

// The first kernel of the registry that accepts, prepared. Unimplemented with every row's reason
// when none does; any other error of a row is passed on.
absl::StatusOr<Selected> SelectKernel(const KernelContext& context);

}  // namespace octet

#endif  // OCTET_RUNTIME_LOWER_SELECT_H_

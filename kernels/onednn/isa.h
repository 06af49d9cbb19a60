#ifndef OCTET_KERNELS_ONEDNN_ISA_H_
#define OCTET_KERNELS_ONEDNN_ISA_H_

#include <string>

#include "absl/status/status.h"

namespace octet {

// Caps the instructions that oneDNN may use in this process: one of the names of ModelOptions::isa
// in any case, or "" or "default" for no change. oneDNN freezes the cap when it first looks at it,
// so this must come before the first model: asking for another cap later is FailedPrecondition, an
// unknown name is InvalidArgument. A cap in the environment (ONEDNN_MAX_CPU_ISA) is replaced.
// Thread-safe.
absl::Status SetIsaCap(const std::string& isa);

}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_ISA_H_

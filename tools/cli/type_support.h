#ifndef OCTET_TOOLS_CLI_TYPE_SUPPORT_H_
#define OCTET_TOOLS_CLI_TYPE_SUPPORT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/core/cpu_features.h"
#include "tools/cli/common.h"

namespace octet::cli {

// What a CPU does with a type of weights and activations.
struct TypeSupport {
  std::string type;     // "bf16", ...
  bool native = false;  // products are computed on the elements as they are stored
  std::string expect;   // in words
};

// All types that a model may compute in, and one of them.
std::vector<TypeSupport> TypesOn(const CpuFeatures& cpu);
TypeSupport TypeOn(const CpuFeatures& cpu, const std::string& type);

// The CPU under the caps of --isa and of ONEDNN_MAX_CPU_ISA. A UsageError for an unknown name.
absl::StatusOr<CpuFeatures> CpuOf(const CommonFlags& common);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_TYPE_SUPPORT_H_

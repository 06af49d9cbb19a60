#ifndef OCTET_TOOLS_QUANTIZE_TARGET_H_
#define OCTET_TOOLS_QUANTIZE_TARGET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace octet {

// The CPUs that a model is quantized for. They differ in how they add products of u8 and s8: with
// VNNI or AMX in 32 bits, without in pairs in 16 bits, which saturate.
enum class Target {
  kAny,   // weights are what serves accuracy best; where sums could saturate, CPUs without VNNI
          // compute exactly, which is slower
  kAvx2,  // weights are limited so that no sum can saturate: the fast way everywhere
  kVnni,
  kAmx,
};

// "any", "avx2", "vnni", "amx".
std::vector<std::string> TargetNames();
absl::string_view Name(Target target);
// InvalidArgument lists the names.
absl::StatusOr<Target> TargetNamed(absl::string_view name);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_TARGET_H_

#include "kernels/simd/preference.h"

#include "kernels/simd/isa.h"

namespace octet {
namespace simd {

absl::Status CheckFasterThanOnednn(const KernelContext& context) {
  if (context.deterministic || context.input(0).type == DataType::kS16) return absl::OkStatus();
  if (context.cpu.amx_int8) return absl::UnimplementedError("oneDNN is faster with AMX tiles");
  if (ChooseIsa(context.cpu) != Isa::kAvx512Vnni) {
    return absl::UnimplementedError("oneDNN is faster without AVX512-VNNI");
  }
  return absl::OkStatus();
}

}  // namespace simd
}  // namespace octet

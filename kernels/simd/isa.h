#ifndef OCTET_KERNELS_SIMD_ISA_H_
#define OCTET_KERNELS_SIMD_ISA_H_

#include <cstdint>

#include "runtime/core/cpu_features.h"

namespace octet {
namespace simd {

// The instruction sets that the kernels of this folder are written for. All of them give the same
// bits.
enum class Isa : uint8_t {
  kScalar,      // portable C++
  kAvx2,        // products of 16-bit pairs (vpmaddwd), exact
  kAvxVnni,     // vpdpbusd on 256-bit registers
  kAvx512Vnni,  // vpdpbusd on 512-bit registers
};

inline Isa ChooseIsa(const CpuFeatures& cpu) {
  if (cpu.avx512 && cpu.avx512_vnni) return Isa::kAvx512Vnni;
  if (cpu.avx2 && cpu.avx_vnni) return Isa::kAvxVnni;
  if (cpu.avx2) return Isa::kAvx2;
  return Isa::kScalar;
}

inline const char* Name(Isa isa) {
  switch (isa) {
    case Isa::kAvx512Vnni:
      return "avx512_vnni";
    case Isa::kAvxVnni:
      return "avx_vnni";
    case Isa::kAvx2:
      return "avx2";
    default:
      return "scalar";
  }
}

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_ISA_H_

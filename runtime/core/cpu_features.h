#ifndef OCTET_RUNTIME_CORE_CPU_FEATURES_H_
#define OCTET_RUNTIME_CORE_CPU_FEATURES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace octet {

// What kernels may use: instructions that the CPU has and the cap allows.
struct CpuFeatures {
  bool avx2 = false;      // with FMA and F16C
  bool avx_vnni = false;  // vpdpbusd on 256-bit registers
  bool avx512 = false;    // F, BW, CD, DQ, VL
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool avx512_fp16 = false;
  bool amx_int8 = false;

  // Whether u8 * s8 dot products sum exactly in s32 without 16-bit steps.
  bool vnni() const { return avx_vnni || avx512_vnni; }
  // oneDNN's name of the highest set that is complete: "avx512_core_vnni", ..., "sse41" below AVX2.
  std::string isa() const;

  // What this CPU has, by feature bits alone.
  static CpuFeatures Host();
  // Host() without what lies above `isa`, one of oneDNN's names in any case ("AVX2",
  // "avx512_core_vnni",
  // ...; "" or "default": no cap). InvalidArgument lists the names.
  static absl::StatusOr<CpuFeatures> Capped(absl::string_view isa);
};

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_CPU_FEATURES_H_

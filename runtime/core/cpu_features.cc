#include "runtime/core/cpu_features.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace octet {
namespace {

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers Cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r;
  if (__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
  return r;
}

bool Bit(uint64_t value, int bit) { return (value >> bit & 1) != 0; }

// XCR0: the register sets that the operating system saves on a context switch.
uint64_t SavedState() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

// Linux hands out the AMX tile registers on request only; this asks whether a request could
// succeed.
bool KernelKnowsTiles() {
  constexpr int kGetSupportedState = 0x1021;  // ARCH_GET_XCOMP_SUPP of asm/prctl.h
  constexpr int kTileData = 18;
  uint64_t supported = 0;
  return syscall(SYS_arch_prctl, kGetSupportedState, &supported) == 0 && Bit(supported, kTileData);
}

// oneDNN's sets in ascending order.
enum Level {
  kSse41,
  kAvx,
  kAvx2,
  kAvx2Vnni,
  kAvx512,
  kAvx512Vnni,
  kAvx512Bf16,
  kAvx512Fp16,
  kAmx,
};

struct IsaName {
  const char* name;
  Level level;
};

// The names that messages list come first, then oneDNN's other spellings.
constexpr IsaName kNames[] = {
    {"sse41", kSse41},
    {"avx2", kAvx2},
    {"avx2_vnni", kAvx2Vnni},
    {"avx512_core", kAvx512},
    {"avx512_core_vnni", kAvx512Vnni},
    {"avx512_core_bf16", kAvx512Bf16},
    {"avx512_core_fp16", kAvx512Fp16},
    {"avx512_core_amx", kAmx},
    {"default", kAmx},
    {"all", kAmx},
    {"avx", kAvx},
    {"avx2_vnni_2", kAvx2Vnni},
    {"avx10_1_512", kAvx512Fp16},
    {"avx10_1_512_amx", kAmx},
    {"avx512_core_amx_fp16", kAmx},
    {"avx10_1_512_amx_fp16", kAmx},
};
constexpr size_t kListedNames = 9;

CpuFeatures Detect() {
  CpuFeatures f;
  const Registers basic = Cpuid(1, 0);
  const bool os_saves_avx = Bit(basic.ecx, 27) && (SavedState() & 0x6) == 0x6;
  if (!os_saves_avx) return f;
  const uint64_t saved = SavedState();
  const bool os_saves_avx512 = (saved & 0xe0) == 0xe0;
  const bool os_saves_tiles = (saved & 0x60000) == 0x60000;
  const Registers ext = Cpuid(7, 0);
  const Registers ext1 = ext.eax >= 1 ? Cpuid(7, 1) : Registers();

  const bool fma = Bit(basic.ecx, 12), avx = Bit(basic.ecx, 28), f16c = Bit(basic.ecx, 29);
  f.avx2 = avx && fma && f16c && Bit(ext.ebx, 5);
  f.avx_vnni = f.avx2 && Bit(ext1.eax, 4);
  const bool f_dq_cd_bw_vl = Bit(ext.ebx, 16) && Bit(ext.ebx, 17) && Bit(ext.ebx, 28) &&
                             Bit(ext.ebx, 30) && Bit(ext.ebx, 31);
  f.avx512 = f.avx2 && os_saves_avx512 && f_dq_cd_bw_vl;
  f.avx512_vnni = f.avx512 && Bit(ext.ecx, 11);
  f.avx512_bf16 = f.avx512 && Bit(ext1.eax, 5);
  f.avx512_fp16 = f.avx512 && Bit(ext.edx, 23);
  const bool tiles = Bit(ext.edx, 24) && Bit(ext.edx, 25);
  f.amx_int8 = f.avx512 && tiles && os_saves_tiles && KernelKnowsTiles();
  return f;
}

}  // namespace

std::string CpuFeatures::isa() const {
  if (!avx2) return "sse41";
  if (!avx512) return avx_vnni ? "avx2_vnni" : "avx2";
  if (!avx512_vnni) return "avx512_core";
  if (!avx512_bf16) return "avx512_core_vnni";
  if (!avx512_fp16) return "avx512_core_bf16";
  return amx_int8 ? "avx512_core_amx" : "avx512_core_fp16";
}

CpuFeatures CpuFeatures::Host() {
  static const CpuFeatures host = Detect();
  return host;
}

absl::StatusOr<CpuFeatures> CpuFeatures::Capped(absl::string_view isa) {
  const std::string wanted = isa.empty() ? "default" : absl::AsciiStrToLower(isa);
  std::string names;
  for (size_t i = 0; i < sizeof(kNames) / sizeof(kNames[0]); ++i) {
    const auto& [name, level] = kNames[i];
    if (i < kListedNames) absl::StrAppend(&names, i > 0 ? ", " : "", name);
    if (wanted != name) continue;
    CpuFeatures f = Host();
    f.avx2 = f.avx2 && level >= kAvx2;
    // AVX512_CORE is the set without VNNI, in any width.
    f.avx_vnni = f.avx_vnni && level >= kAvx2Vnni && level != kAvx512;
    f.avx512 = f.avx512 && level >= kAvx512;
    f.avx512_vnni = f.avx512_vnni && level >= kAvx512Vnni;
    f.avx512_bf16 = f.avx512_bf16 && level >= kAvx512Bf16;
    f.avx512_fp16 = f.avx512_fp16 && level >= kAvx512Fp16;
    f.amx_int8 = f.amx_int8 && level >= kAmx;
    return f;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown instruction set '", isa, "'; use one of ", names));
}

}  // namespace octet

#include "tools/cli/type_support.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "tools/cli/exit_code.h"

namespace octet::cli {
namespace {

TypeSupport BF16On(const CpuFeatures& cpu) {
  if (cpu.avx512_bf16) {
    return {"bf16", true,
            "bf16 is native: half the memory of f32, and products up to twice as fast (AMX: more); "
            "sums are f32"};
  }
  return {"bf16", false,
          "bf16 is computed as f32: half the file, weights are widened once at load, speed and "
          "memory of f32"};
}

TypeSupport F16On(const CpuFeatures& cpu) {
  if (cpu.avx512_fp16) {
    return {"f16", true,
            "f16 is native: half the memory of f32; products are faster with AMX-FP16, else about "
            "as fast; sums are f32"};
  }
  return {"f16", false,
          "f16 is computed as f32: half the file, weights are widened once at load, speed and "
          "memory of f32"};
}

TypeSupport Int8On(const CpuFeatures& cpu) {
  if (cpu.vnni()) return {"int8", true, "int8 is native: up to four times the speed of f32"};
  return {"int8", cpu.avx2, "int8 is exact without VNNI, at about the speed of f32"};
}

}  // namespace

std::vector<TypeSupport> TypesOn(const CpuFeatures& cpu) {
  return {{"f32", true, "f32 is native"}, BF16On(cpu), F16On(cpu), Int8On(cpu)};
}

TypeSupport TypeOn(const CpuFeatures& cpu, const std::string& type) {
  for (TypeSupport& support : TypesOn(cpu)) {
    if (support.type == type) return support;
  }
  return {type, false, ""};
}

absl::StatusOr<CpuFeatures> CpuOf(const CommonFlags& common) {
  const char* cap = std::getenv("ONEDNN_MAX_CPU_ISA");
  absl::StatusOr<CpuFeatures> cpu = CpuFeatures::Capped(!common.isa.empty() ? common.isa
                                                        : cap == nullptr    ? ""
                                                                            : cap);
  if (!cpu.ok()) return UsageError(cpu.status().message());
  return cpu;
}

}  // namespace octet::cli

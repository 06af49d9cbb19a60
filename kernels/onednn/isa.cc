#include "kernels/onednn/isa.h"

#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace octet {
namespace {

struct NamedIsa {
  const char* name;
  dnnl_cpu_isa_t isa;
};

constexpr NamedIsa kIsas[] = {
    {"sse41", dnnl_cpu_isa_sse41},
    {"avx", dnnl_cpu_isa_avx},
    {"avx2", dnnl_cpu_isa_avx2},
    {"avx2_vnni", dnnl_cpu_isa_avx2_vnni},
    {"avx2_vnni_2", dnnl_cpu_isa_avx2_vnni_2},
    {"avx512_core", dnnl_cpu_isa_avx512_core},
    {"avx512_core_vnni", dnnl_cpu_isa_avx512_core_vnni},
    {"avx512_core_bf16", dnnl_cpu_isa_avx512_core_bf16},
    {"avx512_core_fp16", dnnl_cpu_isa_avx512_core_fp16},
    {"avx512_core_amx", dnnl_cpu_isa_avx512_core_amx},
};

// The name in lower case, "" for "default".
std::string Normalized(const std::string& isa) {
  std::string name = absl::AsciiStrToLower(isa);
  return name == "default" ? "" : name;
}

const NamedIsa* Find(const std::string& name) {
  for (const NamedIsa& isa : kIsas) {
    if (name == isa.name) return &isa;
  }
  return nullptr;
}

std::string AllNames() {
  std::string names;
  for (const NamedIsa& isa : kIsas) absl::StrAppend(&names, names.empty() ? "" : ", ", isa.name);
  return names;
}

}  // namespace

absl::Status SetIsaCap(const std::string& isa) {
  static std::mutex* mutex = new std::mutex;
  static std::string* current = new std::string;
  const std::string name = Normalized(isa);
  if (name.empty()) return absl::OkStatus();
  const NamedIsa* found = Find(name);
  if (found == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown instruction set '", isa, "'; expected one of ", AllNames()));
  }
  std::lock_guard<std::mutex> lock(*mutex);
  if (name == *current) return absl::OkStatus();
  if (dnnl_set_max_cpu_isa(found->isa) != dnnl_success) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cannot cap the instruction set at '", name, "': it is already fixed for this process",
        current->empty() ? "" : absl::StrCat(" at '", *current, "'"),
        "; ask for it before the first model is loaded"));
  }
  *current = name;
  return absl::OkStatus();
}

}  // namespace octet

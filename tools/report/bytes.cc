#include "tools/report/bytes.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace octet {

std::string FormatBytes(uint64_t bytes) {
  constexpr double kKibi = 1024;
  const auto value = static_cast<double>(bytes);
  if (value >= kKibi * kKibi) return absl::StrFormat("%.2f MiB", value / kKibi / kKibi);
  if (value >= kKibi) return absl::StrFormat("%.1f KiB", value / kKibi);
  return absl::StrCat(bytes, " bytes");
}

}  // namespace octet

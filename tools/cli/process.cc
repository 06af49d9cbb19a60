#include "tools/cli/process.h"

#include <chrono>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace octet::cli {
namespace {

constexpr double kKibPerMib = 1024;

// The value in KiB of a line "Key:   1234 kB" of a file in /proc; 0 when it is missing.
double KibOf(const char* path, absl::string_view key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (!absl::StartsWith(line, key)) continue;
    for (absl::string_view word : absl::StrSplit(line, ' ', absl::SkipEmpty())) {
      double value;
      if (absl::SimpleAtod(word, &value)) return value;
    }
  }
  return 0;
}

}  // namespace

double ResidentMib() {
  // The counters of `status` lag behind by up to 64 pages a thread; those of `smaps_rollup` are
  // exact.
  const double exact = KibOf("/proc/self/smaps_rollup", "Rss:");
  return (exact > 0 ? exact : KibOf("/proc/self/status", "VmRSS:")) / kKibPerMib;
}

double PeakResidentMib() { return KibOf("/proc/self/status", "VmHWM:") / kKibPerMib; }

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace octet::cli

#include "runtime/core/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace octet {
namespace {

// The first line of a file; empty when there is none.
std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// CPUs of a quota in microseconds per period, rounded up; 0: none.
int CpusOf(absl::string_view quota, absl::string_view period) {
  int64_t quota_us = 0, period_us = 0;
  if (!absl::SimpleAtoi(quota, &quota_us) || !absl::SimpleAtoi(period, &period_us)) return 0;
  if (quota_us <= 0 || period_us <= 0) return 0;
  return static_cast<int>(std::min<int64_t>((quota_us - 1) / period_us + 1, 1 << 20));
}

int QuotaV1(const std::string& folder) {
  return CpusOf(FirstLine(folder + "/cpu.cfs_quota_us"), FirstLine(folder + "/cpu.cfs_period_us"));
}

int QuotaV2(const std::string& folder) {
  const std::string line = FirstLine(folder + "/cpu.max");
  const std::vector<std::string> fields = absl::StrSplit(line, ' ');
  return fields.size() == 2 ? CpusOf(fields[0], fields[1]) : 0;
}

// The smallest quota of the group at `path` and all groups above it. A container often sees its own
// group as the root, whatever path it is told; the walk to the root covers that.
int SmallestQuota(const std::string& mount, std::string path, int (*quota)(const std::string&)) {
  int smallest = 0;
  while (true) {
    const int cpus = quota(mount + path);
    if (cpus > 0 && (smallest == 0 || cpus < smallest)) smallest = cpus;
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos || path == "/") return smallest;
    path.resize(slash);
  }
}

}  // namespace

std::vector<int> AllowedCpus() {
  std::vector<int> cpus;
  // The kernel's mask may be larger than cpu_set_t; it refuses one that is too small.
  for (int capacity = CPU_SETSIZE; capacity <= 1 << 20; capacity *= 2) {
    cpu_set_t* set = CPU_ALLOC(capacity);
    if (set == nullptr) break;
    const size_t bytes = CPU_ALLOC_SIZE(capacity);
    const bool filled = sched_getaffinity(0, bytes, set) == 0;
    for (int cpu = 0; filled && cpu < capacity; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, set)) cpus.push_back(cpu);
    }
    CPU_FREE(set);
    if (filled) break;
  }
  return cpus;
}

int PhysicalCores(const std::vector<int>& cpus, const std::string& root) {
  std::set<std::string> cores;
  for (int cpu : cpus) {
    const std::string folder = absl::StrCat(root, "/sys/devices/system/cpu/cpu", cpu, "/topology/");
    std::string siblings = FirstLine(folder + "core_cpus_list");
    if (siblings.empty()) siblings = FirstLine(folder + "thread_siblings_list");
    cores.insert(siblings.empty() ? absl::StrCat("cpu", cpu) : siblings);
  }
  return static_cast<int>(cores.size());
}

int CgroupCpus(const std::string& root) {
  const std::string mount = root + "/sys/fs/cgroup";
  std::ifstream file(root + "/proc/self/cgroup");
  int smallest = 0;
  // Lines are hierarchy:controllers:path; version 2 is hierarchy 0 without controllers.
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    const std::vector<std::string> controllers = absl::StrSplit(fields[1], ',');
    int cpus = 0;
    if (fields[0] == "0" && fields[1].empty()) {
      cpus = SmallestQuota(mount, fields[2], QuotaV2);
    } else if (std::find(controllers.begin(), controllers.end(), "cpu") != controllers.end()) {
      cpus = SmallestQuota(absl::StrCat(mount, "/", fields[1]), fields[2], QuotaV1);
      if (cpus == 0) cpus = SmallestQuota(mount + "/cpu", fields[2], QuotaV1);
    }
    if (cpus > 0 && (smallest == 0 || cpus < smallest)) smallest = cpus;
  }
  return smallest;
}

}  // namespace octet

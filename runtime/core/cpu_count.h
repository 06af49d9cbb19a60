#ifndef OCTET_RUNTIME_CORE_CPU_COUNT_H_
#define OCTET_RUNTIME_CORE_CPU_COUNT_H_

#include <string>
#include <vector>

namespace octet {

// The CPUs that this process may run on, ascending (sched_getaffinity).
std::vector<int> AllowedCpus();

// How many physical cores `cpus` belong to, by the topology that Linux shows below `root` + "/sys".
// A CPU without an entry counts as a core.
int PhysicalCores(const std::vector<int>& cpus, const std::string& root = "");

// The CPU time that the process's control groups (v1 and v2) grant it, in CPUs, rounded up; 0 when
// there is no limit. Reads `root` + "/proc/self/cgroup" and below `root` + "/sys/fs/cgroup".
int CgroupCpus(const std::string& root = "");

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_CPU_COUNT_H_

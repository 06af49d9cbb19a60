#include "runtime/core/cpu_count.h"

#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"
#include "octet/thread_pool.h"

namespace octet {
namespace {

// A folder that looks like the root of a machine.
class CpuCountTest : public testing::Test {
 protected:
  CpuCountTest()
      : root_(testing::TempDir() + "/cpu_count_" +
              testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(root_);
  }
  ~CpuCountTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }

  const std::string root_;
};

TEST_F(CpuCountTest, NoGroupsMeanNoLimit) { EXPECT_EQ(CgroupCpus(root_), 0); }

TEST_F(CpuCountTest, VersionTwoRoundsUp) {
  Write("/proc/self/cgroup", "0::/app");
  Write("/sys/fs/cgroup/app/cpu.max", "150000 100000");
  EXPECT_EQ(CgroupCpus(root_), 2);
}

TEST_F(CpuCountTest, VersionTwoWithoutQuota) {
  Write("/proc/self/cgroup", "0::/app");
  Write("/sys/fs/cgroup/app/cpu.max", "max 100000");
  EXPECT_EQ(CgroupCpus(root_), 0);
}

TEST_F(CpuCountTest, TheGroupsAboveCount) {
  Write("/proc/self/cgroup", "0::/pod/app");
  Write("/sys/fs/cgroup/pod/app/cpu.max", "400000 100000");
  Write("/sys/fs/cgroup/pod/cpu.max", "300000 100000");
  EXPECT_EQ(CgroupCpus(root_), 3);
}

TEST_F(CpuCountTest, AContainerSeesItsGroupAsTheRoot) {
  Write("/proc/self/cgroup", "0::/invisible/from/here");
  Write("/sys/fs/cgroup/cpu.max", "50000 100000");
  EXPECT_EQ(CgroupCpus(root_), 1);
}

TEST_F(CpuCountTest, VersionOne) {
  Write("/proc/self/cgroup", "4:memory:/app\n3:cpu,cpuacct:/app");
  Write("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "200001");
  Write("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us", "100000");
  EXPECT_EQ(CgroupCpus(root_), 3);
}

TEST_F(CpuCountTest, VersionOneWithoutQuota) {
  Write("/proc/self/cgroup", "3:cpu:/");
  Write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1");
  Write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(CgroupCpus(root_), 0);
}

TEST_F(CpuCountTest, HyperthreadsShareACore) {
  for (int cpu : {0, 2}) {
    Write("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/core_cpus_list", "0,2");
  }
  Write("/sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1,3");
  EXPECT_EQ(PhysicalCores({0, 1, 2}, root_), 2);
  EXPECT_EQ(PhysicalCores({2}, root_), 1);
}

TEST_F(CpuCountTest, WithoutTopologyEachCpuIsACore) {
  EXPECT_EQ(PhysicalCores({0, 5, 7}, root_), 3);
}

TEST(CpuCount, OfThisMachine) {
  const std::vector<int> cpus = AllowedCpus();
  ASSERT_FALSE(cpus.empty());
  EXPECT_GE(PhysicalCores(cpus), 1);
  EXPECT_GE(ThreadPool::DefaultThreads(), 1);
  EXPECT_LE(ThreadPool::DefaultThreads(), static_cast<int>(cpus.size()));
}

}  // namespace
}  // namespace octet

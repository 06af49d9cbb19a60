#include "octet/thread_pool.h"

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

namespace octet {
namespace {

class ThreadPoolTest : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolTest, CallsEachIndexOnce) {
  const auto pool = ThreadPool::Create(GetParam());
  EXPECT_EQ(pool->threads(), GetParam());
  for (int64_t n : {0, 1, 2, 3, 7, 1000}) {
    std::vector<std::atomic<int>> calls(static_cast<size_t>(n));
    pool->ParallelFor(n, [&calls](int64_t i) { ++calls[static_cast<size_t>(i)]; });
    for (const auto& count : calls) EXPECT_EQ(count, 1);
  }
}

TEST_P(ThreadPoolTest, OneIndexRunsOnTheCaller) {
  const auto pool = ThreadPool::Create(GetParam());
  std::thread::id ran_on;
  pool->ParallelFor(1, [&ran_on](int64_t) { ran_on = std::this_thread::get_id(); });
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST_P(ThreadPoolTest, WorksAfterRest) {
  const auto pool = ThreadPool::Create(GetParam());
  for (int round = 0; round < 20; ++round) {
    std::atomic<int64_t> sum{0};
    pool->ParallelFor(100, [&sum](int64_t i) { sum += i; });
    EXPECT_EQ(sum, 4950);
    pool->Rest();
    pool->Rest();
  }
}

TEST_P(ThreadPoolTest, ANestedSectionRunsInside) {
  const auto pool = ThreadPool::Create(GetParam());
  std::atomic<int> calls{0};
  pool->ParallelFor(8, [&](int64_t) {
    const auto outer = std::this_thread::get_id();
    pool->ParallelFor(8, [&](int64_t) {
      EXPECT_EQ(std::this_thread::get_id(), outer);
      ++calls;
    });
  });
  EXPECT_EQ(calls, 64);
}

TEST_P(ThreadPoolTest, SectionsOfSeveralThreadsTakeTurns) {
  const auto pool = ThreadPool::Create(GetParam());
  std::atomic<int> calls{0};
  std::vector<std::thread> users;
  for (int user = 0; user < 4; ++user) {
    users.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        pool->ParallelFor(10, [&calls](int64_t) { ++calls; });
        if (round % 10 == 0) pool->Rest();
      }
    });
  }
  for (std::thread& user : users) user.join();
  EXPECT_EQ(calls, 4 * 50 * 10);
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 4));

TEST(ThreadPool, AtMostAsManyThreadsTakePart) {
  const auto pool = ThreadPool::Create(2);
  absl::Mutex mutex;
  std::set<std::thread::id> seen;
  pool->ParallelFor(1000, [&](int64_t) {
    absl::MutexLock lock(&mutex);
    seen.insert(std::this_thread::get_id());
  });
  EXPECT_LE(seen.size(), 2u);
}

TEST(ThreadPool, SharedIsOnePool) {
  EXPECT_EQ(ThreadPool::Shared(), ThreadPool::Shared());
  EXPECT_EQ(ThreadPool::Shared()->threads(), ThreadPool::DefaultThreads());
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TEST(ThreadPool, WorkersSleepAfterRest) {
  const auto pool = ThreadPool::Create(4);
  pool->ParallelFor(100, [](int64_t) {});
  pool->Rest();
  const double before = CpuSeconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  // Three spinning workers would take up to 0.6 s.
  EXPECT_LT(CpuSeconds() - before, 0.02);
}

}  // namespace
}  // namespace octet

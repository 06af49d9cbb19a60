#include "octet/thread_pool.h"

#include <immintrin.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "runtime/core/cpu_count.h"

namespace octet {
namespace {

// How long a thread watches for the next section, or for the end of the others' work, before it
// sleeps. Steps of a run follow each other within microseconds; waking a sleeper costs some tens.
constexpr std::chrono::microseconds kPatience(60);

void FutexWait(const std::atomic<uint32_t>& word, uint32_t expected) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void FutexWake(const std::atomic<uint32_t>& word, int threads) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, threads, nullptr, nullptr, 0);
}

// Watches until `done` holds, kPatience at most. Whether it holds.
template <typename Done>
bool WatchFor(const Done& done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  do {
    for (int i = 0; i < 64; ++i) {
      if (done()) return true;
      _mm_pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return done();
}

// The pool whose section this thread is in. A section inside a section of the same pool runs on its
// thread, because the pool's other threads may be waiting for it.
thread_local const void* current_pool = nullptr;

class InSection {
 public:
  explicit InSection(const void* pool) : outer_(current_pool) { current_pool = pool; }
  ~InSection() { current_pool = outer_; }
  InSection(const InSection&) = delete;
  InSection& operator=(const InSection&) = delete;

 private:
  const void* outer_;
};

// A section is a gate that workers enter while it is open. The caller works too, closes the gate
// when no index is left, and waits only for workers that are inside: one that the system has not
// scheduled yet delays nobody.
class WorkerPool : public ThreadPool {
 public:
  explicit WorkerPool(int threads) {
    for (int i = 1; i < threads; ++i) {
      try {
        workers_.emplace_back([this] { Work(); });
      } catch (const std::system_error&) {
        break;  // The system has no more threads to give; fewer do as well.
      }
    }
  }

  ~WorkerPool() override {
    stop_.store(true);
    section_.fetch_add(1);
    FutexWake(section_, INT32_MAX);
    for (std::thread& worker : workers_) worker.join();
  }

  int threads() const override { return static_cast<int>(workers_.size()) + 1; }

  void ParallelFor(int64_t n, absl::FunctionRef<void(int64_t)> fn) override {
    if (n <= 1 || workers_.empty() || current_pool == this) {
      for (int64_t i = 0; i < n; ++i) fn(i);
      return;
    }
    std::lock_guard<std::mutex> turn(mutex_);
    fn_ = &fn;
    size_ = n;
    next_.store(0, std::memory_order_relaxed);
    awake_.store(true, std::memory_order_relaxed);
    gate_.store(kOpen);
    section_.fetch_add(1);
    if (sleepers_.load() > 0)
      FutexWake(section_, static_cast<int>(std::min<int64_t>(n - 1, INT32_MAX)));
    RunIndices();
    gate_.fetch_and(~kOpen);
    WaitForWorkers();
  }

  void Rest() override { awake_.store(false, std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kOpen = 1u << 31;  // of gate_
  static constexpr uint32_t kWaiting =
      1u << 30;  // of gate_: the caller sleeps until the last worker leaves

  void RunIndices() {
    InSection in_section(this);
    const absl::FunctionRef<void(int64_t)>& fn = *fn_;
    const int64_t size = size_;
    for (int64_t i = next_.fetch_add(1); i < size; i = next_.fetch_add(1)) fn(i);
  }

  void WaitForWorkers() {
    if (WatchFor([this] { return gate_.load() == 0; })) return;
    uint32_t inside = gate_.fetch_or(kWaiting) | kWaiting;
    while (inside != kWaiting) {
      FutexWait(gate_, inside);
      inside = gate_.load();
    }
  }

  bool Enter() {
    uint32_t gate = gate_.load();
    while ((gate & kOpen) != 0) {
      if (gate_.compare_exchange_weak(gate, gate + 1)) return true;
    }
    return false;
  }

  void Leave() {
    if (gate_.fetch_sub(1) - 1 == kWaiting) FutexWake(gate_, 1);
  }

  void Work() {
    uint32_t seen = 0;
    while (true) {
      AwaitSection(seen);
      seen = section_.load();
      if (stop_.load()) return;
      if (Enter()) {
        RunIndices();
        Leave();
      }
    }
  }

  // Returns once section_ is no longer `seen`.
  void AwaitSection(uint32_t seen) {
    const auto news = [&] { return section_.load() != seen; };
    if (news()) return;
    WatchFor([&] { return news() || !awake_.load(std::memory_order_relaxed); });
    sleepers_.fetch_add(1);
    while (!news()) FutexWait(section_, seen);
    sleepers_.fetch_sub(1);
  }

  std::mutex mutex_;  // held by the thread whose section it is
  // The section's work; written while the gate is closed and empty.
  const absl::FunctionRef<void(int64_t)>* fn_ = nullptr;
  int64_t size_ = 0;
  alignas(64) std::atomic<int64_t> next_{0};
  alignas(64) std::atomic<uint32_t> gate_{0};     // workers inside, kOpen and kWaiting
  alignas(64) std::atomic<uint32_t> section_{0};  // counts sections
  std::atomic<int> sleepers_{0};
  std::atomic<bool> awake_{false};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;  // last, since they use the rest
};

class CallerOnly : public ThreadPool {
 public:
  int threads() const override { return 1; }
  void ParallelFor(int64_t n, absl::FunctionRef<void(int64_t)> fn) override {
    for (int64_t i = 0; i < n; ++i) fn(i);
  }
};

}  // namespace

std::shared_ptr<ThreadPool> ThreadPool::Create(int threads) {
  if (threads < 1) threads = DefaultThreads();
  if (threads == 1) return std::make_shared<CallerOnly>();
  return std::make_shared<WorkerPool>(threads);
}

std::shared_ptr<ThreadPool> ThreadPool::Shared() {
  // Never destroyed: models may still run while static objects of other files go away.
  static auto* const shared = new std::shared_ptr<ThreadPool>(Create(0));
  return *shared;
}

int ThreadPool::DefaultThreads() {
  const std::vector<int> cpus = AllowedCpus();
  int threads = std::max(1, PhysicalCores(cpus));
  if (const int quota = CgroupCpus(); quota > 0) threads = std::min(threads, quota);
  return threads;
}

}  // namespace octet

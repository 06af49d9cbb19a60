#include "octet/thread_pool.h"

#include <pthreadpool.h>

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "runtime/core/cpu_count.h"
#include "runtime/core/thread_sanitizer.h"

namespace octet {
namespace {

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

class PthreadPool : public ThreadPool {
 public:
  explicit PthreadPool(pthreadpool_t pool)
      : pool_(pool), threads_(static_cast<int>(pthreadpool_get_threads_count(pool))) {}
  ~PthreadPool() override { pthreadpool_destroy(pool_); }

  int threads() const override { return threads_; }

  void ParallelFor(int64_t n, absl::FunctionRef<void(int64_t)> fn) override {
    if (n <= 1 || threads_ == 1 || current_pool == this) {
      for (int64_t i = 0; i < n; ++i) fn(i);
      return;
    }
    Section section{fn, this};
    awake_.store(true, std::memory_order_relaxed);
    thread_sanitizer::Release(&section);
    // Sections of several threads take turns: pthreadpool holds a lock while one runs.
    pthreadpool_parallelize_1d(pool_, &RunOne, &section, static_cast<size_t>(n), 0);
    thread_sanitizer::Acquire(&section);
  }

  void Rest() override {
    if (threads_ == 1 || current_pool == this) return;
    if (!awake_.exchange(false, std::memory_order_relaxed)) return;
    // Workers spin for about a million rounds after a section unless it said that they shall not.
    // One index per thread, since a section with fewer runs without the workers.
    pthreadpool_parallelize_1d(
        pool_, [](void*, size_t) {}, nullptr, static_cast<size_t>(threads_),
        PTHREADPOOL_FLAG_YIELD_WORKERS);
  }

 private:
  struct Section {
    absl::FunctionRef<void(int64_t)> fn;
    const void* pool;
  };

  static void RunOne(void* argument, size_t index) {
    thread_sanitizer::Acquire(argument);
    const Section& section = *static_cast<const Section*>(argument);
    InSection in_section(section.pool);
    section.fn(static_cast<int64_t>(index));
    thread_sanitizer::Release(argument);
  }

  pthreadpool_t pool_;
  int threads_;
  std::atomic<bool> awake_{true};
};

// What remains when the system has no thread to give.
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
  const pthreadpool_t pool = pthreadpool_create(static_cast<size_t>(threads));
  if (pool == nullptr) return std::make_shared<CallerOnly>();
  auto result = std::make_shared<PthreadPool>(pool);
  result->Rest();
  return result;
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

#ifndef OCTET_THREAD_POOL_H_
#define OCTET_THREAD_POOL_H_

#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"

namespace octet {

// Threads that share the work of one operator. Any number of sessions and threads may use one pool;
// their parallel sections take turns. Workers sleep while no model runs.
class ThreadPool {
 public:
  // A pool of `threads` threads, the calling one included; 1 starts no thread. Values below 1 mean
  // DefaultThreads().
  static std::shared_ptr<ThreadPool> Create(int threads);

  // The pool that all models of the process share unless they are given another. Created at first
  // use with DefaultThreads() threads.
  static std::shared_ptr<ThreadPool> Shared();

  // min(CPUs this process may run on, cgroup CPU quota rounded up, physical cores); at least 1.
  static int DefaultThreads();

  virtual ~ThreadPool() = default;

  // Threads that take part in ParallelFor, the caller included.
  virtual int threads() const = 0;

  // Calls fn(i) once for each i in [0, n), from several threads at once, and returns when all calls
  // have returned. Does not allocate. fn must not throw and must not call ParallelFor of this pool.
  virtual void ParallelFor(int64_t n, absl::FunctionRef<void(int64_t)> fn) = 0;

  // Lets workers that wait actively for the next parallel section go to sleep.
  virtual void Rest() {}
};

}  // namespace octet

#endif  // OCTET_THREAD_POOL_H_

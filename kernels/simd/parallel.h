#ifndef OCTET_KERNELS_SIMD_PARALLEL_H_
#define OCTET_KERNELS_SIMD_PARALLEL_H_

#include <algorithm>
#include <cstdint>

#include "octet/thread_pool.h"

namespace octet {
namespace simd {

// Below this much work for each of two threads, handing it over costs more than it saves.
constexpr int64_t kMinTaskNs = 3000;
constexpr int64_t kTasksPerThread = 4;  // evens out threads that were held up

// Tasks that `units` of about `total_ns` altogether are cut into.
inline int64_t ChooseTasks(int threads, int64_t units, int64_t total_ns) {
  if (threads <= 1) return 1;
  return std::max<int64_t>(1, std::min({units, threads * kTasksPerThread, total_ns / kMinTaskNs}));
}

// Calls fn(begin, end) on ranges that cover [0, units), from several threads when that pays.
template <typename Fn>
void ParallelRanges(ThreadPool* pool, int64_t units, int64_t total_ns, const Fn& fn) {
  const int64_t tasks = ChooseTasks(pool->threads(), units, total_ns);
  if (tasks <= 1) {
    fn(0, units);
    return;
  }
  pool->ParallelFor(tasks, [&](int64_t i) { fn(units * i / tasks, units * (i + 1) / tasks); });
}

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_PARALLEL_H_

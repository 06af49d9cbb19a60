#ifndef OCTET_KERNELS_GENERIC_PARALLEL_H_
#define OCTET_KERNELS_GENERIC_PARALLEL_H_

#include <algorithm>
#include <cstdint>

#include "octet/thread_pool.h"

namespace octet {
namespace generic {

// What a core reads and writes in about the time that handing work to another takes twice.
constexpr int64_t kMinBytesPerTask = 128 * 1024;

// Calls fn(task, begin, end) on ranges that cover [0, units), from several threads when that pays;
// no two of at most `max_tasks` tasks are one. `bytes`: what all units together read and write;
// work that is more than moving bytes counts for more.
template <typename Fn>
void ParallelTasks(ThreadPool* pool, int64_t max_tasks, int64_t units, int64_t bytes,
                   const Fn& fn) {
  const int64_t tasks =
      std::min({units, max_tasks, static_cast<int64_t>(pool->threads()), bytes / kMinBytesPerTask});
  if (tasks <= 1) {
    if (units > 0) fn(int64_t{0}, int64_t{0}, units);
    return;
  }
  pool->ParallelFor(tasks, [&](int64_t i) { fn(i, units * i / tasks, units * (i + 1) / tasks); });
}

// Calls fn(begin, end) in the same way.
template <typename Fn>
void ParallelRanges(ThreadPool* pool, int64_t units, int64_t bytes, const Fn& fn) {
  ParallelTasks(pool, units, units, bytes,
                [&](int64_t, int64_t begin, int64_t end) { fn(begin, end); });
}

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_PARALLEL_H_

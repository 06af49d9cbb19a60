#ifndef OCTET_KERNELS_GENERIC_PARALLEL_H_
#define OCTET_KERNELS_GENERIC_PARALLEL_H_

#include <algorithm>
#include <cstdint>

#include "octet/thread_pool.h"

namespace octet {
namespace generic {

// What a core reads and writes in about the time that handing work to another takes twice.
constexpr int64_t kMinBytesPerTask = 128 * 1024;

// Calls fn(begin, end) on ranges that cover [0, units), from several threads when that pays.
// `bytes`: what all units together read and write; work that is more than moving bytes counts for
// more.
template <typename Fn>
void ParallelRanges(ThreadPool* pool, int64_t units, int64_t bytes, const Fn& fn) {
  const int64_t tasks =
      std::min({units, static_cast<int64_t>(pool->threads()), bytes / kMinBytesPerTask});
  if (tasks <= 1) {
    if (units > 0) fn(int64_t{0}, units);
    return;
  }
  pool->ParallelFor(tasks, [&](int64_t i) { fn(units * i / tasks, units * (i + 1) / tasks); });
}

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_PARALLEL_H_

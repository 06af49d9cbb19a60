#ifndef OCTET_KERNELS_ONEDNN_ALLOCATION_COUNTER_H_
#define OCTET_KERNELS_ONEDNN_ALLOCATION_COUNTER_H_

#include <cstdint>

namespace octet {

// Counts calls of malloc, calloc, realloc, posix_memalign, aligned_alloc and memalign, operator new
// included, by all threads of the process between construction and count(). A program that links
// this library has the C library's allocation functions replaced by ones that count and pass on; at
// most one counter may live at a time.
class AllocationCounter {
 public:
  // False under sanitizers, which replace the same functions: nothing is counted then.
  static bool Works();

  AllocationCounter();
  ~AllocationCounter();
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;

  int64_t count() const;
};

}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_ALLOCATION_COUNTER_H_

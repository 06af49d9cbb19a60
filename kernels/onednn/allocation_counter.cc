#include "kernels/onednn/allocation_counter.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace octet {
namespace {

std::atomic<bool> counting{false};
std::atomic<int64_t> allocations{0};

}  // namespace

AllocationCounter::AllocationCounter() {
  allocations = 0;
  counting = true;
}

AllocationCounter::~AllocationCounter() { counting = false; }

int64_t AllocationCounter::count() const { return allocations; }

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

bool AllocationCounter::Works() { return false; }

}  // namespace octet

#else

bool AllocationCounter::Works() { return true; }

static void CountAllocation() {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace octet

extern "C" {

// The C library's own names of its allocation functions.
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  octet::CountAllocation();
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  octet::CountAllocation();
  return __libc_calloc(count, size);
}

void* realloc(void* block, size_t size) {
  octet::CountAllocation();
  return __libc_realloc(block, size);
}

void* memalign(size_t alignment, size_t size) {
  octet::CountAllocation();
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void** block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}

}  // extern "C"

#endif

// Counts every heap allocation of the process, so this test is a program of its own.

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "gtest/gtest.h"
#include "octet/model.h"
#include "runtime/model_internal.h"
#include "runtime/testing/small_network.h"
#include "runtime/testing/small_transformer.h"

namespace {

std::atomic<int64_t> g_allocations{0};

void* CountedAllocate(size_t size, size_t alignment) {
  ++g_allocations;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment < sizeof(void*) ? sizeof(void*) : alignment, size) != 0) {
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

void* operator new(size_t size) { return CountedAllocate(size, alignof(std::max_align_t)); }
void* operator new[](size_t size) { return CountedAllocate(size, alignof(std::max_align_t)); }
void* operator new(size_t size, std::align_val_t a) {
  return CountedAllocate(size, static_cast<size_t>(a));
}
void* operator new[](size_t size, std::align_val_t a) {
  return CountedAllocate(size, static_cast<size_t>(a));
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete[](void* p, size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, size_t, std::align_val_t) noexcept { std::free(p); }

namespace octet {
namespace {

// Bytes in use by malloc's callers that do not come through operator new.
size_t MallocInUse() { return mallinfo2().uordblks; }

void ExpectNoAllocation(Graph graph, int threads) {
  ModelOptions options;
  options.pool = ThreadPool::Create(threads);
  const auto model = *ModelFromGraph(std::move(graph), options);
  auto session = *model->NewSession();
  ASSERT_TRUE(session->Run().ok());
  const int64_t allocations = g_allocations;
  const size_t in_use = MallocInUse();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(session->Run().ok());
  EXPECT_EQ(g_allocations - allocations, 0);
  EXPECT_EQ(MallocInUse(), in_use);
}

TEST(AllocationTest, CounterCounts) {
  const int64_t before = g_allocations;
  delete new int(1);
  EXPECT_EQ(g_allocations - before, 1);
}

TEST(AllocationTest, Int8RunAllocatesNothing) {
  ExpectNoAllocation(testing::SmallInt8Network(1), 1);
  ExpectNoAllocation(testing::SmallInt8Network(1), 2);
}

TEST(AllocationTest, FloatRunAllocatesNothing) {
  ExpectNoAllocation(testing::SmallFloatNetwork(1), 1);
  ExpectNoAllocation(testing::SmallFloatNetwork(1), 2);
}

TEST(AllocationTest, DynamicRunAllocatesNothing) {
  ExpectNoAllocation(testing::SmallTransformer(1, 2, 19), 1);
  ExpectNoAllocation(testing::SmallTransformer(1, 2, 19), 2);
}

}  // namespace
}  // namespace octet

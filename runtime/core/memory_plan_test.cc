#include "runtime/core/memory_plan.h"

#include <algorithm>
#include <random>

#include "gtest/gtest.h"

namespace octet {
namespace {

size_t Aligned(size_t size, size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

size_t PeakLiveBytes(const std::vector<BufferUse>& uses, int steps) {
  size_t peak = 0;
  for (int step = 0; step < steps; ++step) {
    size_t live = 0;
    for (const BufferUse& use : uses) {
      if (use.first_step <= step && step <= use.last_step) live += use.size;
    }
    peak = std::max(peak, live);
  }
  return peak;
}

void CheckPlan(const std::vector<BufferUse>& uses, const MemoryPlan& plan, size_t alignment) {
  ASSERT_EQ(plan.offsets.size(), uses.size());
  for (size_t i = 0; i < uses.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % alignment, 0u);
    EXPECT_LE(plan.offsets[i] + uses[i].size, plan.size);
    for (size_t j = 0; j < i; ++j) {
      const bool together =
          uses[i].first_step <= uses[j].last_step && uses[j].first_step <= uses[i].last_step;
      const bool apart = plan.offsets[i] + uses[i].size <= plan.offsets[j] ||
                         plan.offsets[j] + uses[j].size <= plan.offsets[i];
      EXPECT_TRUE(!together || apart || uses[i].size == 0 || uses[j].size == 0)
          << "uses " << j << " and " << i << " overlap";
    }
  }
}

TEST(PlanMemory, HoldsItsPropertiesForRandomLifetimes) {
  std::mt19937 random(20200103);
  for (int round = 0; round < 300; ++round) {
    const int steps = 1 + static_cast<int>(random() % 30);
    const size_t alignment = size_t{1} << (random() % 8);
    std::vector<BufferUse> uses(random() % 60);
    size_t sum = 0;
    for (BufferUse& use : uses) {
      use.first_step = static_cast<int>(random() % static_cast<unsigned>(steps));
      use.last_step = std::min(steps - 1, use.first_step + static_cast<int>(random() % 8));
      use.size = random() % 4 == 0 ? random() % 3 : random() % 10000;
      sum += Aligned(use.size, alignment);
    }
    const MemoryPlan plan = PlanMemory(uses, alignment);
    CheckPlan(uses, plan, alignment);
    EXPECT_GE(plan.size, PeakLiveBytes(uses, steps));
    EXPECT_LE(plan.size, sum);
    EXPECT_EQ(PlanMemory(uses, alignment).offsets, plan.offsets);
  }
}

TEST(PlanMemory, ReusesMemoryOfBuffersThatAreGone) {
  // A chain: each step reads the buffer before. Two buffers alternate.
  const std::vector<BufferUse> uses = {{0, 1, 100}, {1, 2, 100}, {2, 3, 100}, {3, 4, 100}};
  const MemoryPlan plan = PlanMemory(uses, 64);
  EXPECT_EQ(plan.offsets, (std::vector<size_t>{0, 128, 0, 128}));
  EXPECT_EQ(plan.size, 256u);
}

TEST(PlanMemory, FillsAGapBetweenLiveBuffers) {
  // The largest lies at 0, the next above it; the small one fits where the largest is gone.
  const std::vector<BufferUse> uses = {{0, 1, 512}, {0, 5, 256}, {2, 5, 64}};
  EXPECT_EQ(PlanMemory(uses, 64).offsets, (std::vector<size_t>{0, 512, 0}));
}

TEST(PlanMemory, OfNothingIsEmpty) {
  EXPECT_EQ(PlanMemory({}, 64).size, 0u);
  const std::vector<BufferUse> empty = {{0, 0, 0}};
  EXPECT_EQ(PlanMemory(empty, 64).size, 0u);
}

}  // namespace
}  // namespace octet

#include "runtime/core/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace octet {
namespace {

bool AliveTogether(const BufferUse& a, const BufferUse& b) {
  return a.first_step <= b.last_step && b.first_step <= a.last_step;
}

size_t RoundUp(size_t size, size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

MemoryPlan PlanMemory(absl::Span<const BufferUse> uses, size_t alignment) {
  std::vector<size_t> largest_first(uses.size());
  std::iota(largest_first.begin(), largest_first.end(), size_t{0});
  std::stable_sort(largest_first.begin(), largest_first.end(),
                   [uses](size_t a, size_t b) { return uses[a].size > uses[b].size; });

  MemoryPlan plan;
  plan.offsets.resize(uses.size(), 0);
  std::vector<size_t> placed;  // indices in order of their offsets
  placed.reserve(uses.size());
  for (size_t index : largest_first) {
    const size_t size = RoundUp(uses[index].size, alignment);
    if (size == 0) continue;
    size_t offset = 0;
    for (size_t other : placed) {
      if (!AliveTogether(uses[index], uses[other])) continue;
      if (plan.offsets[other] >= offset + size) break;
      offset = std::max(offset, plan.offsets[other] + RoundUp(uses[other].size, alignment));
    }
    plan.offsets[index] = offset;
    plan.size = std::max(plan.size, offset + size);
    const auto position = std::upper_bound(
        placed.begin(), placed.end(), offset,
        [&plan](size_t value, size_t other) { return value < plan.offsets[other]; });
    placed.insert(position, index);
  }
  return plan;
}

}  // namespace octet

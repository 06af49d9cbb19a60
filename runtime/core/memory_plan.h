#ifndef OCTET_RUNTIME_CORE_MEMORY_PLAN_H_
#define OCTET_RUNTIME_CORE_MEMORY_PLAN_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"

namespace octet {

// A buffer that holds data from step `first_step` to step `last_step`, both included. Scratch
// memory of a step has first_step == last_step; an output that reuses an input's memory shares that
// input's record.
struct BufferUse {
  int first_step;
  int last_step;
  size_t size;
};

struct MemoryPlan {
  std::vector<size_t> offsets;  // one per use, multiples of the alignment
  size_t size = 0;              // of the whole arena
};

// Places buffers so that those alive at the same time do not overlap: largest first, each at the
// lowest offset that is free over its life (greedy by size; Pisarchyk and Lee, 2020,
// arXiv:2001.03288). Pure; ties go to the lower index, so plans are reproducible.
MemoryPlan PlanMemory(absl::Span<const BufferUse> uses, size_t alignment);

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_MEMORY_PLAN_H_

#ifndef OCTET_RUNTIME_BOUND_PLAN_H_
#define OCTET_RUNTIME_BOUND_PLAN_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/core/aligned_buffer.h"
#include "runtime/plan.h"

namespace octet {

// A plan with an arena: every pointer is resolved once, Run only follows them. Not thread-safe.
class BoundPlan {
 public:
  // `pool` outlives the result. ResourceExhausted when there is no memory for the arena.
  static absl::StatusOr<std::unique_ptr<BoundPlan>> Create(std::shared_ptr<const Plan> plan,
                                                           ThreadPool* pool);

  const Plan& plan() const { return *plan_; }
  void* input(size_t i) { return inputs_[i]; }
  const void* output(size_t i) const { return outputs_[i]; }

  // Allocates nothing. InvalidArgument, with the operator's name, when a kernel meets values that
  // it cannot work with. Leaves it to the caller to let the pool rest.
  absl::Status Run();
  // As Run, and adds each step's duration in nanoseconds to the entry of its info.
  absl::Status RunProfiled(absl::Span<int64_t> ns);

 private:
  struct BoundStep {
    const Kernel* kernel;
    RunArgs args;
    const void* copy_from;  // null: nothing to copy
    size_t copy_bytes;
  };

  BoundPlan() = default;
  void Bind(ThreadPool* pool);
  void* Resolve(const Location& location);
  absl::Status RunStep(size_t index);

  std::shared_ptr<const Plan> plan_;
  AlignedBuffer arena_;
  std::vector<const void*> input_pointers_;  // of all steps; BoundStep::args points into these
  std::vector<void*> output_pointers_;
  std::vector<BoundStep> steps_;
  std::vector<void*> inputs_;
  std::vector<const void*> outputs_;
  RunError error_;
};

}  // namespace octet

#endif  // OCTET_RUNTIME_BOUND_PLAN_H_

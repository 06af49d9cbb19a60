#ifndef OCTET_RUNTIME_PROGRAM_RUNNER_H_
#define OCTET_RUNTIME_PROGRAM_RUNNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "kernels/open/open.h"
#include "octet/model.h"
#include "runtime/bound_plan.h"
#include "runtime/core/aligned_buffer.h"
#include "runtime/program.h"

namespace octet {

// Where a tensor's elements are, row-major.
struct TensorRef {
  Shape shape;
  const void* data = nullptr;
};

// One thread's use of a program: plans bound to memory. Not thread-safe.
class ProgramRunner {
 public:
  // Both outlive the runner.
  ProgramRunner(const Program& program, ThreadPool* pool);
  ~ProgramRunner();

  // Runs the program on `inputs` (one per input of its graph), which stay readable while it runs.
  // Plans what has not been planned for these sizes. Errors name the operator.
  absl::Status Run(absl::Span<const TensorRef> inputs);
  // As Run, and adds the nanoseconds of each step to `ns`, which has one entry per step of the last
  // run; InvalidArgument when this run has other steps.
  absl::Status RunProfiled(absl::Span<const TensorRef> inputs, absl::Span<int64_t> ns);

  // Valid until the next run or destruction. Requires a successful run.
  const TensorRef& output(size_t i) const;

  // What the last run did, in order; subgraphs are one step. Operators that have not been planned
  // yet have no kernel.
  std::vector<StepInfo> Steps() const;
  // Memory that tensors between inputs and outputs take.
  size_t arena_bytes() const;

 private:
  struct StageState;

  absl::Status RunStage(size_t index, absl::Span<int64_t> ns);
  absl::Status Plan(const Stage& stage, StageState& state);
  absl::Status RunPlanned(const Stage& stage, StageState& state, absl::Span<int64_t> ns);
  absl::Status RunOpen(const Stage& stage, StageState& state);
  absl::Status RunIf(const Stage& stage, StageState& state);
  absl::Status RunLoop(const Stage& stage, StageState& state);
  ProgramRunner& SubRunner(const Stage& stage, StageState& state, size_t index);
  TensorRef& Ref(TensorId id) { return tensors_[static_cast<size_t>(id)]; }

  const Program& program_;
  ThreadPool* const pool_;
  std::vector<TensorRef> tensors_;  // of the program's graph
  std::vector<std::unique_ptr<StageState>> states_;
};

}  // namespace octet

#endif  // OCTET_RUNTIME_PROGRAM_RUNNER_H_

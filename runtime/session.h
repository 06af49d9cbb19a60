#ifndef OCTET_RUNTIME_SESSION_H_
#define OCTET_RUNTIME_SESSION_H_

#include <memory>
#include <vector>

#include "octet/model.h"
#include "runtime/core/aligned_buffer.h"
#include "runtime/plan.h"

namespace octet {

class ModelImpl;

// A plan bound to an arena: every pointer is resolved once, Run only follows them.
class SessionImpl final : public Session {
 public:
  // ResourceExhausted when there is no memory for the arena.
  static absl::StatusOr<std::unique_ptr<Session>> Create(std::shared_ptr<const ModelImpl> model,
                                                         std::shared_ptr<const Plan> plan);

  absl::Status Resize(absl::Span<const Shape> input_shapes) override;
  void* input_data(int index) override;
  const void* output_data(int index) const override;
  const Shape& input_shape(int index) const override;
  const Shape& output_shape(int index) const override;
  DataType input_type(int index) const override;
  DataType output_type(int index) const override;
  absl::Status Run() override;
  const std::vector<StepInfo>& steps() const override { return plan_->infos; }
  absl::Status RunProfiled(absl::Span<int64_t> step_ns) override;
  size_t arena_bytes() const override { return plan_->arena_bytes; }

 private:
  struct BoundStep {
    const Kernel* kernel;
    RunArgs args;
    const void* copy_from;  // null: nothing to copy
    size_t copy_bytes;
  };

  explicit SessionImpl(std::shared_ptr<const ModelImpl> model) : model_(std::move(model)) {}

  absl::Status Bind(std::shared_ptr<const Plan> plan);
  void* Resolve(const Location& location);
  // InvalidArgument, with the operator's name, when the step has met values that it cannot work with.
  absl::Status RunStep(size_t index);

  std::shared_ptr<const ModelImpl> model_;
  std::shared_ptr<const Plan> plan_;
  AlignedBuffer arena_;
  std::vector<const void*> input_pointers_;  // of all steps; BoundStep::args points into these
  std::vector<void*> output_pointers_;
  std::vector<BoundStep> steps_;
  RunError error_;
  std::vector<void*> inputs_;
  std::vector<const void*> outputs_;
};

}  // namespace octet

#endif  // OCTET_RUNTIME_SESSION_H_

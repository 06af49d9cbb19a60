#ifndef OCTET_RUNTIME_SESSION_H_
#define OCTET_RUNTIME_SESSION_H_

#include <memory>

#include "octet/model.h"
#include "runtime/bound_plan.h"

namespace octet {

class ModelImpl;

// A session of a model that needs one plan, which depends on nothing but the inputs' shapes.
class SessionImpl final : public Session {
 public:
  // ResourceExhausted when there is no memory for the arena.
  static absl::StatusOr<std::unique_ptr<Session>> Create(std::shared_ptr<const ModelImpl> model,
                                                         std::shared_ptr<const Plan> plan);

  absl::Status Resize(absl::Span<const Shape> input_shapes) override;
  void* input_data(int index) override { return bound_->input(static_cast<size_t>(index)); }
  const void* output_data(int index) const override {
    return bound_->output(static_cast<size_t>(index));
  }
  const Shape& input_shape(int index) const override;
  const Shape& output_shape(int index) const override;
  DataType input_type(int index) const override;
  DataType output_type(int index) const override;
  absl::Status Run() override;
  const std::vector<StepInfo>& steps() const override { return bound_->plan().infos; }
  absl::Status RunProfiled(absl::Span<int64_t> step_ns) override;
  size_t arena_bytes() const override { return bound_->plan().arena_bytes; }

 private:
  SessionImpl(std::shared_ptr<const ModelImpl> model, std::unique_ptr<BoundPlan> bound)
      : model_(std::move(model)), bound_(std::move(bound)) {}

  std::shared_ptr<const ModelImpl> model_;
  std::unique_ptr<BoundPlan> bound_;
};

}  // namespace octet

#endif  // OCTET_RUNTIME_SESSION_H_

#include "runtime/session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/model.h"

namespace octet {

absl::StatusOr<std::unique_ptr<Session>> SessionImpl::Create(std::shared_ptr<const ModelImpl> model,
                                                             std::shared_ptr<const Plan> plan) {
  auto bound = BoundPlan::Create(std::move(plan), &model->pool());
  if (!bound.ok()) return bound.status();
  return std::unique_ptr<Session>(new SessionImpl(std::move(model), *std::move(bound)));
}

absl::Status SessionImpl::Resize(absl::Span<const Shape> input_shapes) {
  absl::StatusOr<std::shared_ptr<const Plan>> plan = model_->PlanFor(input_shapes);
  if (!plan.ok()) return plan.status();
  if (plan->get() == &bound_->plan()) return absl::OkStatus();
  auto bound = BoundPlan::Create(*std::move(plan), &model_->pool());
  if (bound.ok()) bound_ = *std::move(bound);
  return bound.status();
}

const Shape& SessionImpl::input_shape(int index) const {
  return bound_->plan().input_shapes[static_cast<size_t>(index)];
}

const Shape& SessionImpl::output_shape(int index) const {
  return bound_->plan().output_shapes[static_cast<size_t>(index)];
}

DataType SessionImpl::input_type(int index) const {
  return model_->inputs()[static_cast<size_t>(index)].type;
}

DataType SessionImpl::output_type(int index) const {
  return model_->outputs()[static_cast<size_t>(index)].type;
}

absl::Status SessionImpl::Run() {
  const absl::Status status = bound_->Run();
  model_->pool().Rest();
  return status;
}

absl::Status SessionImpl::RunProfiled(absl::Span<int64_t> step_ns) {
  const size_t steps = bound_->plan().infos.size();
  if (step_ns.size() != steps) {
    return absl::InvalidArgumentError(
        absl::StrCat("step_ns has ", step_ns.size(), " entries; the plan has ", steps, " steps"));
  }
  const absl::Status status = bound_->RunProfiled(step_ns);
  model_->pool().Rest();
  return status;
}

}  // namespace octet

#include "runtime/session.h"

#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/model.h"

namespace octet {

absl::StatusOr<std::unique_ptr<Session>> SessionImpl::Create(std::shared_ptr<const ModelImpl> model,
                                                             std::shared_ptr<const Plan> plan) {
  std::unique_ptr<SessionImpl> session(new SessionImpl(std::move(model)));
  if (absl::Status status = session->Bind(std::move(plan)); !status.ok()) return status;
  return std::unique_ptr<Session>(std::move(session));
}

absl::Status SessionImpl::Resize(absl::Span<const Shape> input_shapes) {
  absl::StatusOr<std::shared_ptr<const Plan>> plan = model_->PlanFor(input_shapes);
  if (!plan.ok()) return plan.status();
  if (*plan == plan_) return absl::OkStatus();
  return Bind(*std::move(plan));
}

void* SessionImpl::Resolve(const Location& location) {
  // Kernels only read constants; RunArgs has inputs as pointers to const.
  if (location.constant != nullptr) return const_cast<void*>(location.constant);
  return arena_.data() + location.arena_offset;
}

absl::Status SessionImpl::Bind(std::shared_ptr<const Plan> plan) {
  AlignedBuffer arena;
  if (!arena.TryAllocate(plan->arena_bytes)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", plan->arena_bytes,
                     " bytes between inputs and outputs; use a smaller shape"));
  }
  plan_ = std::move(plan);
  arena_ = std::move(arena);
  input_pointers_.clear();
  output_pointers_.clear();
  steps_.clear();
  inputs_.clear();
  outputs_.clear();
  for (const Step& step : plan_->steps) {
    for (const Location& location : step.inputs) input_pointers_.push_back(Resolve(location));
    for (const Location& location : step.outputs) output_pointers_.push_back(Resolve(location));
  }
  const void* const* step_inputs = input_pointers_.data();
  void* const* step_outputs = output_pointers_.data();
  for (const Step& step : plan_->steps) {
    BoundStep bound;
    bound.kernel = step.kernel;
    bound.args.inputs = step_inputs;
    bound.args.outputs = step_outputs;
    bound.args.scratch = arena_.data() + step.scratch_offset;
    bound.args.pool = &model_->pool();
    bound.args.error = &error_;
    bound.copy_from = step.copy_input < 0 ? nullptr : step_inputs[step.copy_input];
    bound.copy_bytes = step.copy_bytes;
    step_inputs += step.inputs.size();
    step_outputs += step.outputs.size();
    steps_.push_back(bound);
  }
  for (const Location& location : plan_->inputs) inputs_.push_back(Resolve(location));
  for (const Location& location : plan_->outputs) outputs_.push_back(Resolve(location));
  return absl::OkStatus();
}

void* SessionImpl::input_data(int index) { return inputs_[static_cast<size_t>(index)]; }

const void* SessionImpl::output_data(int index) const {
  return outputs_[static_cast<size_t>(index)];
}

const Shape& SessionImpl::input_shape(int index) const {
  return plan_->input_shapes[static_cast<size_t>(index)];
}

const Shape& SessionImpl::output_shape(int index) const {
  return plan_->output_shapes[static_cast<size_t>(index)];
}

DataType SessionImpl::input_type(int index) const {
  return model_->inputs()[static_cast<size_t>(index)].type;
}

DataType SessionImpl::output_type(int index) const {
  return model_->outputs()[static_cast<size_t>(index)].type;
}

absl::Status SessionImpl::RunStep(size_t index) {
  const BoundStep& step = steps_[index];
  if (step.copy_from != nullptr) std::memcpy(step.args.outputs[0], step.copy_from, step.copy_bytes);
  step.kernel->Run(step.args);
  if (!error_.is_set()) return absl::OkStatus();
  const StepInfo& info = plan_->infos[static_cast<size_t>(plan_->steps[index].info)];
  const absl::Status status = error_.Take();
  return absl::Status(status.code(), absl::StrCat("operator '", info.name, "' (", info.type,
                                                  "): ", status.message()));
}

absl::Status SessionImpl::Run() {
  absl::Status status;
  for (size_t i = 0; i < steps_.size() && status.ok(); ++i) status = RunStep(i);
  model_->pool().Rest();
  return status;
}

absl::Status SessionImpl::RunProfiled(absl::Span<int64_t> step_ns) {
  using Clock = std::chrono::steady_clock;
  if (step_ns.size() != plan_->infos.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "step_ns has ", step_ns.size(), " entries; the plan has ", plan_->infos.size(), " steps"));
  }
  absl::Status status;
  for (size_t i = 0; i < steps_.size() && status.ok(); ++i) {
    const Clock::time_point start = Clock::now();
    status = RunStep(i);
    step_ns[static_cast<size_t>(plan_->steps[i].info)] +=
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
  }
  model_->pool().Rest();
  return status;
}

}  // namespace octet

#include "runtime/bound_plan.h"

#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace octet {

absl::StatusOr<std::unique_ptr<BoundPlan>> BoundPlan::Create(std::shared_ptr<const Plan> plan,
                                                             ThreadPool* pool) {
  std::unique_ptr<BoundPlan> bound(new BoundPlan());
  if (!bound->arena_.TryAllocate(plan->arena_bytes)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", plan->arena_bytes,
                     " bytes between inputs and outputs; use a smaller shape"));
  }
  bound->plan_ = std::move(plan);
  bound->Bind(pool);
  return bound;
}

void* BoundPlan::Resolve(const Location& location) {
  // Kernels only read constants; RunArgs has inputs as pointers to const.
  if (location.constant != nullptr) return const_cast<void*>(location.constant);
  return arena_.data() + location.arena_offset;
}

void BoundPlan::Bind(ThreadPool* pool) {
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
    bound.args.pool = pool;
    bound.args.error = &error_;
    bound.copy_from = step.copy_input < 0 ? nullptr : step_inputs[step.copy_input];
    bound.copy_bytes = step.copy_bytes;
    step_inputs += step.inputs.size();
    step_outputs += step.outputs.size();
    steps_.push_back(bound);
  }
  for (const Location& location : plan_->inputs) inputs_.push_back(Resolve(location));
  for (const Location& location : plan_->outputs) outputs_.push_back(Resolve(location));
}

absl::Status BoundPlan::RunStep(size_t index) {
  const BoundStep& step = steps_[index];
  if (step.copy_from != nullptr) std::memcpy(step.args.outputs[0], step.copy_from, step.copy_bytes);
  step.kernel->Run(step.args);
  if (!error_.is_set()) return absl::OkStatus();
  const StepInfo& info = plan_->infos[static_cast<size_t>(plan_->steps[index].info)];
  const absl::Status status = error_.Take();
  return absl::Status(status.code(), absl::StrCat("operator '", info.name, "' (", info.type,
                                                  "): ", status.message()));
}

absl::Status BoundPlan::Run() {
  absl::Status status;
  for (size_t i = 0; i < steps_.size() && status.ok(); ++i) status = RunStep(i);
  return status;
}

absl::Status BoundPlan::RunProfiled(absl::Span<int64_t> ns) {
  using Clock = std::chrono::steady_clock;
  absl::Status status;
  for (size_t i = 0; i < steps_.size() && status.ok(); ++i) {
    const Clock::time_point start = Clock::now();
    status = RunStep(i);
    ns[static_cast<size_t>(plan_->steps[i].info)] +=
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
  }
  return status;
}

}  // namespace octet

#include "kernels/elements.h"
#include "kernels/generic/broadcast.h"
#include "kernels/generic/generic.h"
#include "kernels/operands.h"

namespace octet {
namespace generic {
namespace {

constexpr int kY = 0, kCondition = 1, kA = 2, kB = 3;

// Operands in that order, with the distance between neighbours of each.
using SelectLoop = void (*)(void* const* data, const int64_t* steps, int64_t n);

// Steps of 1 and 0 are constants in the loops that matter.
template <typename T, int kStepA, int kStepB>
void SelectAlong(void* const* data, int64_t n) {
  const auto* condition = static_cast<const uint8_t*>(data[kCondition]);
  const auto *a = static_cast<const T*>(data[kA]), *b = static_cast<const T*>(data[kB]);
  auto* y = static_cast<T*>(data[kY]);
  for (int64_t i = 0; i < n; ++i) y[i] = condition[i] != 0 ? a[i * kStepA] : b[i * kStepB];
}

template <typename T>
void Select(void* const* data, const int64_t* steps, int64_t n) {
  const int64_t step_a = steps[kA], step_b = steps[kB];
  if (steps[kCondition] == 1) {
    if (step_a == 1 && step_b == 1) return SelectAlong<T, 1, 1>(data, n);
    if (step_a == 1 && step_b == 0) return SelectAlong<T, 1, 0>(data, n);
    if (step_a == 0 && step_b == 1) return SelectAlong<T, 0, 1>(data, n);
    if (step_a == 0 && step_b == 0) return SelectAlong<T, 0, 0>(data, n);
  }
  const auto* condition = static_cast<const uint8_t*>(data[kCondition]);
  const auto *a = static_cast<const T*>(data[kA]), *b = static_cast<const T*>(data[kB]);
  auto* y = static_cast<T*>(data[kY]);
  for (int64_t i = 0; i < n; ++i) {
    y[i] = condition[i * steps[kCondition]] != 0 ? a[i * step_a] : b[i * step_b];
  }
}

class WhereKernel : public Kernel {
 public:
  explicit WhereKernel(const KernelContext& context)
      : nest_(context), size_(static_cast<int64_t>(SizeOf(context.output().type))) {
    DispatchSize(context.output().type, [this](auto zero) { loop_ = Select<decltype(zero)>; });
    for (int i = 0; i < Nest::kMaxOperands; ++i) steps_[i] = nest_.step(i);
  }

  void Run(const RunArgs& args) const override {
    const auto at_offset = [](const void* data, int64_t bytes) {
      return static_cast<void*>(static_cast<uint8_t*>(const_cast<void*>(data)) + bytes);
    };
    nest_.Run(args.pool, nest_.count() * (3 * size_ + 1), [&](const int64_t* at, int64_t n) {
      void* const data[] = {
          at_offset(args.outputs[0], at[kY] * size_), at_offset(args.inputs[0], at[kCondition]),
          at_offset(args.inputs[1], at[kA] * size_), at_offset(args.inputs[2], at[kB] * size_)};
      loop_(data, steps_, n);
    });
  }

 private:
  BroadcastNest nest_;
  int64_t size_;
  SelectLoop loop_ = nullptr;
  int64_t steps_[Nest::kMaxOperands];
};

absl::Status Check(const KernelContext& context) {
  if (!IsBool(context.input(0))) {
    return absl::UnimplementedError(
        absl::StrCat("the condition must be boolean, not ", Describe(context.input(0))));
  }
  for (const size_t i : {size_t{1}, size_t{2}}) {
    const Operand &x = context.input(i), &y = context.output();
    if (SameNumbers(x, y)) continue;
    return absl::UnimplementedError(
        absl::StrCat("it does not convert from ", Describe(x), " to ", Describe(y)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<WhereKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericWhere = {"generic", generic::Check, generic::Prepare};

}  // namespace octet

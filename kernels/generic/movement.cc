#include "kernels/generic/movement.h"

#include <memory>

#include "kernels/generic/generic.h"
#include "kernels/operands.h"

// Transpose, Concat and Split: boxes of elements that change place.

namespace octet {
namespace generic {

absl::Status CheckMovement(const Operand& x, const Operand& y) {
  if (SameNumbers(x, y) || (IsInt8(x) && IsInt8(y))) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("it does not convert from ", Describe(x), " to ", Describe(y)));
}

StridedCopy MakeCopy(const KernelContext& context, const Shape& box, const Operand& x,
                     StridedCopy::Side from, const Operand& y, StridedCopy::Side to) {
  std::optional<Table> table;
  if (!SameNumbers(x, y)) table = RequantizeTable(x, y);
  return StridedCopy(box, from, to, SizeOf(y.type), table, LoopsFor(context.cpu));
}

namespace {

absl::Status Check(const KernelContext& context) {
  for (const Operand& x : context.inputs) {
    for (const Operand& y : context.outputs) {
      if (absl::Status status = CheckMovement(x, y); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareTranspose(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const auto& permutation = context.node->as<schema::TransposeOptionsT>().permutation;
  const Shape x_strides = Strides(x.shape, x.layout);
  StridedCopy::Side from{Shape(permutation.size())}, to{Strides(y.shape, y.layout)};
  for (size_t d = 0; d < permutation.size(); ++d) {
    from.strides[d] = x_strides[static_cast<size_t>(permutation[d])];
  }
  auto kernel = std::make_unique<MovementKernel>();
  kernel->Add(MakeCopy(context, y.shape, x, from, y, to), 0, 0);
  return kernel;
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareConcat(const KernelContext& context) {
  const Operand& y = context.output();
  const auto axis = static_cast<size_t>(context.node->as<schema::ConcatOptionsT>().axis);
  auto kernel = std::make_unique<MovementKernel>();
  StridedCopy::Side to{Strides(y.shape, y.layout)};
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    const Operand& x = context.input(i);
    kernel->Add(MakeCopy(context, x.shape, x, {Strides(x.shape, x.layout)}, y, to), i, 0);
    to.offset += x.shape[axis] * to.strides[axis];
  }
  return kernel;
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareSplit(const KernelContext& context) {
  const Operand& x = context.input(0);
  const auto axis = static_cast<size_t>(context.node->as<schema::SplitOptionsT>().axis);
  auto kernel = std::make_unique<MovementKernel>();
  StridedCopy::Side from{Strides(x.shape, x.layout)};
  for (size_t i = 0; i < context.outputs.size(); ++i) {
    const Operand& y = context.output(i);
    kernel->Add(MakeCopy(context, y.shape, x, from, y, {Strides(y.shape, y.layout)}), 0, i);
    from.offset += y.shape[axis] * from.strides[axis];
  }
  return kernel;
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericTranspose = {"generic", generic::Check, generic::PrepareTranspose};
const KernelEntry kGenericConcat = {"generic", generic::Check, generic::PrepareConcat};
const KernelEntry kGenericSplit = {"generic", generic::Check, generic::PrepareSplit};

}  // namespace octet

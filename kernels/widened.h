#ifndef OCTET_KERNELS_WIDENED_H_
#define OCTET_KERNELS_WIDENED_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "kernels/kernel.h"

namespace octet {

// Whether an operand is f16 or bf16.
bool HasHalves(const KernelContext& context);

// A kernel for an operator with operands of f16 and bf16: what `select` gives for the same operator
// with f32 in their place, between conversions. Where the operator allows it, these are made slice
// by slice, so that the wide copies stay in the first-level cache; else of whole tensors. Constants
// are widened once. So results are those of f32 arithmetic on the operands' values, rounded once.
//
// `select` is called for at most two shapes. It must look at the context only while it runs.
absl::StatusOr<std::unique_ptr<Kernel>> WidenOperands(
    const KernelContext& context,
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<Kernel>>(const KernelContext&)> select);

}  // namespace octet

#endif  // OCTET_KERNELS_WIDENED_H_

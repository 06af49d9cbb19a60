#ifndef OCTET_KERNELS_ONEDNN_PRIMITIVE_KERNEL_H_
#define OCTET_KERNELS_ONEDNN_PRIMITIVE_KERNEL_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "kernels/kernel.h"
#include "kernels/onednn/engine.h"

namespace octet {
namespace onednn {

// What `create` returns, or the status that an exception of oneDNN becomes in Guarded().
absl::StatusOr<std::unique_ptr<Kernel>> GuardedKernel(
    absl::FunctionRef<absl::StatusOr<std::unique_ptr<Kernel>>()> create);

// A kernel that executes one primitive.
class PrimitiveKernel : public Kernel {
 public:
  struct Parts {
    dnnl::primitive primitive;
    // Arguments that are the same in every execution: weights, bias, scales, zero points.
    std::vector<std::pair<int, dnnl::memory>> constants;
    // Arguments that are inputs of the operator: {DNNL_ARG_..., index of the input}.
    std::vector<std::pair<int, int>> inputs;
    size_t scratch_bytes = 0;
    int in_place_input = -1;
    bool on_pool = true;  // false: the work is too small to be worth a second thread
    std::string detail;
  };

  explicit PrimitiveKernel(Parts parts) : parts_(std::move(parts)) {}

  void Run(const RunArgs& args) const override;
  size_t scratch_bytes() const override { return parts_.scratch_bytes; }
  int in_place_input() const override { return parts_.in_place_input; }
  std::string detail() const override { return parts_.detail; }

 private:
  const Parts parts_;
};

// A memory object that owns a copy of `values`.
template <typename T>
dnnl::memory ConstantMemory(const std::vector<T>& values, dnnl::memory::data_type type) {
  dnnl::memory memory({{static_cast<int64_t>(values.size())}, type, dnnl::memory::format_tag::a},
                      Engine());
  std::copy(values.begin(), values.end(), static_cast<T*>(memory.get_data_handle()));
  return memory;
}

// Constant weights in the layout `wanted`. Those that lie in it already (`plain` == `wanted`) are
// used in place, others are reordered once per model into context.packed.
dnnl::memory PackedMemory(const KernelContext& context, const void* data,
                          const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted);

}  // namespace onednn
}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_PRIMITIVE_KERNEL_H_

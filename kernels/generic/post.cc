#include <algorithm>
#include <utility>

#include "kernels/generic/parallel.h"
#include "kernels/generic/post_functions.h"
#include "kernels/kernel.h"

namespace octet {
namespace generic {
namespace {

constexpr int64_t kBlock = 1024;  // elements

class PostKernel : public Kernel {
 public:
  PostKernel(const KernelContext& context, std::unique_ptr<Kernel> inner)
      : inner_(std::move(inner)),
        post_(context.post, context.cpu),
        count_(NumElements(context.output().shape)) {}

  void Run(const RunArgs& args) const override {
    inner_->Run(args);
    auto* y = static_cast<float*>(args.outputs[0]);
    const int64_t bytes = 2 * count_ * static_cast<int64_t>(post_.size() * sizeof(float));
    ParallelRanges(args.pool, (count_ + kBlock - 1) / kBlock, bytes,
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) {
                       post_.Apply(y + i * kBlock, std::min(kBlock, count_ - i * kBlock));
                     }
                   });
  }
  size_t scratch_bytes() const override { return inner_->scratch_bytes(); }
  int in_place_input() const override { return inner_->in_place_input(); }
  std::string detail() const override { return inner_->detail(); }

 private:
  std::unique_ptr<Kernel> inner_;
  PostFunctions post_;
  int64_t count_;
};

}  // namespace
}  // namespace generic

std::unique_ptr<Kernel> ApplyAfter(const KernelContext& context, std::unique_ptr<Kernel> kernel) {
  return std::make_unique<generic::PostKernel>(context, std::move(kernel));
}

}  // namespace octet

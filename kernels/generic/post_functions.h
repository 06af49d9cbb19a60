#ifndef OCTET_KERNELS_GENERIC_POST_FUNCTIONS_H_
#define OCTET_KERNELS_GENERIC_POST_FUNCTIONS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "kernels/generic/loops.h"
#include "kernels/kernel.h"

namespace octet {
namespace generic {

// KernelContext::post, ready to be applied to a part of the result that lies in the cache.
class PostFunctions {
 public:
  PostFunctions(absl::Span<const PostFunction> functions, const CpuFeatures& cpu)
      : functions_(functions.begin(), functions.end()), loops_(LoopsFor(cpu)) {}

  size_t size() const { return functions_.size(); }

  // In place.
  void Apply(float* y, int64_t n) const {
    for (const PostFunction& f : functions_) {
      if (f.kind) {
        loops_.unary[static_cast<size_t>(*f.kind)](y, y, n, f.alpha, f.beta);
      } else {
        loops_.affine(y, n, f.alpha, f.beta);
      }
    }
  }

 private:
  std::vector<PostFunction> functions_;
  const Loops& loops_;
};

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_POST_FUNCTIONS_H_

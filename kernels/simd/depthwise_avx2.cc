#include <immintrin.h>

#include "kernels/simd/depthwise.h"

#pragma GCC push_options
#pragma GCC target("avx2")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/depthwise-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avx2-inl.h"

void Run(const DepthwiseArgs& args, int64_t image, int64_t oy, const ChannelBlock& block) {
  RunBlock<VecAvx2>(args, image, oy, block);
}

}  // namespace

const DepthwiseCode kDepthwiseAvx2 = {32, 32, DepthwiseForm::kPairs, Run};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options

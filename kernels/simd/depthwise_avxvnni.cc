#include <immintrin.h>

#include "kernels/simd/depthwise.h"

#pragma GCC push_options
#pragma GCC target("avx2,avxvnni")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/depthwise-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avxvnni-inl.h"

void Run(const DepthwiseArgs& args, int64_t image, int64_t oy, const ChannelBlock& block) {
  RunBlock<VecAvxVnni>(args, image, oy, block);
}

}  // namespace

const DepthwiseCode kDepthwiseAvxVnni = {32, 32, DepthwiseForm::kBytes, Run};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options

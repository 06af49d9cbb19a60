#include <immintrin.h>

#include "kernels/simd/depthwise.h"

#pragma GCC push_options
#pragma GCC target("avx2,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/depthwise-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avx512-inl.h"

void Run(const DepthwiseArgs& args, int64_t image, int64_t oy, const ChannelBlock& block) {
  if (block.width == 64) {
    RunBlock<Vec512>(args, image, oy, block);
  } else if (block.width == 32) {
    RunBlock<Vec256>(args, image, oy, block);
  } else {
    RunBlock<Vec128>(args, image, oy, block);
  }
}

}  // namespace

const DepthwiseCode kDepthwiseAvx512Vnni = {16, 64, DepthwiseForm::kBytes, Run};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options

#include <immintrin.h>

#include "kernels/simd/depthwise.h"

#pragma GCC push_options
#pragma GCC target("avx2,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/depthwise16-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avx512-inl.h"

template <bool kSplit>
void Run(const DepthwiseArgs& args, int64_t image, int64_t oy, const ChannelBlock& block) {
  if (block.width == 32) {
    RunWordBlock<Words512, kSplit>(args, image, oy, block);
  } else if (block.width == 16) {
    RunWordBlock<Words256, kSplit>(args, image, oy, block);
  } else {
    RunWordBlock<Words128, kSplit>(args, image, oy, block);
  }
}

}  // namespace

const DepthwiseCode kDepthwiseWordsAvx512Vnni = {8, 32, DepthwiseForm::kWords, Run<false>};
const DepthwiseCode kDepthwiseSplitWordsAvx512Vnni = {8, 32, DepthwiseForm::kSplitWords, Run<true>};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options

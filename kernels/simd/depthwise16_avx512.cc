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
void Run(const DepthwiseArgs& args, int64_t begin, int64_t end) {
  const int64_t blocks = CountChannelBlocks(args.c, 8, 32);
  const int64_t strips = (args.oh + args.rows - 1) / args.rows;
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t strip = unit / blocks % strips, image = unit / blocks / strips;
    const ChannelBlock block = ChannelBlockAt(unit % blocks, args.c, 8, 32);
    const int64_t oy = strip * args.rows;
    if (block.width == 32) {
      RunWordBlock<Words512, kSplit>(args, image, oy, block);
    } else if (block.width == 16) {
      RunWordBlock<Words256, kSplit>(args, image, oy, block);
    } else {
      RunWordBlock<Words128, kSplit>(args, image, oy, block);
    }
  }
}

}  // namespace

const DepthwiseCode kDepthwiseWordsAvx512Vnni = {8, 32, DepthwiseForm::kWords, Run<false>};
const DepthwiseCode kDepthwiseSplitWordsAvx512Vnni = {8, 32, DepthwiseForm::kSplitWords, Run<true>};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options

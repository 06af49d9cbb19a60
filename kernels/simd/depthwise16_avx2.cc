#include <immintrin.h>

#include "kernels/simd/depthwise.h"

#pragma GCC push_options
#pragma GCC target("avx2")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/depthwise16-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avx2-inl.h"

template <bool kSplit>
void Run(const DepthwiseArgs& args, int64_t begin, int64_t end) {
  const int64_t blocks = CountChannelBlocks(args.c, 16, 16);
  const int64_t strips = (args.oh + args.rows - 1) / args.rows;
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t strip = unit / blocks % strips, image = unit / blocks / strips;
    const ChannelBlock block = ChannelBlockAt(unit % blocks, args.c, 16, 16);
    const int64_t oy = strip * args.rows;
    RunWordBlock<WordsAvx2, kSplit>(args, image, oy, block);
  }
}

}  // namespace

const DepthwiseCode kDepthwiseWordsAvx2 = {16, 16, DepthwiseForm::kWords, Run<false>};
const DepthwiseCode kDepthwiseSplitWordsAvx2 = {16, 16, DepthwiseForm::kSplitWords, Run<true>};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options

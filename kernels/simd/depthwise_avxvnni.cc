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

void Run(const DepthwiseArgs& args, int64_t begin, int64_t end) {
  const int64_t blocks = CountChannelBlocks(args.c, 32, 32);
  const int64_t strips = (args.oh + args.rows - 1) / args.rows;
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t strip = unit / blocks % strips, image = unit / blocks / strips;
    RunBlock<VecAvxVnni>(args, image, strip * args.rows,
                         ChannelBlockAt(unit % blocks, args.c, 32, 32));
  }
}

}  // namespace

const DepthwiseCode kDepthwiseAvxVnni = {32, 32, DepthwiseForm::kBytes, Run};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options

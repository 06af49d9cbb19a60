#include "kernels/simd/depthwise.h"

namespace octet {
namespace simd {
namespace {

constexpr int kWidth = 64;  // channels of a block

// One output column of one block of channels.
void Column(const DepthwiseArgs& a, int64_t image, int64_t oy, int64_t ox,
            const ChannelBlock& block) {
  const Epilogue& e = *a.epilogue;
  int32_t sum[kWidth];
  for (int c = 0; c < block.count; ++c) sum[c] = e.bias[block.begin + c];
  for (int32_t ky = 0; ky < a.kh; ++ky) {
    const int64_t iy = oy * a.sh - a.pad_top + ky;
    for (int32_t kx = 0; kx < a.kw; ++kx) {
      const int64_t ix = ox * a.sw - a.pad_left + kx;
      const int8_t* w = a.weights + (ky * a.kw + kx) * a.c + block.begin;
      if (iy < 0 || iy >= a.h || ix < 0 || ix >= a.w) {
        for (int c = 0; c < block.count; ++c) sum[c] += a.x_zero * w[c];
        continue;
      }
      const uint8_t* x = a.x + ((image * a.h + iy) * a.w + ix) * a.c + block.begin;
      for (int c = 0; c < block.count; ++c) sum[c] += (x[c] ^ a.x_flip) * w[c];
    }
  }
  const int64_t index = ((image * a.oh + oy) * a.ow + ox) * a.c + block.begin;
  for (int c = 0; c < block.count; ++c) {
    FinishOne(e, sum[c], e.multiplier[block.begin + c], a.residual, a.y, index + c);
  }
}

void Run(const DepthwiseArgs& a, int64_t image, int64_t oy, const ChannelBlock& block) {
  for (int64_t ox = 0; ox < a.ow; ++ox) Column(a, image, oy, ox, block);
}

}  // namespace

const DepthwiseCode kDepthwiseScalar = {kWidth, kWidth, DepthwiseForm::kTaps, Run};

}  // namespace simd
}  // namespace octet

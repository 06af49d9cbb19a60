#include "kernels/simd/depthwise.h"

namespace octet {
namespace simd {
namespace {

constexpr int kWidth = 64;  // channels of a block

// One output column of one block of channels.
void Column(const DepthwiseArgs& a, int64_t image, int64_t oy, int64_t ox,
            const ChannelBlock& block) {
  const Epilogue& e = *a.epilogue;
  int64_t sum[kWidth] = {};
  for (int32_t ky = 0; ky < a.kh; ++ky) {
    const int64_t iy = oy * a.sh - a.pad_top + ky;
    for (int32_t kx = 0; kx < a.kw; ++kx) {
      const int64_t ix = ox * a.sw - a.pad_left + kx;
      if (iy < 0 || iy >= a.h || ix < 0 || ix >= a.w) continue;
      const auto* w =
          reinterpret_cast<const int16_t*>(a.weights) + (ky * a.kw + kx) * a.c + block.begin;
      const auto* x = reinterpret_cast<const int16_t*>(a.x) +
                      ((image * a.h + iy) * a.w + ix) * a.c + block.begin;
      for (int c = 0; c < block.count; ++c) sum[c] += int64_t{x[c]} * w[c];
    }
  }
  const int64_t index = ((image * a.oh + oy) * a.ow + ox) * a.c + block.begin;
  for (int c = 0; c < block.count; ++c) {
    const int64_t i = block.begin + c;
    FinishRounded(e, static_cast<float>(sum[c]), e.multiplier[i],
                  e.f32_bias == nullptr ? nullptr : e.f32_bias + i, a.residual, a.y, index + c);
  }
}

void Run(const DepthwiseArgs& a, int64_t image, int64_t oy, const ChannelBlock& block) {
  for (int64_t ox = 0; ox < a.ow; ++ox) Column(a, image, oy, ox, block);
}

}  // namespace

const DepthwiseCode kDepthwiseWordsScalar = {kWidth, kWidth, DepthwiseForm::kTaps, Run};
const DepthwiseCode kDepthwiseSplitWordsScalar = {kWidth, kWidth, DepthwiseForm::kTaps, Run};

}  // namespace simd
}  // namespace octet

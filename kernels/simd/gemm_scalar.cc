#include "kernels/simd/gemm.h"

namespace octet {
namespace simd {
namespace {

void Row(const GemmTile& t, int64_t row) {
  int32_t sum[kChannelsPerVector];
  for (int c = 0; c < kChannelsPerVector; ++c) sum[c] = t.bias[c];
  const int8_t* w = t.weights;
  for (int64_t s = 0; s < t.segments; ++s) {
    const uint8_t* x = t.rows[s * t.row_stride + row];
    for (int64_t g = 0; g < t.groups; ++g, x += 4) {
      for (int c = 0; c < kChannelsPerVector; ++c, w += 4) {
        for (int i = 0; i < 4; ++i) sum[c] += (x[i] ^ t.x_flip) * w[i];
      }
    }
  }
  for (int c = 0; c < t.channels; ++c) {
    const int64_t index = t.index + row * t.y_stride + c;
    if (t.row_numbers == nullptr) {
      FinishOne(*t.epilogue, sum[c], t.multiplier[c], t.residual, t.y, index);
    } else {
      FinishDynamic(*t.epilogue, t.row_numbers[row], sum[c], t.multiplier[c], t.weight_sums[c],
                    t.f32_bias == nullptr ? 0.0f : t.f32_bias[c], t.residual, t.y, index);
    }
  }
}

void Run(const GemmTile& tile, int /*vectors*/, int64_t rows) {
  for (int64_t row = 0; row < rows; ++row) Row(tile, row);
}

}  // namespace

const GemmCode kGemmScalar = {1, Run};

}  // namespace simd
}  // namespace octet

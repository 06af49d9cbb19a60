#include "kernels/simd/gemm.h"

namespace octet {
namespace simd {
namespace {

int16_t At(const void* words, int64_t i) {
  int16_t value;
  __builtin_memcpy(&value, static_cast<const uint8_t*>(words) + 2 * i, sizeof(value));
  return value;
}

template <bool kSplit>
void Row(const GemmTile& t, int64_t row) {
  constexpr int kTerms = kSplit ? 2 : 1;
  int64_t sum[kTerms][kChannelsPerVector] = {};
  const int8_t* w = t.weights;
  for (int64_t s = 0; s < t.segments; ++s) {
    const uint8_t* x = t.rows[s * t.row_stride + row];
    for (int64_t g = 0; g < t.groups; ++g) {
      for (auto& term : sum) {
        for (int c = 0; c < kChannelsPerVector; ++c, w += 4) {
          for (int i = 0; i < 2; ++i) term[c] += int64_t{At(x, 2 * g + i)} * At(w, i);
        }
      }
    }
  }
  for (int c = 0; c < t.channels; ++c) {
    int64_t total = sum[0][c];
    if constexpr (kSplit) total += sum[1][c] * kTermRadix;
    FinishRounded(*t.epilogue, static_cast<float>(total), t.multiplier[c],
                  t.f32_bias == nullptr ? nullptr : t.f32_bias + c, t.residual, t.y,
                  t.index + row * t.y_stride + c);
  }
}

template <bool kSplit>
void Run(const GemmTile& tile, int /*vectors*/, int64_t rows) {
  for (int64_t row = 0; row < rows; ++row) Row<kSplit>(tile, row);
}

}  // namespace

const GemmCode kGemmWordsScalar = {1, Run<false>};
const GemmCode kGemmSplitWordsScalar = {1, Run<true>};

}  // namespace simd
}  // namespace octet

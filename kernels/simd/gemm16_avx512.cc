#include <immintrin.h>

#include "kernels/simd/gemm.h"

#pragma GCC push_options
#pragma GCC target("avx2,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/gemm_avx512-inl.h"
#include "kernels/simd/vec256_base-inl.h"
#include "kernels/simd/vec_avx512-inl.h"

struct WordDot {
  static __m512i Activations(int32_t group) { return _mm512_set1_epi32(group); }
  static __m512i Dot(__m512i sum, __m512i x, __m512i w) { return _mm512_dpwssd_epi32(sum, x, w); }
};

// How 16 channels become integers of the output; in registers throughout, since stores might change
// what a pointer points to.
struct ToIntegers {
  __m512 multiplier, bias, min, max, residual_multiplier;
  __m512i zero_point;  // and flip are of bytes
  __m128i flip;
  __mmask16 lanes;
  bool words;
  const int16_t* residual;  // null: none
  void* y;
  int64_t index, stride;

  ToIntegers(const GemmTile& t, int first)
      : multiplier(_mm512_loadu_ps(t.multiplier + first)),
        bias(t.f32_bias == nullptr ? _mm512_setzero_ps() : _mm512_loadu_ps(t.f32_bias + first)),
        min(_mm512_set1_ps(static_cast<float>(t.epilogue->min - t.epilogue->zero_point))),
        max(_mm512_set1_ps(static_cast<float>(t.epilogue->max - t.epilogue->zero_point))),
        residual_multiplier(_mm512_set1_ps(t.epilogue->residual_multiplier)),
        zero_point(_mm512_set1_epi32(t.epilogue->zero_point)),
        flip(_mm_set1_epi8(static_cast<char>(t.epilogue->flip))),
        lanes(FirstLanes(t.channels - first)),
        words(t.epilogue->words),
        residual(static_cast<const int16_t*>(t.residual)),
        y(t.y),
        index(t.index + first),
        stride(t.y_stride) {}

  inline __attribute__((always_inline)) void Store(int row, __m512 sums) const {
    const int64_t at = index + row * stride;
    __m512 v = _mm512_add_ps(_mm512_mul_ps(sums, multiplier), bias);
    if (residual != nullptr) {
      const __m512i q = _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(lanes, residual + at));
      v = _mm512_add_ps(v, _mm512_mul_ps(_mm512_cvtepi32_ps(q), residual_multiplier));
    }
    v = _mm512_min_ps(_mm512_max_ps(v, min), max);
    const __m512i q = _mm512_cvtps_epi32(v);
    if (!words) {
      const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_add_epi32(q, zero_point));
      _mm_mask_storeu_epi8(static_cast<uint8_t*>(y) + at, lanes, _mm_xor_si128(bytes, flip));
      return;
    }
    int16_t* to = static_cast<int16_t*>(y) + at;
    if (lanes == 0xffff) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(q));
    } else {
      _mm256_mask_storeu_epi16(to, lanes, _mm512_cvtepi32_epi16(q));
    }
  }
};

// 16 sums of a row to any other output.
void StoreOthers(const GemmTile& t, int row, int first, __m512 sums) {
  if (t.epilogue->f32) return StoreReals(t, row, first, sums);
  float lanes[16];
  _mm512_storeu_ps(lanes, sums);
  for (int c = first; c < t.channels && c < first + 16; ++c) {
    FinishRounded(*t.epilogue, lanes[c - first], t.multiplier[c],
                  t.f32_bias == nullptr ? nullptr : t.f32_bias + c, t.residual, t.y,
                  t.index + row * t.y_stride + c);
  }
}

// Finishes sums that lie in memory, [row][N], where registers are free for it; so that the loop
// over products has them all. With kSplit, vectors are pairs of terms. `wide`, if not null, holds
// what other parts of the sums added up to, [row][channel].
template <bool kSplit, int N>
__attribute__((noinline)) void FinishSums(const GemmTile& t, const __m512i* sums,
                                          const double* wide, int rows) {
  constexpr int kTerms = kSplit ? 2 : 1, kVectors = N / kTerms;
  const Epilogue& e = *t.epilogue;
  const bool integers = !e.f32 && (t.residual == nullptr || e.words_residual);
  const bool narrow = !kSplit && !e.wide;
  for (int c = 0; c < kVectors; ++c) {
    const ToIntegers to_integers(t, 16 * c);
    for (int m = 0; m < rows; ++m) {
      const __m512i* at = sums + m * N + c * kTerms;
      const __m512i high = kSplit ? at[kTerms - 1] : Words512::Zero();
      const __m512 rounded = narrow ? _mm512_cvtepi32_ps(at[0])
                             : wide == nullptr
                                 ? Words512::RoundTerms(at[0], high)
                                 : Words512::RoundWide(wide + 16 * (m * kVectors + c), at[0], high);
      if (integers) {
        to_integers.Store(m, rounded);
      } else {
        StoreOthers(t, m, 16 * c, rounded);
      }
    }
  }
}

// Products of a part, [row][N].
template <int N, int M>
inline __attribute__((always_inline)) void SumPart(const GemmTile& t, const GemmPart& part,
                                                   const int8_t*& w, __m512i* sums) {
  __m512i sum[M][N];
#pragma GCC unroll 12
  for (int m = 0; m < M; ++m) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) sum[m][j] = _mm512_setzero_si512();
  }
  AddProducts<WordDot, N, M>(t, part, w, sum);
#pragma GCC unroll 12
  for (int m = 0; m < M; ++m) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) sums[m * N + j] = sum[m][j];
  }
}

template <bool kSplit>
struct WordTiles {
  // N vectors of sums; with kSplit, pairs of sums of terms.
  template <int N, int M>
  static void Tile(const GemmTile& t) {
    if constexpr (!kSplit || N % 2 == 0) {
      __m512i sums[M * N];
      const int8_t* w = t.weights;
      if (t.part_count > 1) return InParts<N, M>(t, w, sums);
      SumPart<N, M>(t, t.parts[0], w, sums);
      FinishSums<kSplit, N>(t, sums, nullptr, M);
    }
  }

 private:
  template <int N, int M>
  static __attribute__((noinline)) void InParts(const GemmTile& t, const int8_t* w, __m512i* sums) {
    constexpr int kTerms = kSplit ? 2 : 1, kVectors = M * N / kTerms;
    double wide[16 * kVectors] = {};
    for (int64_t p = 0;; ++p) {
      SumPart<N, M>(t, t.parts[p], w, sums);
      if (p + 1 == t.part_count) break;
      for (int i = 0; i < kVectors; ++i) {
        const __m512i high = kSplit ? sums[i * kTerms + kTerms - 1] : Words512::Zero();
        Words512::AddWide(wide + 16 * i, sums[i * kTerms], high);
      }
    }
    FinishSums<kSplit, N>(t, sums, wide, M);
  }
};

void RunWords(const GemmTile& tile, int vectors, int64_t rows) {
  RunTiles<WordTiles<false>>(tile, vectors, rows);
}

void RunSplitWords(const GemmTile& tile, int vectors, int64_t rows) {
  RunTiles<WordTiles<true>>(tile, 2 * vectors, rows);
}

}  // namespace

const GemmCode kGemmWordsAvx512Vnni = {4, RunWords};
const GemmCode kGemmSplitWordsAvx512Vnni = {2, RunSplitWords};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options

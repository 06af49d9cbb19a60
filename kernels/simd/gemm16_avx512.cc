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

// Sums of M rows of C vectors of channels, rounded to f32.
template <int C, int M>
using Sums = __m512[M][C];

template <bool kSplit, int N, int M>
struct WideTile {
  static constexpr int kTerms = kSplit ? 2 : 1, kVectors = N / kTerms, kStride = 16 * kVectors;

  static void Zero(__m512i (&sum)[M][N]) {
#pragma GCC unroll 12
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) sum[m][j] = _mm512_setzero_si512();
    }
  }

  // Adds all parts but the last up in `wide`.
  static __attribute__((noinline)) void AddParts(const GemmTile& t, const int8_t*& w,
                                                 double* wide) {
    for (int i = 0; i < M * kStride; ++i) wide[i] = 0;
    for (int64_t p = 0; p + 1 < t.part_count; ++p) {
      __m512i sum[M][N];
      Zero(sum);
      AddProducts<WordDot, N, M>(t, t.parts[p], w, sum);
      for (int i = 0; i < M * kVectors; ++i) {
        const __m512i* at = &sum[i / kVectors][i % kVectors * kTerms];
        Words512::AddWide(wide + 16 * i, at[0], kSplit ? at[1] : Words512::Zero());
      }
    }
  }

  static inline __attribute__((always_inline)) void Compute(const GemmTile& t,
                                                            Sums<kVectors, M>& rounded) {
    const int8_t* w = t.weights;
    if (t.part_count > 1) {
      alignas(64) double wide[M * kStride];
      AddParts(t, w, wide);
      return Round<true>(t, w, wide, rounded);
    }
    Round<false>(t, w, nullptr, rounded);
  }

 private:
  // Adds the last part, and `wide` where there were others.
  template <bool kOthers>
  static inline __attribute__((always_inline)) void Round(const GemmTile& t, const int8_t* w,
                                                          const double* wide,
                                                          Sums<kVectors, M>& rounded) {
    __m512i sum[M][N];
    Zero(sum);
    AddProducts<WordDot, N, M>(t, t.parts[t.part_count - 1], w, sum);
#pragma GCC unroll 12
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 4
      for (int c = 0; c < kVectors; ++c) {
        const __m512i low = sum[m][c * kTerms];
        const __m512i high = kSplit ? sum[m][c * kTerms + kTerms - 1] : Words512::Zero();
        if constexpr (kOthers) {
          rounded[m][c] = Words512::RoundWide(wide + 16 * (m * kVectors + c), low, high);
        } else {
          rounded[m][c] = Words512::RoundTerms(low, high);
        }
      }
    }
  }
};

// 16 sums of a row to words of the output.
inline __attribute__((always_inline)) void StoreWords(const GemmTile& t, int row, int first,
                                                      __m512 sums) {
  const Epilogue& e = *t.epilogue;
  const int64_t index = t.index + row * t.y_stride + first;
  const __mmask16 lanes = FirstLanes(t.channels - first);
  __m512 v = _mm512_mul_ps(sums, _mm512_loadu_ps(t.multiplier + first));
  if (t.f32_bias != nullptr) v = _mm512_add_ps(v, _mm512_loadu_ps(t.f32_bias + first));
  if (t.residual != nullptr) {
    v = _mm512_add_ps(v, ResidualWords(e, static_cast<const int16_t*>(t.residual) + index, lanes));
  }
  v = _mm512_max_ps(v, _mm512_set1_ps(static_cast<float>(e.min)));
  v = _mm512_min_ps(v, _mm512_set1_ps(static_cast<float>(e.max)));
  _mm256_mask_storeu_epi16(static_cast<int16_t*>(t.y) + index, lanes,
                           _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(v)));
}

// Sums in memory, [row][C], of all other outputs.
template <int C>
__attribute__((noinline)) void FinishOthers(const GemmTile& t, const __m512* sums, int rows) {
  for (int i = 0; i < rows * C; ++i) {
    const int row = i / C, first = i % C * 16;
    if (t.epilogue->f32) {
      StoreReals(t, row, first, sums[i]);
      continue;
    }
    float lanes[16];
    _mm512_storeu_ps(lanes, sums[i]);
    for (int c = first; c < t.channels && c < first + 16; ++c) {
      FinishRounded(*t.epilogue, lanes[c - first], t.multiplier[c],
                    t.f32_bias == nullptr ? nullptr : t.f32_bias + c, t.residual, t.y,
                    t.index + row * t.y_stride + c);
    }
  }
}

template <int C, int M>
inline __attribute__((always_inline)) void Finish(const GemmTile& t, const Sums<C, M>& sums) {
  const Epilogue& e = *t.epilogue;
  const bool words = e.words && (t.residual == nullptr || e.words_residual);
  if (!words) {
    __m512 stored[M * C];
#pragma GCC unroll 12
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) stored[m * C + c] = sums[m][c];
    }
    return FinishOthers<C>(t, stored, M);
  }
#pragma GCC unroll 12
  for (int m = 0; m < M; ++m) {
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) StoreWords(t, m, 16 * c, sums[m][c]);
  }
}

// N vectors of sums in s32.
struct NarrowTiles {
  template <int N, int M>
  static void Tile(const GemmTile& t) {
    __m512i sum[M][N];
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) {
#pragma GCC unroll 12
      for (int m = 0; m < M; ++m) sum[m][j] = _mm512_setzero_si512();
    }
    const int8_t* w = t.weights;
    AddProducts<WordDot, N, M>(t, {0, t.segments, 0, t.groups}, w, sum);
    Sums<N, M> rounded;
#pragma GCC unroll 12
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) rounded[m][j] = _mm512_cvtepi32_ps(sum[m][j]);
    }
    Finish<N, M>(t, rounded);
  }
};

// N vectors of sums that are added up in f64; with kSplit, pairs of sums of terms.
template <bool kSplit>
struct WideTiles {
  template <int N, int M>
  static void Tile(const GemmTile& t) {
    if constexpr (!kSplit || N % 2 == 0) {
      using T = WideTile<kSplit, N, M>;
      Sums<T::kVectors, M> rounded;
      T::Compute(t, rounded);
      Finish<T::kVectors, M>(t, rounded);
    }
  }
};

void RunWords(const GemmTile& tile, int vectors, int64_t rows) {
  if (!tile.epilogue->wide) {
    RunTiles<NarrowTiles>(tile, vectors, rows);
  } else {
    RunTiles<WideTiles<false>>(tile, vectors, rows);
  }
}

void RunSplitWords(const GemmTile& tile, int vectors, int64_t rows) {
  RunTiles<WideTiles<true>>(tile, 2 * vectors, rows);
}

}  // namespace

const GemmCode kGemmWordsAvx512Vnni = {4, RunWords};
const GemmCode kGemmSplitWordsAvx512Vnni = {2, RunSplitWords};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options

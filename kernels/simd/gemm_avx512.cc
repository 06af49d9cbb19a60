#include <immintrin.h>

#include "kernels/simd/gemm.h"

#pragma GCC push_options
#pragma GCC target("avx2,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni")

namespace octet {
namespace simd {
namespace {

#include "kernels/simd/gemm_avx512-inl.h"

// Brings the order that packing within 128-bit lanes leaves, four channels of each vector in turn,
// back to that of the channels.
inline __m512i InOrder(__m512i packed) {
  const __m512i index = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(index, packed);
}

// Whether saturation alone gives the output's range: u8 from 0 to 255 with zero point 0.
inline bool IsWholeU8(const Epilogue& e) {
  return e.zero_point == 0 && e.min == 0 && e.max == 255 && e.flip == 0;
}

// 16 * N requantized values of one row to bytes, in order. kWhole: IsWholeU8.
template <int N, bool kWhole>
inline __attribute__((always_inline)) __m512i PackRow(const Epilogue& e, const __m512i (&v)[N]) {
  __m512i low = _mm512_packs_epi32(v[0], v[N > 1 ? 1 : 0]), high = low;
  if constexpr (N > 2) high = _mm512_packs_epi32(v[2], v[N > 3 ? 3 : 2]);
  if constexpr (kWhole) return InOrder(_mm512_packus_epi16(low, high));
  const __m512i zero_point = _mm512_set1_epi16(static_cast<short>(e.zero_point));
  low = _mm512_adds_epi16(low, zero_point);
  high = N > 2 ? _mm512_adds_epi16(high, zero_point) : low;
  __m512i bytes = _mm512_packus_epi16(low, high);
  bytes = _mm512_max_epu8(bytes, _mm512_set1_epi8(static_cast<char>(e.min)));
  bytes = _mm512_min_epu8(bytes, _mm512_set1_epi8(static_cast<char>(e.max)));
  return InOrder(_mm512_xor_si512(bytes, _mm512_set1_epi8(static_cast<char>(e.flip))));
}

template <int N>
inline __attribute__((always_inline)) void StoreRow(uint8_t* y, __m512i bytes, int channels) {
  if (channels < 16 * N) {
    _mm512_mask_storeu_epi8(y, FirstBytes(channels), bytes);
  } else if constexpr (N == 1) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm512_castsi512_si128(bytes));
  } else if constexpr (N == 2) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), _mm512_castsi512_si256(bytes));
  } else if constexpr (N == 3) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), _mm512_castsi512_si256(bytes));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y + 32), _mm512_extracti32x4_epi32(bytes, 2));
  } else {
    _mm512_storeu_si512(y, bytes);
  }
}

// Finishes sums that lie in memory, [row][N], of inputs that were quantized when the kernel runs.
template <int N>
__attribute__((noinline)) void FinishDynamicRows(const GemmTile& t, const __m512i* sums, int rows) {
  const __m512 min = _mm512_set1_ps(t.epilogue->f32_min), max = _mm512_set1_ps(t.epilogue->f32_max);
#pragma GCC unroll 4
  for (int j = 0; j < N; ++j) {
    const int first = 16 * j;
    const __mmask16 lanes = FirstLanes(t.channels - first);
    const __m512i weight_sums = _mm512_loadu_si512(t.weight_sums + first);
    const __m512 multiplier = _mm512_loadu_ps(t.multiplier + first);
    for (int m = 0; m < rows; ++m) {
      const int64_t index = t.index + m * t.y_stride + first;
      const __m512i zero_point = _mm512_set1_epi32(t.row_numbers[m].zero_point);
      const __m512i exact =
          _mm512_sub_epi32(sums[m * N + j], _mm512_mullo_epi32(zero_point, weight_sums));
      const __m512 scale = _mm512_mul_ps(_mm512_set1_ps(t.row_numbers[m].scale), multiplier);
      __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(exact), scale);
      if (t.f32_bias != nullptr) v = _mm512_add_ps(v, _mm512_loadu_ps(t.f32_bias + first));
      if (t.residual != nullptr) {
        const float* residual = static_cast<const float*>(t.residual) + index;
        v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(lanes, residual));
      }
      v = _mm512_min_ps(max, _mm512_max_ps(min, v));
      _mm512_mask_storeu_ps(static_cast<float*>(t.y) + index, lanes, v);
    }
  }
}

// Finishes sums that lie in memory, [row][N], where the output is f32.
template <int N>
__attribute__((noinline)) void FinishF32(const GemmTile& t, const __m512i* sums, int rows) {
  for (int i = 0; i < rows * N; ++i) {
    StoreReals(t, i / N, i % N * 16, _mm512_cvtepi32_ps(sums[i]));
  }
}

// The same where the output is words.
template <int N>
__attribute__((noinline)) void FinishWords(const GemmTile& t, const __m512i* sums, int rows) {
  const Epilogue& e = *t.epilogue;
  const __m512 min = _mm512_set1_ps(static_cast<float>(e.min));
  const __m512 max = _mm512_set1_ps(static_cast<float>(e.max));
#pragma GCC unroll 4
  for (int j = 0; j < N; ++j) {
    const int first = 16 * j;
    const __mmask16 lanes = FirstLanes(t.channels - first);
    const __m512 multiplier = _mm512_loadu_ps(t.multiplier + first);
    for (int m = 0; m < rows; ++m) {
      const int64_t index = t.index + m * t.y_stride + first;
      __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[m * N + j]), multiplier);
      if (t.residual != nullptr) {
        const uint8_t* residual = static_cast<const uint8_t*>(t.residual) + index;
        v = _mm512_add_ps(v, ResidualBytes(e, residual, lanes));
      }
      v = _mm512_min_ps(_mm512_max_ps(v, min), max);
      const __m256i words = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(v));
      _mm256_mask_storeu_epi16(static_cast<int16_t*>(t.y) + index, lanes, words);
    }
  }
}

// Bytes of 4 / N rows, one after the other, to where these rows begin.
template <int N>
inline __attribute__((always_inline)) void StoreRows(uint8_t* y, int64_t stride, __m512i bytes,
                                                     int channels) {
  if (channels == 16 * N && stride == 16 * N) {
    _mm512_storeu_si512(y, bytes);
  } else if constexpr (N == 1) {
    const __mmask16 lanes = FirstLanes(channels);
    _mm_mask_storeu_epi8(y, lanes, _mm512_castsi512_si128(bytes));
    _mm_mask_storeu_epi8(y + stride, lanes, _mm512_extracti32x4_epi32(bytes, 1));
    _mm_mask_storeu_epi8(y + 2 * stride, lanes, _mm512_extracti32x4_epi32(bytes, 2));
    _mm_mask_storeu_epi8(y + 3 * stride, lanes, _mm512_extracti32x4_epi32(bytes, 3));
  } else {
    const auto lanes = static_cast<__mmask32>(FirstBytes(channels));
    _mm256_mask_storeu_epi8(y, lanes, _mm512_castsi512_si256(bytes));
    _mm256_mask_storeu_epi8(y + stride, lanes, _mm512_extracti64x4_epi64(bytes, 1));
  }
}

// kWhole: IsWholeU8. kResidual: a residual of bytes is added.
template <int N, int M, bool kWhole, bool kResidual>
inline __attribute__((always_inline)) void FinishBytes(const GemmTile& t,
                                                       const __m512i (&sum)[M][N]) {
  constexpr int kRows = N <= 2 && M % (4 / N) == 0 ? 4 / N : 1;  // that fill a vector
  const Epilogue& e = *t.epilogue;
  __m512 multiplier[N];
#pragma GCC unroll 4
  for (int j = 0; j < N; ++j) multiplier[j] = _mm512_loadu_ps(t.multiplier + 16 * j);
  uint8_t* y = static_cast<uint8_t*>(t.y) + t.index;
  const uint8_t* residual = static_cast<const uint8_t*>(t.residual) + (kResidual ? t.index : 0);
#pragma GCC unroll 12
  for (int m = 0; m < M; m += kRows, y += kRows * t.y_stride) {
    __m512i values[kRows * N];
#pragma GCC unroll 4
    for (int i = 0; i < kRows * N; ++i) {
      const int j = i % N;
      __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[m + i / N][j]), multiplier[j]);
      if constexpr (kResidual) {
        const uint8_t* p = residual + (m + i / N) * t.y_stride + 16 * j;
        v = _mm512_add_ps(v, ResidualBytes(e, p, FirstLanes(t.channels - 16 * j)));
      }
      values[i] = _mm512_cvtps_epi32(v);
    }
    const __m512i bytes = PackRow<kRows * N, kWhole>(e, values);
    if constexpr (kRows == 1) {
      StoreRow<N>(y, bytes, t.channels);
    } else {
      StoreRows<N>(y, t.y_stride, bytes, t.channels);
    }
  }
}

template <int N, int M>
inline __attribute__((always_inline)) void Finish(const GemmTile& t, __m512i (&sum)[M][N]) {
  const Epilogue& e = *t.epilogue;
  if (e.f32 || e.words) {
    __m512i stored[M * N];
#pragma GCC unroll 12
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) stored[m * N + j] = sum[m][j];
    }
    if (t.row_numbers != nullptr) {
      FinishDynamicRows<N>(t, stored, M);
    } else if (e.words) {
      FinishWords<N>(t, stored, M);
    } else {
      FinishF32<N>(t, stored, M);
    }
  } else if (t.residual != nullptr) {
    FinishBytes<N, M, false, true>(t, sum);
  } else if (IsWholeU8(e)) {
    FinishBytes<N, M, true, false>(t, sum);
  } else {
    FinishBytes<N, M, false, false>(t, sum);
  }
}

template <bool kFlip>
struct ByteDot {
  static __m512i Activations(int32_t group) {
    const __m512i x = _mm512_set1_epi32(group);
    return kFlip ? _mm512_xor_si512(x, _mm512_set1_epi8(static_cast<char>(0x80))) : x;
  }
  static __m512i Dot(__m512i sum, __m512i x, __m512i w) { return _mm512_dpbusd_epi32(sum, x, w); }
};

template <bool kFlip>
struct ByteTiles {
  template <int N, int M>
  static void Tile(const GemmTile& t) {
    __m512i sum[M][N];
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) {
      const __m512i bias = _mm512_loadu_si512(t.bias + 16 * j);
#pragma GCC unroll 12
      for (int m = 0; m < M; ++m) sum[m][j] = bias;
    }
    const int8_t* w = t.weights;
    AddProducts<ByteDot<kFlip>, N, M>(t, {0, t.segments, 0, t.groups}, w, sum);
    Finish<N, M>(t, sum);
  }
};

void Run(const GemmTile& tile, int vectors, int64_t rows) {
  if (tile.x_flip != 0) {
    RunTiles<ByteTiles<true>>(tile, vectors, rows);
  } else {
    RunTiles<ByteTiles<false>>(tile, vectors, rows);
  }
}

}  // namespace

const GemmCode kGemmAvx512Vnni = {4, Run};

}  // namespace simd
}  // namespace octet

#pragma GCC pop_options

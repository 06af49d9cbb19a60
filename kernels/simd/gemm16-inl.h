// The tile of a product of words over a 256-bit vector type of vec_*-inl.h. Include inside a region
// compiled for its instruction set, inside an unnamed namespace.

#include "kernels/simd/gemm256-inl.h"

// M rows of a block of 16 channels whose sums are added up in f64: rounded to f32, [row][channel].
template <class V, bool kSplit, int M>
inline void WideSums(const GemmTile& t, float (&rounded)[M][16]) {
  constexpr int kTerms = kSplit ? 2 : 1, J = 2 * kTerms;
  double wide[M][16];
  for (int m = 0; m < M; ++m) {
    for (int c = 0; c < 16; ++c) wide[m][c] = 0;
  }
  const int8_t* w = t.weights;
  for (int64_t p = 0; p < t.part_count; ++p) {
    __m256i sum[M][J];
    for (int m = 0; m < M; ++m) {
      for (int j = 0; j < J; ++j) sum[m][j] = V::Zero();
    }
    AddProducts<V, M, J>(t, t.parts[p], w, sum);
    for (int m = 0; m < M; ++m) {
      for (int j = 0; j < 2; ++j) {
        const __m256i high = kSplit ? sum[m][J - 2 + j] : V::Zero();
        if (p + 1 < t.part_count) {
          V::AddWide(wide[m] + 8 * j, sum[m][j], high);
        } else {
          V::StoreF(rounded[m] + 8 * j, V::RoundWide(wide[m] + 8 * j, sum[m][j], high));
        }
      }
    }
  }
}

template <class V, int M>
inline void NarrowSums(const GemmTile& t, float (&rounded)[M][16]) {
  __m256i sum[M][2];
  for (int m = 0; m < M; ++m) {
    for (int j = 0; j < 2; ++j) sum[m][j] = V::Zero();
  }
  const int8_t* w = t.weights;
  AddProducts<V, M, 2>(t, {0, t.segments, 0, t.groups}, w, sum);
  for (int m = 0; m < M; ++m) {
    for (int j = 0; j < 2; ++j) V::StoreF(rounded[m] + 8 * j, V::ToFloat(sum[m][j]));
  }
}

// A row of 16 channels, all of which exist, to integers.
template <class V>
inline void FinishIntegers(const GemmTile& t, int64_t index, const float* rounded) {
  const Epilogue& e = *t.epilogue;
  __m256i q[2];
  for (int j = 0; j < 2; ++j) {
    __m256 v = V::Mul(V::LoadF(rounded + 8 * j), V::LoadF(t.multiplier + 8 * j));
    if (t.f32_bias != nullptr) v = V::Add(v, V::LoadF(t.f32_bias + 8 * j));
    if (t.residual != nullptr) {
      const auto* p = static_cast<const int16_t*>(t.residual) + index + 8 * j;
      const __m256i r = _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
      v = V::Add(v, V::Mul(V::ToFloat(r), V::SetF(e.residual_multiplier)));
    }
    v = V::MaxF(v, V::SetF(static_cast<float>(e.min - e.zero_point)));
    v = V::MinF(v, V::SetF(static_cast<float>(e.max - e.zero_point)));
    q[j] = V::ToInt(v);
  }
  const __m256i words = _mm256_permute4x64_epi64(V::PackS32(q[0], q[1]), 0xd8);
  if (e.words) {
    V::Store(static_cast<int16_t*>(t.y) + index, words);
    return;
  }
  const __m256i sums = V::Adds16(words, V::Set16(e.zero_point));
  const __m256i bytes = V::Xor(V::PackU16(sums, sums), V::Set8(e.flip));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(static_cast<uint8_t*>(t.y) + index),
                   _mm256_castsi256_si128(_mm256_permute4x64_epi64(bytes, 0x08)));
}

// The same to f32; a residual is f32, too.
template <class V>
inline void FinishReals(const GemmTile& t, int64_t index, const float* rounded) {
  const Epilogue& e = *t.epilogue;
  for (int j = 0; j < 2; ++j) {
    __m256 v = V::Mul(V::LoadF(rounded + 8 * j), V::LoadF(t.multiplier + 8 * j));
    if (t.f32_bias != nullptr) v = V::Add(v, V::LoadF(t.f32_bias + 8 * j));
    const int64_t at = index + 8 * j;
    if (t.residual != nullptr) v = V::Add(v, V::LoadF(static_cast<const float*>(t.residual) + at));
    v = V::MinF(V::SetF(e.f32_max), V::MaxF(V::SetF(e.f32_min), v));
    V::StoreF(static_cast<float*>(t.y) + at, v);
  }
}

template <class V, bool kSplit, int M>
void WordTile(const GemmTile& t) {
  const Epilogue& e = *t.epilogue;
  float rounded[M][16];
  if (kSplit || e.wide) {
    WideSums<V, kSplit, M>(t, rounded);
  } else {
    NarrowSums<V, M>(t, rounded);
  }
  const bool whole = t.channels == 16;
  const bool integers = whole && !e.f32 && (t.residual == nullptr || e.words_residual);
  const bool reals = whole && e.f32 && (t.residual == nullptr || e.f32_residual);
  for (int m = 0; m < M; ++m) {
    const int64_t index = t.index + m * t.y_stride;
    if (integers) {
      FinishIntegers<V>(t, index, rounded[m]);
      continue;
    }
    if (reals) {
      FinishReals<V>(t, index, rounded[m]);
      continue;
    }
    for (int c = 0; c < t.channels; ++c) {
      FinishRounded(e, rounded[m][c], t.multiplier[c],
                    t.f32_bias == nullptr ? nullptr : t.f32_bias + c, t.residual, t.y, index + c);
    }
  }
}

template <class V, bool kSplit, int M>
void AdvanceWords(GemmTile& t, int64_t& rows) {
  for (; rows >= M; rows -= M, t.rows += M, t.index += M * t.y_stride) WordTile<V, kSplit, M>(t);
}

// The tile of a product of bytes over a 256-bit vector type of vec_*-inl.h. Include inside a region
// compiled for its instruction set, inside an unnamed namespace.

#include "kernels/simd/gemm256-inl.h"

// Two vectors of requantized values to 16 bytes, in order.
template <class V>
inline __m128i PackRow(const Epilogue& e, __m256i low, __m256i high) {
  const __m256i words = V::Adds16(V::PackS32(low, high), V::Set16(e.zero_point));
  __m256i bytes = V::PackU16(words, words);
  bytes = V::MaxU8(bytes, V::Set8(static_cast<uint8_t>(e.min)));
  bytes = V::MinU8(bytes, V::Set8(static_cast<uint8_t>(e.max)));
  bytes = V::Xor(bytes, V::Set8(e.flip));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5);
  return _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(bytes, order));
}

// 8 residual bytes, in units of the output's scale.
template <class V>
inline __m256 ResidualBytes(const Epilogue& e, const uint8_t* p) {
  const __m128i bytes = _mm_xor_si128(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)),
                                      _mm_set1_epi8(static_cast<char>(e.residual_flip)));
  const __m256i q = V::Sub32(_mm256_cvtepu8_epi32(bytes), V::Set32(e.residual_zero_point));
  return V::Mul(V::ToFloat(q), V::SetF(e.residual_multiplier));
}

// One row of 16 channels, all of which exist, to bytes.
template <class V>
inline void FinishRow(const GemmTile& t, int64_t index, const __m256i* sum) {
  const Epilogue& e = *t.epilogue;
  __m256 v[2];
  for (int j = 0; j < 2; ++j) {
    v[j] = V::Mul(V::ToFloat(sum[j]), V::LoadF(t.multiplier + 8 * j));
    if (t.residual != nullptr) {
      v[j] = V::Add(v[j],
                    ResidualBytes<V>(e, static_cast<const uint8_t*>(t.residual) + index + 8 * j));
    }
  }
  _mm_storeu_si128(reinterpret_cast<__m128i*>(static_cast<uint8_t*>(t.y) + index),
                   PackRow<V>(e, V::ToInt(v[0]), V::ToInt(v[1])));
}

// The same to words.
template <class V>
inline void FinishWordRow(const GemmTile& t, int64_t index, const __m256i* sum) {
  const Epilogue& e = *t.epilogue;
  __m256i q[2];
  for (int j = 0; j < 2; ++j) {
    __m256 v = V::Mul(V::ToFloat(sum[j]), V::LoadF(t.multiplier + 8 * j));
    if (t.residual != nullptr) {
      v = V::Add(v, ResidualBytes<V>(e, static_cast<const uint8_t*>(t.residual) + index + 8 * j));
    }
    v = V::MaxF(v, V::SetF(static_cast<float>(e.min)));
    q[j] = V::ToInt(V::MinF(v, V::SetF(static_cast<float>(e.max))));
  }
  const __m256i words = _mm256_permute4x64_epi64(V::PackS32(q[0], q[1]), 0xd8);
  V::Store(static_cast<int16_t*>(t.y) + index, words);
}

// One row of 16 channels that exist, of inputs that were quantized when the kernel runs.
template <class V>
inline void FinishDynamicRow(const GemmTile& t, int row, int64_t index, const __m256i* sum) {
  const Epilogue& e = *t.epilogue;
  const RowNumbers numbers = t.row_numbers[row];
  const __m256i zero_point = V::Set32(numbers.zero_point);
  for (int j = 0; j < 2; ++j) {
    const __m256i exact = V::Sub32(sum[j], V::MulLow32(zero_point, V::Load(t.weight_sums + 8 * j)));
    const __m256 scale = V::Mul(V::SetF(numbers.scale), V::LoadF(t.multiplier + 8 * j));
    __m256 v = V::Mul(V::ToFloat(exact), scale);
    if (t.f32_bias != nullptr) v = V::Add(v, V::LoadF(t.f32_bias + 8 * j));
    if (t.residual != nullptr) {
      v = V::Add(v, V::LoadF(static_cast<const float*>(t.residual) + index + 8 * j));
    }
    v = V::MinF(V::SetF(e.f32_max), V::MaxF(V::SetF(e.f32_min), v));
    V::StoreF(static_cast<float*>(t.y) + index + 8 * j, v);
  }
}

// One row in all other cases, channel by channel.
template <class V>
inline void FinishChannels(const GemmTile& t, int row, int64_t index, const __m256i* sum) {
  int32_t lanes[16];
  V::Store(lanes, sum[0]);
  V::Store(lanes + 8, sum[1]);
  for (int c = 0; c < t.channels; ++c) {
    if (t.row_numbers == nullptr) {
      FinishOne(*t.epilogue, lanes[c], t.multiplier[c], t.residual, t.y, index + c);
    } else {
      FinishDynamic(*t.epilogue, t.row_numbers[row], lanes[c], t.multiplier[c], t.weight_sums[c],
                    t.f32_bias == nullptr ? 0.0f : t.f32_bias[c], t.residual, t.y, index + c);
    }
  }
}

template <class V, int M>
void Tile(const GemmTile& t) {
  __m256i sum[M][2];
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
    sum[m][0] = V::Load(t.bias);
    sum[m][1] = V::Load(t.bias + 8);
  }
  const int8_t* w = t.weights;
  AddProducts<V, M, 2>(t, {0, t.segments, 0, t.groups}, w, sum);
  const bool dynamic = t.row_numbers != nullptr;
  const bool whole = t.channels == 16 && (dynamic || !t.epilogue->f32);
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
    const int64_t index = t.index + m * t.y_stride;
    if (whole && dynamic) {
      FinishDynamicRow<V>(t, m, index, sum[m]);
    } else if (whole && t.epilogue->words) {
      FinishWordRow<V>(t, index, sum[m]);
    } else if (whole) {
      FinishRow<V>(t, index, sum[m]);
    } else {
      FinishChannels<V>(t, m, index, sum[m]);
    }
  }
}

template <class V, int M>
void Advance(GemmTile& t, int64_t& rows) {
  for (; rows >= M; rows -= M, t.rows += M, t.index += M * t.y_stride) {
    Tile<V, M>(t);
    if (t.row_numbers != nullptr) t.row_numbers += M;
  }
}

// What products of bytes and of words share on 512-bit registers. Include inside a region compiled
// for AVX512-VNNI, inside an unnamed namespace.

inline int32_t LoadGroup(const uint8_t* p) {
  int32_t v;
  __builtin_memcpy(&v, p, sizeof(v));
  return v;
}

inline __mmask64 FirstBytes(int n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }
inline __mmask16 FirstLanes(int n) {
  return static_cast<__mmask16>(n >= 16 ? 0xffff : (1 << n) - 1);
}

// 16 residual bytes or words, in units of the output's scale.
inline __m512 ResidualBytes(const Epilogue& e, const uint8_t* p, __mmask16 lanes) {
  const __m128i bytes = _mm_xor_si128(_mm_maskz_loadu_epi8(lanes, p),
                                      _mm_set1_epi8(static_cast<char>(e.residual_flip)));
  const __m512i q =
      _mm512_sub_epi32(_mm512_cvtepu8_epi32(bytes), _mm512_set1_epi32(e.residual_zero_point));
  return _mm512_mul_ps(_mm512_cvtepi32_ps(q), _mm512_set1_ps(e.residual_multiplier));
}
inline __m512 ResidualWords(const Epilogue& e, const int16_t* p, __mmask16 lanes) {
  const __m512i q = _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(lanes, p));
  return _mm512_mul_ps(_mm512_cvtepi32_ps(q), _mm512_set1_ps(e.residual_multiplier));
}
inline __m512 Residual(const Epilogue& e, const void* residual, int64_t index, __mmask16 lanes) {
  if (e.f32_residual) {
    return _mm512_maskz_loadu_ps(lanes, static_cast<const float*>(residual) + index);
  }
  if (e.words_residual) {
    return ResidualWords(e, static_cast<const int16_t*>(residual) + index, lanes);
  }
  return ResidualBytes(e, static_cast<const uint8_t*>(residual) + index, lanes);
}

// Finishes 16 sums of a row, from channel `first` of the block on, where the output is f32.
inline void StoreReals(const GemmTile& t, int row, int first, __m512 sums) {
  const Epilogue& e = *t.epilogue;
  const int64_t index = t.index + row * t.y_stride + first;
  const __mmask16 lanes = FirstLanes(t.channels - first);
  __m512 v = _mm512_mul_ps(sums, _mm512_loadu_ps(t.multiplier + first));
  if (t.f32_bias != nullptr) v = _mm512_add_ps(v, _mm512_loadu_ps(t.f32_bias + first));
  if (t.residual != nullptr) v = _mm512_add_ps(v, Residual(e, t.residual, index, lanes));
  v = _mm512_min_ps(_mm512_set1_ps(e.f32_max), _mm512_max_ps(_mm512_set1_ps(e.f32_min), v));
  _mm512_mask_storeu_ps(static_cast<float*>(t.y) + index, lanes, v);
}

// Adds the products of a part of M rows to N vectors of sums. `w` moves on behind the part.
template <class D, int N, int M>
inline __attribute__((always_inline)) void AddProducts(const GemmTile& t, const GemmPart& part,
                                                       const int8_t*& w, __m512i (&sum)[M][N]) {
  const uint8_t* const* rows = t.rows + part.segment_begin * t.row_stride;
  const int64_t begin = 4 * part.group_begin, end = 4 * part.group_end;
  for (int64_t s = part.segment_begin; s < part.segment_end; ++s, rows += t.row_stride) {
    const uint8_t* row[M];
#pragma GCC unroll 12
    for (int m = 0; m < M; ++m) row[m] = rows[m];
#pragma GCC unroll 2
    for (int64_t k = begin; k < end; k += 4, w += 64 * N) {
      __m512i weights[N];
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) weights[j] = _mm512_loadu_si512(w + 64 * j);
#pragma GCC unroll 12
      for (int m = 0; m < M; ++m) {
        const __m512i x = D::Activations(LoadGroup(row[m] + k));
#pragma GCC unroll 4
        for (int j = 0; j < N; ++j) sum[m][j] = D::Dot(sum[m][j], x, weights[j]);
      }
    }
  }
}

template <class Tiles, int N, int M>
inline void Advance(GemmTile& t, int64_t& rows) {
  for (; rows >= M; rows -= M, t.rows += M, t.index += M * t.y_stride) {
    Tiles::template Tile<N, M>(t);
    if (t.row_numbers != nullptr) t.row_numbers += M;
  }
}

// Tiles of M rows, the largest first, until no row is left.
template <class Tiles, int N, int... M>
inline void AdvanceAll(GemmTile& t, int64_t rows) {
  (Advance<Tiles, N, M>(t, rows), ...);
}

// As many rows as registers allow for `vectors` sums each, then ever fewer.
template <class Tiles>
void RunTiles(const GemmTile& tile, int vectors, int64_t rows) {
  GemmTile t = tile;
  switch (vectors) {
    case 1:
      return AdvanceAll<Tiles, 1, 12, 8, 4, 2, 1>(t, rows);
    case 2:
      return AdvanceAll<Tiles, 2, 12, 8, 4, 2, 1>(t, rows);
    case 3:
      return AdvanceAll<Tiles, 3, 8, 4, 2, 1>(t, rows);
    default:
      return AdvanceAll<Tiles, 4, 6, 4, 2, 1>(t, rows);
  }
}

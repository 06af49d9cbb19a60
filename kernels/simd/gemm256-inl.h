// Sums of products over a 256-bit vector type, which provides Weights, Activations and Dot. Include
// inside a region compiled for its instruction set, inside an unnamed namespace.

// Adds the products of a part of M rows to J vectors of sums. `w` moves on behind the part.
template <class V, int M, int J>
inline __attribute__((always_inline)) void AddProducts(const GemmTile& t, const GemmPart& part,
                                                       const int8_t*& w, __m256i (&sum)[M][J]) {
  const __m256i flip = V::Set8(t.x_flip);
  const uint8_t* const* rows = t.rows + part.segment_begin * t.row_stride;
  for (int64_t s = part.segment_begin; s < part.segment_end; ++s, rows += t.row_stride) {
    const uint8_t* row[M];
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) row[m] = rows[m];
    for (int64_t k = 4 * part.group_begin; k < 4 * part.group_end; k += 4, w += 32 * J) {
      typename V::Group weights[J];
#pragma GCC unroll 4
      for (int j = 0; j < J; ++j) weights[j] = V::Weights(w + 32 * j);
#pragma GCC unroll 8
      for (int m = 0; m < M; ++m) {
        int32_t group;
        __builtin_memcpy(&group, row[m] + k, 4);
        const auto x = V::Activations(V::Set32(group), flip);
#pragma GCC unroll 4
        for (int j = 0; j < J; ++j) sum[m][j] = V::Dot(sum[m][j], x, weights[j]);
      }
    }
  }
}

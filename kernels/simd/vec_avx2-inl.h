// 256-bit vectors with AVX2. Include after vec256_base-inl.h.

struct VecAvx2 : VecPartial {
  static constexpr int kRows = 4;
  static constexpr bool kPairs = true;
  static constexpr bool kManyRegisters = false;
  // Four bytes per lane as s16: bytes 0 and 2 in `even`, 1 and 3 in `odd`. A sum of two products of
  // them (vpmaddwd) is exact in s32.
  struct Group {
    I even, odd;
  };

  static Group Widen(I bytes) {
    return {_mm256_and_si256(bytes, _mm256_set1_epi32(0x00ff00ff)), _mm256_srli_epi16(bytes, 8)};
  }
  static I Dot(I sum, Group x, Group w) {
    return _mm256_add_epi32(_mm256_add_epi32(sum, _mm256_madd_epi16(x.even, w.even)),
                            _mm256_madd_epi16(x.odd, w.odd));
  }
  // Four s8 weights per lane; four u8 activations per lane.
  static Group Weights(const void* p) {
    const I bytes = Load(p);
    return {_mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8)};
  }
  static Group Activations(I bytes, I flip) { return Widen(Xor(bytes, flip)); }
};

// Words: two s16 per lane.
struct WordsAvx2 : WordsPartial {
  static I Dot(I sum, Group x, Group w) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(x.words, w.words));
  }
};

// 256-bit vectors with AVX-VNNI. Include after vec256_base-inl.h, in a region compiled for avxvnni.

struct VecAvxVnni : VecPartial {
  static constexpr int kRows = 4;
  static constexpr bool kPairs = false;
  static constexpr bool kManyRegisters = false;
  struct Group {
    I bytes;
  };
  static I Dot(I sum, Group x, Group w) { return _mm256_dpbusd_avx_epi32(sum, x.bytes, w.bytes); }
  static Group Weights(const void* p) { return {Load(p)}; }
  static Group Activations(I bytes, I flip) { return {Xor(bytes, flip)}; }
};

// Words: two s16 per lane.
struct WordsAvxVnni : WordsPartial {
  static I Dot(I sum, Group x, Group w) { return _mm256_dpwssd_avx_epi32(sum, x.words, w.words); }
};

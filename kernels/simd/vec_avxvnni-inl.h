// 256-bit vectors with AVX-VNNI. Include after vec256_base-inl.h, in a region compiled for avxvnni.

struct VecAvxVnni : VecPartial {
  static constexpr bool kPairs = false;
  static constexpr bool kManyRegisters = false;
  struct Group {
    I bytes;
  };
  static I Dot(I sum, Group x, Group w) { return _mm256_dpbusd_avx_epi32(sum, x.bytes, w.bytes); }
  static Group Weights(const void* p) { return {Load(p)}; }
  static Group Activations(I bytes) { return {bytes}; }
};

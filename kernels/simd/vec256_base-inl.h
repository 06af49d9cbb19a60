// What all 256-bit vectors have in common. Include inside a region compiled for AVX2 or more,
// inside an unnamed namespace.

struct Vec256Base {
  static constexpr int kBytes = 32;
  using I = __m256i;
  using F = __m256;

  static I Load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static void Store(void* p, I v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
  static F LoadF(const float* p) { return _mm256_loadu_ps(p); }
  static I Zero() { return _mm256_setzero_si256(); }
  static I Set8(uint8_t v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  static I Set16(int v) { return _mm256_set1_epi16(static_cast<short>(v)); }
  static I Set32(int32_t v) { return _mm256_set1_epi32(v); }
  static F SetF(float v) { return _mm256_set1_ps(v); }
  static I Lo8(I a, I b) { return _mm256_unpacklo_epi8(a, b); }
  static I Hi8(I a, I b) { return _mm256_unpackhi_epi8(a, b); }
  static I Lo16(I a, I b) { return _mm256_unpacklo_epi16(a, b); }
  static I Hi16(I a, I b) { return _mm256_unpackhi_epi16(a, b); }
  static I PackS32(I a, I b) { return _mm256_packs_epi32(a, b); }
  static I PackU16(I a, I b) { return _mm256_packus_epi16(a, b); }
  static I Adds16(I a, I b) { return _mm256_adds_epi16(a, b); }
  static I MinU8(I a, I b) { return _mm256_min_epu8(a, b); }
  static I MaxU8(I a, I b) { return _mm256_max_epu8(a, b); }
  static I Xor(I a, I b) { return _mm256_xor_si256(a, b); }
  static I Shift16(I a) { return _mm256_srai_epi32(a, 16); }
  static I Sub32(I a, I b) { return _mm256_sub_epi32(a, b); }
  static I MulLow32(I a, I b) { return _mm256_mullo_epi32(a, b); }
  static F ToFloat(I a) { return _mm256_cvtepi32_ps(a); }
  static I ToInt(F a) { return _mm256_cvtps_epi32(a); }
  static F Mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F Add(F a, F b) { return _mm256_add_ps(a, b); }
  // Where one is NaN, b.
  static F MinF(F a, F b) { return _mm256_min_ps(a, b); }
  static F MaxF(F a, F b) { return _mm256_max_ps(a, b); }
  static void StoreF(float* p, F v) { _mm256_storeu_ps(p, v); }
};

// Loads and stores of a part of the bytes without masks.
struct VecPartial : Vec256Base {
  static I LoadBytes(const uint8_t* p, int n) {
    if (n == 32) return Load(p);
    alignas(32) uint8_t bytes[32] = {};
    for (int i = 0; i < n; ++i) bytes[i] = p[i];
    return Load(bytes);
  }
  static void StoreBytes(uint8_t* p, I v, int n) {
    if (n == 32) return Store(p, v);
    alignas(32) uint8_t bytes[32];
    Store(bytes, v);
    for (int i = 0; i < n; ++i) p[i] = bytes[i];
  }
};

// Four sums of two terms: exact.
inline __m256d WidenTerms(__m128i low, __m128i high) {
  const __m256d scaled = _mm256_mul_pd(_mm256_cvtepi32_pd(high), _mm256_set1_pd(kTermRadix));
  return _mm256_add_pd(_mm256_cvtepi32_pd(low), scaled);
}

// Sums of words of two terms: added to f64, and rounded to f32 after that.
struct WideSums256 {
  static void AddWide(double* to, __m256i low, __m256i high) {
    for (int half = 0; half < 2; ++half) {
      double* at = to + 4 * half;
      _mm256_storeu_pd(at, _mm256_add_pd(_mm256_loadu_pd(at), Wide(low, high, half)));
    }
  }
  static __m256 RoundWide(const double* base, __m256i low, __m256i high) {
    const __m256d first = _mm256_add_pd(_mm256_loadu_pd(base), Wide(low, high, 0));
    const __m256d second = _mm256_add_pd(_mm256_loadu_pd(base + 4), Wide(low, high, 1));
    return _mm256_set_m128(_mm256_cvtpd_ps(second), _mm256_cvtpd_ps(first));
  }
  static __m256 RoundTerms(__m256i low, __m256i high) {
    return _mm256_set_m128(_mm256_cvtpd_ps(Wide(low, high, 1)),
                           _mm256_cvtpd_ps(Wide(low, high, 0)));
  }

 private:
  static __m256d Wide(__m256i low, __m256i high, int half) {
    if (half == 0) return WidenTerms(_mm256_castsi256_si128(low), _mm256_castsi256_si128(high));
    return WidenTerms(_mm256_extracti128_si256(low, 1), _mm256_extracti128_si256(high, 1));
  }
};

// Words without masks.
struct WordsPartial : VecPartial, WideSums256 {
  static constexpr int kRows = 2;
  static constexpr bool kPairs = false;
  static constexpr bool kManyRegisters = false;
  struct Group {
    I words;
  };
  static Group Weights(const void* p) { return {Load(p)}; }
  static Group Activations(I words, I /*flip*/) { return {words}; }
};

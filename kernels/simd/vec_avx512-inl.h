// 512-, 256- and 128-bit vectors with AVX512-VNNI. Include after vec256_base-inl.h.

struct Vec512 {
  static constexpr int kRows = 4;
  static constexpr int kBytes = 64;
  static constexpr bool kPairs = false;
  static constexpr bool kManyRegisters = true;
  using I = __m512i;
  using F = __m512;
  struct Group {
    I bytes;
  };

  static I Load(const void* p) { return _mm512_loadu_si512(p); }
  static I LoadBytes(const uint8_t* p, int n) {
    return n == 64 ? Load(p) : _mm512_maskz_loadu_epi8(Mask(n), p);
  }
  static void Store(void* p, I v) { _mm512_storeu_si512(p, v); }
  static void StoreBytes(uint8_t* p, I v, int n) {
    if (n == 64) return Store(p, v);
    _mm512_mask_storeu_epi8(p, Mask(n), v);
  }
  static F LoadF(const float* p) { return _mm512_loadu_ps(p); }
  static I Zero() { return _mm512_setzero_si512(); }
  static I Set8(uint8_t v) { return _mm512_set1_epi8(static_cast<char>(v)); }
  static I Set16(int v) { return _mm512_set1_epi16(static_cast<short>(v)); }
  static I Set32(int32_t v) { return _mm512_set1_epi32(v); }
  static F SetF(float v) { return _mm512_set1_ps(v); }
  static I Lo8(I a, I b) { return _mm512_unpacklo_epi8(a, b); }
  static I Hi8(I a, I b) { return _mm512_unpackhi_epi8(a, b); }
  static I Lo16(I a, I b) { return _mm512_unpacklo_epi16(a, b); }
  static I Hi16(I a, I b) { return _mm512_unpackhi_epi16(a, b); }
  static I PackS32(I a, I b) { return _mm512_packs_epi32(a, b); }
  static I PackU16(I a, I b) { return _mm512_packus_epi16(a, b); }
  static I Adds16(I a, I b) { return _mm512_adds_epi16(a, b); }
  static I MinU8(I a, I b) { return _mm512_min_epu8(a, b); }
  static I MaxU8(I a, I b) { return _mm512_max_epu8(a, b); }
  static I Xor(I a, I b) { return _mm512_xor_si512(a, b); }
  static I Shift16(I a) { return _mm512_srai_epi32(a, 16); }
  static I Sub32(I a, I b) { return _mm512_sub_epi32(a, b); }
  static F ToFloat(I a) { return _mm512_cvtepi32_ps(a); }
  static I ToInt(F a) { return _mm512_cvtps_epi32(a); }
  static F Mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F Add(F a, F b) { return _mm512_add_ps(a, b); }
  static void StoreF(float* p, F v) { _mm512_storeu_ps(p, v); }
  // Where one is NaN, b.
  static F MinF(F a, F b) { return _mm512_min_ps(a, b); }
  static F MaxF(F a, F b) { return _mm512_max_ps(a, b); }
  static I Dot(I sum, Group x, Group w) { return _mm512_dpbusd_epi32(sum, x.bytes, w.bytes); }
  static __mmask64 Mask(int n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }
};

struct Vec256 : Vec256Base {
  static constexpr int kRows = 4;
  static constexpr bool kPairs = false;
  static constexpr bool kManyRegisters = true;
  struct Group {
    I bytes;
  };

  static I LoadBytes(const uint8_t* p, int n) {
    return n == 32 ? Load(p) : _mm256_maskz_loadu_epi8(Mask(n), p);
  }
  static void StoreBytes(uint8_t* p, I v, int n) {
    if (n == 32) return Store(p, v);
    _mm256_mask_storeu_epi8(p, Mask(n), v);
  }
  static I Dot(I sum, Group x, Group w) { return _mm256_dpbusd_epi32(sum, x.bytes, w.bytes); }
  static __mmask32 Mask(int n) { return n >= 32 ? ~0u : (1u << n) - 1; }
};

struct Vec128 {
  static constexpr int kRows = 4;
  static constexpr int kBytes = 16;
  static constexpr bool kPairs = false;
  static constexpr bool kManyRegisters = true;
  using I = __m128i;
  using F = __m128;
  struct Group {
    I bytes;
  };

  static I Load(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
  static I LoadBytes(const uint8_t* p, int n) {
    return n == 16 ? Load(p) : _mm_maskz_loadu_epi8(Mask(n), p);
  }
  static void Store(void* p, I v) { _mm_storeu_si128(static_cast<__m128i*>(p), v); }
  static void StoreBytes(uint8_t* p, I v, int n) {
    if (n == 16) return Store(p, v);
    _mm_mask_storeu_epi8(p, Mask(n), v);
  }
  static F LoadF(const float* p) { return _mm_loadu_ps(p); }
  static I Zero() { return _mm_setzero_si128(); }
  static I Set8(uint8_t v) { return _mm_set1_epi8(static_cast<char>(v)); }
  static I Set16(int v) { return _mm_set1_epi16(static_cast<short>(v)); }
  static I Set32(int32_t v) { return _mm_set1_epi32(v); }
  static F SetF(float v) { return _mm_set1_ps(v); }
  static I Lo8(I a, I b) { return _mm_unpacklo_epi8(a, b); }
  static I Hi8(I a, I b) { return _mm_unpackhi_epi8(a, b); }
  static I Lo16(I a, I b) { return _mm_unpacklo_epi16(a, b); }
  static I Hi16(I a, I b) { return _mm_unpackhi_epi16(a, b); }
  static I PackS32(I a, I b) { return _mm_packs_epi32(a, b); }
  static I PackU16(I a, I b) { return _mm_packus_epi16(a, b); }
  static I Adds16(I a, I b) { return _mm_adds_epi16(a, b); }
  static I MinU8(I a, I b) { return _mm_min_epu8(a, b); }
  static I MaxU8(I a, I b) { return _mm_max_epu8(a, b); }
  static I Xor(I a, I b) { return _mm_xor_si128(a, b); }
  static I Shift16(I a) { return _mm_srai_epi32(a, 16); }
  static I Sub32(I a, I b) { return _mm_sub_epi32(a, b); }
  static F ToFloat(I a) { return _mm_cvtepi32_ps(a); }
  static I ToInt(F a) { return _mm_cvtps_epi32(a); }
  static F Mul(F a, F b) { return _mm_mul_ps(a, b); }
  static F Add(F a, F b) { return _mm_add_ps(a, b); }
  static void StoreF(float* p, F v) { _mm_storeu_ps(p, v); }
  static F MinF(F a, F b) { return _mm_min_ps(a, b); }
  static F MaxF(F a, F b) { return _mm_max_ps(a, b); }
  static I Dot(I sum, Group x, Group w) { return _mm_dpbusd_epi32(sum, x.bytes, w.bytes); }
  static __mmask16 Mask(int n) { return static_cast<__mmask16>(n >= 16 ? 0xffff : (1 << n) - 1); }
};

// Words: two s16 per lane.
struct Words512 : Vec512 {
  static constexpr int kRows = 2;
  struct Group {
    I words;
  };
  static I Dot(I sum, Group x, Group w) { return _mm512_dpwssd_epi32(sum, x.words, w.words); }
  static void AddWide(double* to, I low, I high) {
    _mm512_storeu_pd(to, _mm512_add_pd(_mm512_loadu_pd(to), Wide(Lower(low), Lower(high))));
    _mm512_storeu_pd(to + 8, _mm512_add_pd(_mm512_loadu_pd(to + 8), Wide(Upper(low), Upper(high))));
  }
  static F RoundWide(const double* base, I low, I high) {
    return Join(_mm512_add_pd(_mm512_loadu_pd(base), Wide(Lower(low), Lower(high))),
                _mm512_add_pd(_mm512_loadu_pd(base + 8), Wide(Upper(low), Upper(high))));
  }
  static F RoundTerms(I low, I high) {
    return Join(Wide(Lower(low), Lower(high)), Wide(Upper(low), Upper(high)));
  }

 private:
  static __m256i Lower(I v) { return _mm512_castsi512_si256(v); }
  static __m256i Upper(I v) { return _mm512_extracti64x4_epi64(v, 1); }
  static __m512d Wide(__m256i low, __m256i high) {
    return _mm512_fmadd_pd(_mm512_cvtepi32_pd(high), _mm512_set1_pd(kTermRadix),
                           _mm512_cvtepi32_pd(low));
  }
  static F Join(__m512d first, __m512d second) {
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(first)),
                              _mm512_cvtpd_ps(second), 1);
  }
};

struct Words256 : Vec256, WideSums256 {
  static constexpr int kRows = 2;
  struct Group {
    I words;
  };
  static I Dot(I sum, Group x, Group w) { return _mm256_dpwssd_epi32(sum, x.words, w.words); }
};

struct Words128 : Vec128 {
  static constexpr int kRows = 2;
  struct Group {
    I words;
  };
  static I Dot(I sum, Group x, Group w) { return _mm_dpwssd_epi32(sum, x.words, w.words); }
  static F RoundTerms(I low, I high) { return _mm256_cvtpd_ps(WidenTerms(low, high)); }
};

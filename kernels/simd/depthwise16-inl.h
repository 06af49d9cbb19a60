// The depthwise kernel of words over a vector type of vec_*-inl.h. Include inside a region compiled
// for its instruction set, inside an unnamed namespace.

#include "kernels/simd/depthwise_strip-inl.h"

// Tiles of outputs; with kSplit, weights are two terms.
template <class V, bool kSplit>
struct WordTiles {
  using F = typename V::F;
  static constexpr int kLanes = V::kBytes / 4;

  static bool IsPlain(const Epilogue& e) { return !e.f32; }

  // Sums of vector `j`, rounded to f32.
  template <int KW, int S, int G, int R, int W>
  static inline __attribute__((always_inline)) void Sum(const BlockArgs& b, const uint8_t* columns,
                                                        int j, F (&rounded)[R][W]) {
    typename V::I low[R][W];
    if constexpr (!kSplit) {
      SumTerm<V, KW, S, G, R, W>(b, columns, j, 1, 0, nullptr, low);
    } else {
      SumTerm<V, KW, S, G, R, W>(b, columns, j, 2, 0, nullptr, low);
    }
    typename V::I high[R][W];
    if constexpr (kSplit) SumTerm<V, KW, S, G, R, W>(b, columns, j, 2, 1, nullptr, high);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < W; ++i) {
        if constexpr (kSplit) {
          rounded[r][i] = V::RoundTerms(low[r][i], high[r][i]);
        } else {
          rounded[r][i] = V::ToFloat(low[r][i]);
        }
      }
    }
  }

  // In units of the output.
  static inline __attribute__((always_inline)) F Scale(const BlockArgs& b, int j, F sum) {
    const F v = V::Mul(sum, V::LoadF(b.multiplier + j * kLanes));
    return b.f32_bias == nullptr ? v : V::Add(v, V::LoadF(b.f32_bias + j * kLanes));
  }

  // Before the zero point, which words do not have, is added.
  static inline __attribute__((always_inline)) typename V::I ToInts(const Epilogue& e, F v) {
    v = V::MaxF(v, V::SetF(static_cast<float>(e.min - e.zero_point)));
    return V::ToInt(V::MinF(v, V::SetF(static_cast<float>(e.max - e.zero_point))));
  }

  // The integers, in order, as words or bytes of the output.
  static inline __attribute__((always_inline)) void Store(const Epilogue& e, typename V::I integers,
                                                          int count, void* y, int64_t index) {
    if (e.words) {
      V::StoreBytes(static_cast<uint8_t*>(y) + 2 * index, integers, 2 * count);
      return;
    }
    const auto sums = V::Adds16(integers, V::Set16(e.zero_point));
    uint8_t twice[V::kBytes], bytes[V::kBytes / 2];  // each eight bytes of a 128-bit lane twice
    V::Store(twice, V::Xor(V::PackU16(sums, sums), V::Set8(e.flip)));
    for (int lane = 0; lane < V::kBytes / 16; ++lane) {
      __builtin_memcpy(bytes + 8 * lane, twice + 16 * lane, 8);
    }
    uint8_t* to = static_cast<uint8_t*>(y) + index;
    if (count == V::kBytes / 2) {
      __builtin_memcpy(to, bytes, V::kBytes / 2);
    } else {
      __builtin_memcpy(to, bytes, static_cast<size_t>(count));
    }
  }

  template <int KW, int S, int G, int R, int W>
  static inline __attribute__((always_inline)) void Plain(const DepthwiseArgs& a,
                                                          const BlockArgs& b,
                                                          const uint8_t* columns,
                                                          const Outputs& out) {
    typename V::I values[2][R][W];
#pragma GCC unroll 1
    for (int j = 0; j < 2; ++j) {
      F v[R][W];
      Sum<KW, S, G, R, W>(b, columns, j, v);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < W; ++i) {
          values[j][r][i] = ToInts(*a.epilogue, Scale(b, j, v[r][i]));
        }
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      if (r >= out.rows) break;
#pragma GCC unroll 8
      for (int i = 0; i < W; ++i) {
        Store(*a.epilogue, V::PackS32(values[0][r][i], values[1][r][i]), V::kBytes / 2, a.y,
              out.index[r] + i * a.c);
      }
    }
  }

  // One output's two vectors of sums, to whatever the epilogue asks for.
  static void Finish(const DepthwiseArgs& a, const BlockArgs& b, const F* sums, int64_t stride,
                     int64_t index) {
    const Epilogue& e = *a.epilogue;
    const bool reals = a.residual == nullptr || e.f32_residual;
    if (e.f32 && reals) return FinishReals(a, b, sums, stride, index);
    if (e.f32 || (a.residual != nullptr && !e.words_residual)) {
      return FinishOthers(a, b, sums, stride, index);
    }
    auto residual = V::Zero();
    if (a.residual != nullptr) {
      residual = V::LoadBytes(static_cast<const uint8_t*>(a.residual) + 2 * index, 2 * b.count);
    }
    typename V::I values[2];
    for (int j = 0; j < 2; ++j) {
      F v = Scale(b, j, sums[j * stride]);
      if (a.residual != nullptr) {
        // Each word in the upper half of a lane, shifted down with its sign.
        const auto wide = j == 0 ? V::Lo16(V::Zero(), residual) : V::Hi16(V::Zero(), residual);
        v = V::Add(v, V::Mul(V::ToFloat(V::Shift16(wide)), V::SetF(e.residual_multiplier)));
      }
      values[j] = ToInts(e, v);
    }
    Store(e, V::PackS32(values[0], values[1]), b.count, a.y, index);
  }

  // To f32; a residual is f32, too.
  static void FinishReals(const DepthwiseArgs& a, const BlockArgs& b, const F* sums, int64_t stride,
                          int64_t index) {
    const Epilogue& e = *a.epilogue;
    float values[2 * kLanes];
    for (int j = 0; j < 2; ++j) {
      float lanes[kLanes];
      V::StoreF(lanes, Scale(b, j, sums[j * stride]));
      for (int lane = 0; lane < kLanes / 4; ++lane) {
        __builtin_memcpy(values + 8 * lane + 4 * j, lanes + 4 * lane, 16);
      }
    }
    const auto* residual = static_cast<const float*>(a.residual);
    StoreReals<V>(e, values, b.count, residual == nullptr ? nullptr : residual + index,
                  static_cast<float*>(a.y) + index);
  }

  static void FinishOthers(const DepthwiseArgs& a, const BlockArgs& b, const F* sums,
                           int64_t stride, int64_t index) {
    for (int j = 0; j < 2; ++j) {
      float lanes[kLanes];
      V::StoreF(lanes, sums[j * stride]);
      for (int i = 0; i < kLanes; ++i) {
        const int channel = i / 4 * 8 + 4 * j + i % 4;
        if (channel >= b.count) continue;
        const int at = j * kLanes + i;
        FinishRounded(*a.epilogue, lanes[i], b.multiplier[at],
                      b.f32_bias == nullptr ? nullptr : b.f32_bias + at, a.residual, a.y,
                      index + channel);
      }
    }
  }

  template <int KW, int S, int G, int R, int W>
  static __attribute__((noinline)) void Any(const DepthwiseArgs& a, const BlockArgs& b,
                                            const uint8_t* columns, const Outputs& out) {
    F sums[2][R][W];
#pragma GCC unroll 1
    for (int j = 0; j < 2; ++j) Sum<KW, S, G, R, W>(b, columns, j, sums[j]);
    for (int r = 0; r < out.rows; ++r) {
      for (int i = 0; i < out.columns; ++i) {
        Finish(a, b, &sums[0][r][i], R * W, out.index[r] + i * a.c);
      }
    }
  }
};

template <class V, bool kSplit>
void RunWordBlock(const DepthwiseArgs& a, int64_t image, int64_t oy, const ChannelBlock& block) {
  const BlockArgs b = ArgsOfBlock<V>(a, block, kSplit ? 2 : 1);
  using T = WordTiles<V, kSplit>;
  constexpr int W = kSplit || !V::kManyRegisters ? 2 : 4;  // columns whose sums registers hold
  const bool square1 = a.kh == a.kw && a.sh == 1 && a.sw == 1;
  const bool square2 = a.kh == a.kw && a.sh == 2 && a.sw == 2;
  if (a.kw == 3 && square1) return Strip<V, T, 3, 1, 2, 2, W>(a, b, image, oy, block.begin);
  if (a.kw == 3 && square2) return Strip<V, T, 3, 2, 2, 1, W>(a, b, image, oy, block.begin);
  if (a.kw == 5 && square1) return Strip<V, T, 5, 1, 3, 2, W>(a, b, image, oy, block.begin);
  if (a.kw == 5 && square2) return Strip<V, T, 5, 2, 3, 1, W>(a, b, image, oy, block.begin);
  switch (a.groups) {
    case 1:
      return Strip<V, T, 0, 0, 1, 1, W>(a, b, image, oy, block.begin);
    case 2:
      return Strip<V, T, 0, 0, 2, 1, W>(a, b, image, oy, block.begin);
    case 3:
      return Strip<V, T, 0, 0, 3, 1, W>(a, b, image, oy, block.begin);
    default:
      return Strip<V, T, 0, 0, 4, 1, W>(a, b, image, oy, block.begin);
  }
}

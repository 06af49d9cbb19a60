// The depthwise kernel of bytes over a vector type of vec_*-inl.h. Include inside a region compiled
// for its instruction set, inside an unnamed namespace.

#include "kernels/simd/depthwise_strip-inl.h"

// Residual bytes of one output, widened to four vectors in the order of the quarters.
template <class V>
inline typename V::F ResidualQuarter(const Epilogue& e, typename V::I bytes, int j) {
  const auto zero = V::Zero();
  const auto half = j < 2 ? V::Lo8(bytes, zero) : V::Hi8(bytes, zero);
  const auto wide = j % 2 == 0 ? V::Lo16(half, zero) : V::Hi16(half, zero);
  return V::Mul(V::ToFloat(V::Sub32(wide, V::Set32(e.residual_zero_point))),
                V::SetF(e.residual_multiplier));
}

// Whether saturation alone gives the output's range: u8 from 0 to 255 with zero point 0.
inline bool IsWholeU8(const Epilogue& e) {
  return e.zero_point == 0 && e.min == 0 && e.max == 255 && e.flip == 0;
}

// Rounded values as s16, channels 0-7 and 8-15 of each 128-bit lane, to bytes of the output.
template <class V>
inline __attribute__((always_inline)) typename V::I ToBytes(const Epilogue& e, typename V::I low,
                                                            typename V::I high) {
  const auto zero_point = V::Set16(e.zero_point);
  auto bytes = V::PackU16(V::Adds16(low, zero_point), V::Adds16(high, zero_point));
  bytes = V::MaxU8(bytes, V::Set8(static_cast<uint8_t>(e.min)));
  bytes = V::MinU8(bytes, V::Set8(static_cast<uint8_t>(e.max)));
  return V::Xor(bytes, V::Set8(e.flip));
}

// R x W outputs, of which all columns exist, requantized to bytes.
template <class V, int KW, int S, int G, int R, int W>
inline __attribute__((always_inline)) void TileBytes(const DepthwiseArgs& a, const BlockArgs& b,
                                                     const uint8_t* columns, const Outputs& out) {
  using I = typename V::I;
  const Epilogue& e = *a.epilogue;
  I words[2][R][W];  // s16 of channels 0-7 and 8-15 of each 128-bit lane
#pragma GCC unroll 1
  for (int half = 0; half < 2; ++half) {
    I values[2][R][W];
#pragma GCC unroll 2
    for (int q = 0; q < 2; ++q) {
      const int j = 2 * half + q;
      I sum[R][W];
      SumVector<V, KW, S, G, R, W>(b, columns, j, sum);
      const auto multiplier = V::LoadF(b.multiplier + j * (V::kBytes / 4));
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < W; ++i)
          values[q][r][i] = V::ToInt(V::Mul(V::ToFloat(sum[r][i]), multiplier));
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < W; ++i) {
        words[half][r][i] = V::PackS32(values[0][r][i], values[1][r][i]);
      }
    }
  }
  const bool whole = IsWholeU8(e);
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    if (r >= out.rows) break;
    uint8_t* y = static_cast<uint8_t*>(a.y) + out.index[r];
    if (whole) {
#pragma GCC unroll 8
      for (int i = 0; i < W; ++i) V::Store(y + i * a.c, V::PackU16(words[0][r][i], words[1][r][i]));
    } else {
#pragma GCC unroll 8
      for (int i = 0; i < W; ++i)
        V::Store(y + i * a.c, ToBytes<V>(e, words[0][r][i], words[1][r][i]));
    }
  }
}

// Four vectors of values to words; each 128-bit lane of vector j has channels 4 j to 4 j + 3 of 16.
template <class V>
inline void StoreWords(const Epilogue& e, const typename V::F* v, int64_t count, int16_t* y) {
  typename V::I q[4];
  for (int j = 0; j < 4; ++j) {
    const auto bounded = V::MaxF(v[j], V::SetF(static_cast<float>(e.min)));
    q[j] = V::ToInt(V::MinF(bounded, V::SetF(static_cast<float>(e.max))));
  }
  int16_t halves[2][V::kBytes / 2], words[V::kBytes];
  V::Store(halves[0], V::PackS32(q[0], q[1]));
  V::Store(halves[1], V::PackS32(q[2], q[3]));
  for (int lane = 0; lane < V::kBytes / 16; ++lane) {
    for (int half = 0; half < 2; ++half) {
      __builtin_memcpy(words + 16 * lane + 8 * half, halves[half] + 8 * lane, 16);
    }
  }
  __builtin_memcpy(y, words, 2 * static_cast<size_t>(count));
}

// Four vectors of values, in the same order, to f32; `residual`, if not null, is f32, too.
template <class V>
inline void StoreRealsInOrder(const Epilogue& e, const typename V::F* v, int64_t count,
                              const float* residual, float* y) {
  constexpr int kLanes = V::kBytes / 4;
  float values[V::kBytes];
  for (int j = 0; j < 4; ++j) {
    float lanes[kLanes];
    V::StoreF(lanes, v[j]);
    for (int lane = 0; lane < kLanes / 4; ++lane) {
      __builtin_memcpy(values + 16 * lane + 4 * j, lanes + 4 * lane, 16);
    }
  }
  StoreReals<V>(e, values, count, residual, y);
}

// One output's four vectors of sums, to whatever the epilogue asks for.
template <class V>
void FinishOutput(const DepthwiseArgs& a, const BlockArgs& b, const typename V::I* sums,
                  int64_t stride, int64_t index) {
  constexpr int kLanes = V::kBytes / 4;
  const Epilogue& e = *a.epilogue;
  const bool byte_residual = a.residual != nullptr && !e.f32_residual;
  auto residual = V::Zero();
  if (byte_residual) {
    const auto* p = static_cast<const uint8_t*>(a.residual) + index;
    residual = V::Xor(V::LoadBytes(p, b.count), V::Set8(e.residual_flip));
  }
  typename V::F v[4];
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    v[j] = V::Mul(V::ToFloat(sums[j * stride]), V::LoadF(b.multiplier + j * kLanes));
    if (byte_residual) v[j] = V::Add(v[j], ResidualQuarter<V>(e, residual, j));
  }
  if (e.words) return StoreWords<V>(e, v, b.count, static_cast<int16_t*>(a.y) + index);
  if (e.f32) {
    const bool reals = a.residual != nullptr && e.f32_residual;
    return StoreRealsInOrder<V>(e, v, b.count,
                                reals ? static_cast<const float*>(a.residual) + index : nullptr,
                                static_cast<float*>(a.y) + index);
  }
  typename V::I values[4];
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) values[j] = V::ToInt(v[j]);
  const auto bytes =
      ToBytes<V>(e, V::PackS32(values[0], values[1]), V::PackS32(values[2], values[3]));
  V::StoreBytes(static_cast<uint8_t*>(a.y) + index, bytes, b.count);
}

// The outputs of an R x W tile that exist, in all cases that TileBytes does not cover.
template <class V, int KW, int S, int G, int R, int W>
__attribute__((noinline)) void TileAny(const DepthwiseArgs& a, const BlockArgs& b,
                                       const uint8_t* columns, const Outputs& out) {
  typename V::I sums[4][R][W];
#pragma GCC unroll 1
  for (int j = 0; j < 4; ++j) SumVector<V, KW, S, G, R, W>(b, columns, j, sums[j]);
  for (int r = 0; r < out.rows; ++r) {
    for (int i = 0; i < out.columns; ++i) {
      FinishOutput<V>(a, b, &sums[0][r][i], R * W, out.index[r] + i * a.c);
    }
  }
}

template <class V>
struct ByteTiles {
  static bool IsPlain(const Epilogue& e) { return !e.f32 && !e.words; }
  template <int KW, int S, int G, int R, int W>
  static inline __attribute__((always_inline)) void Plain(const DepthwiseArgs& a,
                                                          const BlockArgs& b,
                                                          const uint8_t* columns,
                                                          const Outputs& out) {
    TileBytes<V, KW, S, G, R, W>(a, b, columns, out);
  }
  template <int KW, int S, int G, int R, int W>
  static void Any(const DepthwiseArgs& a, const BlockArgs& b, const uint8_t* columns,
                  const Outputs& out) {
    TileAny<V, KW, S, G, R, W>(a, b, columns, out);
  }
};

// A row of outputs of a 3x3 kernel, with weights and interleaved columns in registers throughout.
template <class V, int S, bool kPlain, bool kFlip>
void Row3x3(const DepthwiseArgs& a, const BlockArgs& b, int64_t image, int64_t oy,
            int64_t channel) {
  using I = typename V::I;
  const uint8_t* rows[3];
  for (int i = 0; i < 3; ++i) {
    const int64_t iy = oy * S - a.pad_top + i;
    rows[i] = iy >= 0 && iy < a.h ? a.x + (image * a.h + iy) * a.w * a.c + channel : a.padding;
  }
  typename V::Group weights[4][3];
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
#pragma GCC unroll 3
    for (int k = 0; k < 3; ++k) weights[j][k] = {V::Load(b.weights + (j * 3 + k) * V::kBytes)};
  }
  const auto load = [&](int row, int64_t offset) __attribute__((always_inline)) {
    const I bytes = V::LoadBytes(rows[row] + offset, kPlain ? V::kBytes : b.count);
    return kFlip ? V::Xor(bytes, V::Set8(0x80)) : bytes;
  };
  const I padding = V::Set8(a.x_zero), none = V::Zero();
  const auto column = [&](int64_t ix, typename V::Group(&to)[4]) __attribute__((always_inline)) {
    I r0 = padding, r1 = padding, r2 = padding;
    if (ix >= 0 && ix < a.w) r0 = load(0, ix * a.c), r1 = load(1, ix * a.c), r2 = load(2, ix * a.c);
    const I lo01 = V::Lo8(r0, r1), hi01 = V::Hi8(r0, r1), lo2 = V::Lo8(r2, none),
            hi2 = V::Hi8(r2, none);
    to[0] = {V::Lo16(lo01, lo2)};
    to[1] = {V::Hi16(lo01, lo2)};
    to[2] = {V::Lo16(hi01, hi2)};
    to[3] = {V::Hi16(hi01, hi2)};
  };
  const Epilogue& e = *a.epilogue;
  const bool whole = IsWholeU8(e);
  int64_t index = (image * a.oh + oy) * a.ow * a.c + channel;
  typename V::Group x[3][4];
  int64_t ix = -static_cast<int64_t>(a.pad_left);
  for (int k = 0; k < 3 - S; ++k) column(ix++, x[k + S]);
  for (int64_t ox = 0; ox < a.ow; ++ox, index += a.c) {
#pragma GCC unroll 2
    for (int k = 0; k < 3 - S; ++k) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) x[k][j] = x[k + S][j];
    }
#pragma GCC unroll 2
    for (int k = 3 - S; k < 3; ++k) column(ix++, x[k]);
    I values[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      I sum = V::Load(b.bias + j * (V::kBytes / 4));
#pragma GCC unroll 3
      for (int k = 0; k < 3; ++k) sum = V::Dot(sum, x[k][j], weights[j][k]);
      values[j] = sum;
    }
    if constexpr (kPlain) {
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) {
        values[j] =
            V::ToInt(V::Mul(V::ToFloat(values[j]), V::LoadF(b.multiplier + j * (V::kBytes / 4))));
      }
      const I low = V::PackS32(values[0], values[1]), high = V::PackS32(values[2], values[3]);
      V::Store(static_cast<uint8_t*>(a.y) + index,
               whole ? V::PackU16(low, high) : ToBytes<V>(e, low, high));
    } else {
      FinishOutput<V>(a, b, values, 1, index);
    }
  }
}

template <class V, int S>
void Direct3x3(const DepthwiseArgs& a, const BlockArgs& b, int64_t image, int64_t oy,
               int64_t channel) {
  const Epilogue& e = *a.epilogue;
  const bool plain = b.count == V::kBytes && a.residual == nullptr && ByteTiles<V>::IsPlain(e);
  if (a.x_flip != 0) {
    return plain ? Row3x3<V, S, true, true>(a, b, image, oy, channel)
                 : Row3x3<V, S, false, true>(a, b, image, oy, channel);
  }
  return plain ? Row3x3<V, S, true, false>(a, b, image, oy, channel)
               : Row3x3<V, S, false, false>(a, b, image, oy, channel);
}

template <class V>
void RunBlock(const DepthwiseArgs& a, int64_t image, int64_t oy, const ChannelBlock& block) {
  const BlockArgs b = ArgsOfBlock<V>(a, block, 1);
  using T = ByteTiles<V>;
  const bool square1 = a.kh == a.kw && a.sh == 1 && a.sw == 1;
  const bool square2 = a.kh == a.kw && a.sh == 2 && a.sw == 2;
  if constexpr (V::kManyRegisters) {
    if (a.kw == 3 && square2) return Direct3x3<V, 2>(a, b, image, oy, block.begin);
  }
  if (a.kw == 3 && square1) return Strip<V, T, 3, 1, 1, 2, 4>(a, b, image, oy, block.begin);
  if (a.kw == 3 && square2) return Strip<V, T, 3, 2, 1, 1, 4>(a, b, image, oy, block.begin);
  if (a.kw == 5 && square1) return Strip<V, T, 5, 1, 2, 4, 2>(a, b, image, oy, block.begin);
  if (a.kw == 5 && square2) return Strip<V, T, 5, 2, 2, 2, 4>(a, b, image, oy, block.begin);
  if (a.groups == 1) return Strip<V, T, 0, 0, 1, 1, 4>(a, b, image, oy, block.begin);
  Strip<V, T, 0, 0, 2, 1, 4>(a, b, image, oy, block.begin);
}

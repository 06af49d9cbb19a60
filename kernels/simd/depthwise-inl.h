// The depthwise kernel over a vector type of vec_*-inl.h. Include inside a region compiled for its
// instruction set, inside an unnamed namespace.

// Interleaved columns of one strip: for each, `groups` groups of four vectors.
constexpr int kColumnBytes = 24 * 1024;

template <class V>
struct Interleaver {
  static constexpr int kStored = V::kBytes * (V::kPairs ? 2 : 1);  // bytes of a stored vector
  static constexpr int kGroup = 4 * kStored;

  static void StoreGroup(uint8_t* to, typename V::I bytes) {
    if constexpr (V::kPairs) {
      const auto g = V::Widen(bytes);
      V::Store(to, g.even);
      V::Store(to + V::kBytes, g.odd);
    } else {
      V::Store(to, bytes);
    }
  }
  static typename V::Group LoadGroup(const void* from) {
    if constexpr (V::kPairs) {
      const auto* p = static_cast<const uint8_t*>(from);
      return {V::Load(p), V::Load(p + V::kBytes)};
    } else {
      return {V::Load(from)};
    }
  }
  static void Interleave(typename V::I r0, typename V::I r1, typename V::I r2, typename V::I r3,
                         uint8_t* to) {
    const auto lo01 = V::Lo8(r0, r1), hi01 = V::Hi8(r0, r1);
    const auto lo23 = V::Lo8(r2, r3), hi23 = V::Hi8(r2, r3);
    StoreGroup(to, V::Lo16(lo01, lo23));
    StoreGroup(to + kStored, V::Hi16(lo01, lo23));
    StoreGroup(to + 2 * kStored, V::Lo16(hi01, hi23));
    StoreGroup(to + 3 * kStored, V::Hi16(hi01, hi23));
  }
};

// Interleaves the columns of a strip, from left to right. kFull: the block has all of its channels.
template <class V, int G, bool kFull>
struct Filler {
  using L = Interleaver<V>;
  static constexpr int64_t kColumn = G * L::kGroup;

  const DepthwiseArgs& a;
  const uint8_t* rows[4 * G];  // where column 0 begins
  int count;                   // channels
  int64_t column;              // of the image, may lie outside
  uint8_t* to;

  void Outside() {
    const auto zero = V::Set8(a.x_zero);
    for (int g = 0; g < G; ++g) L::Interleave(zero, zero, zero, zero, to + g * L::kGroup);
    ++column, to += kColumn;
  }
  template <bool kFlip>
  inline __attribute__((always_inline)) typename V::I Load(int row, int64_t offset) const {
    const auto bytes = V::LoadBytes(rows[row] + offset, kFull ? V::kBytes : count);
    return kFlip ? V::Xor(bytes, V::Set8(0x80)) : bytes;
  }
  template <bool kFlip>
  inline __attribute__((always_inline)) void Inside() {
    const int64_t offset = column * a.c;
#pragma GCC unroll 2
    for (int g = 0; g < G; ++g) {
      L::Interleave(Load<kFlip>(4 * g, offset), Load<kFlip>(4 * g + 1, offset),
                    Load<kFlip>(4 * g + 2, offset), Load<kFlip>(4 * g + 3, offset),
                    to + g * L::kGroup);
    }
    ++column, to += kColumn;
  }
  template <bool kFlip>
  inline __attribute__((always_inline)) void FillOf(int64_t columns) {
    const int64_t end = column + columns;
    while (column < end && column < 0) Outside();
    const int64_t inside = end < a.w ? end : a.w;
#pragma GCC unroll 1
    while (column < inside) Inside<kFlip>();
    while (column < end) Outside();
  }
  void Fill(int64_t columns) {
    if (a.x_flip != 0) {
      FillOf<true>(columns);
    } else {
      FillOf<false>(columns);
    }
  }
};

// A channel block's share of the arguments, and where its output goes.
struct BlockArgs {
  const uint8_t* weights;
  const int32_t* bias;
  const float* multiplier;
  int32_t kw, sw, groups;  // used where the template's are 0
  int count;               // channels
};

// Adds the products of one column of taps to R x W sums.
template <class V, int G, int R, int W>
inline __attribute__((always_inline)) void AddColumn(const uint8_t* columns, int64_t step,
                                                     const uint8_t* weights,
                                                     typename V::I (&sum)[R][W]) {
  using L = Interleaver<V>;
#pragma GCC unroll 2
  for (int g = 0; g < G; ++g) {
    typename V::Group x[W];
#pragma GCC unroll 8
    for (int i = 0; i < W; ++i) x[i] = L::LoadGroup(columns + g * L::kGroup + i * step);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const auto w = L::LoadGroup(weights + (g * R + r) * L::kStored);
#pragma GCC unroll 8
      for (int i = 0; i < W; ++i) sum[r][i] = V::Dot(sum[r][i], x[i], w);
    }
  }
}

// Sums of quarter `j` of the block's channels for R rows x W columns.
template <class V, int KW, int S, int G, int R, int W>
inline __attribute__((always_inline)) void SumQuarter(const BlockArgs& b, const uint8_t* columns,
                                                      int j, typename V::I (&sum)[R][W]) {
  using L = Interleaver<V>;
  constexpr int64_t kColumn = G * L::kGroup, kTaps = G * R * L::kStored;
  const auto bias = V::Load(b.bias + j * (V::kBytes / 4));
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int i = 0; i < W; ++i) sum[r][i] = bias;
  }
  columns += j * L::kStored;
  if constexpr (KW > 0) {
    const uint8_t* weights = b.weights + j * KW * kTaps;
#pragma GCC unroll 8
    for (int k = 0; k < KW; ++k) {
      AddColumn<V, G, R, W>(columns + k * kColumn, S * kColumn, weights + k * kTaps, sum);
    }
  } else {
    const uint8_t* weights = b.weights + j * b.kw * kTaps;
    for (int k = 0; k < b.kw; ++k) {
      AddColumn<V, G, R, W>(columns + k * kColumn, b.sw * kColumn, weights + k * kTaps, sum);
    }
  }
}

// Residual bytes of one output, widened to four vectors in the order of the quarters.
template <class V>
inline typename V::F ResidualQuarter(const Epilogue& e, typename V::I bytes, int j) {
  const auto zero = V::Zero();
  const auto half = j < 2 ? V::Lo8(bytes, zero) : V::Hi8(bytes, zero);
  const auto wide = j % 2 == 0 ? V::Lo16(half, zero) : V::Hi16(half, zero);
  return V::Mul(V::ToFloat(V::Sub32(wide, V::Set32(e.residual_zero_point))),
                V::SetF(e.residual_multiplier));
}

struct Outputs {
  int64_t index[4];   // of the first channel of each row's first column
  int rows, columns;  // that exist
};

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
      SumQuarter<V, KW, S, G, R, W>(b, columns, j, sum);
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

// One output's four vectors of sums, to whatever the epilogue asks for.
template <class V>
void FinishOutput(const DepthwiseArgs& a, const BlockArgs& b, const typename V::I* sums,
                  int64_t stride, int64_t index) {
  constexpr int kLanes = V::kBytes / 4;
  const Epilogue& e = *a.epilogue;
  if (e.f32 || e.f32_residual) {
    for (int i = 0; i < V::kBytes; ++i) {
      const int j = i / kLanes, channel = i % kLanes / 4 * 16 + 4 * j + i % 4;
      int32_t lanes[kLanes];
      V::Store(lanes, sums[j * stride]);
      if (channel >= b.count) continue;
      FinishOne(e, lanes[i % kLanes], b.multiplier[i], a.residual, a.y, index + channel);
    }
    return;
  }
  auto residual = V::Zero();
  if (a.residual != nullptr) {
    const auto* p = static_cast<const uint8_t*>(a.residual) + index;
    residual = V::Xor(V::LoadBytes(p, b.count), V::Set8(e.residual_flip));
  }
  typename V::I values[4];
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    auto v = V::Mul(V::ToFloat(sums[j * stride]), V::LoadF(b.multiplier + j * kLanes));
    if (a.residual != nullptr) v = V::Add(v, ResidualQuarter<V>(e, residual, j));
    values[j] = V::ToInt(v);
  }
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
  for (int j = 0; j < 4; ++j) SumQuarter<V, KW, S, G, R, W>(b, columns, j, sums[j]);
  for (int r = 0; r < out.rows; ++r) {
    for (int i = 0; i < out.columns; ++i) {
      FinishOutput<V>(a, b, &sums[0][r][i], R * W, out.index[r] + i * a.c);
    }
  }
}

// The strip's outputs of columns [0, columns) of a segment. Columns are interleaved just before the
// first tile that reads them, so that loads overlap with products. The last tile overlaps the one
// before where columns are no multiple of W.
template <class V, int KW, int S, int G, int R, int W, bool kPlain>
void Segment(const DepthwiseArgs& a, const BlockArgs& b, Filler<V, G, kPlain>& filler,
             const Outputs& segment, int64_t columns) {
  const int64_t kw = KW ? KW : b.kw, sw = S ? S : b.sw;
  const uint8_t* buffer = filler.to;
  Outputs out = segment;
  int64_t filled = 0;
  for (int64_t done = 0; done < columns; done += W) {
    const int64_t i = columns >= W && done > columns - W ? columns - W : done;
    out.columns = static_cast<int>(columns < W ? columns : W);
    const int64_t needed = (i + out.columns - 1) * sw + kw;
    filler.Fill(needed - filled);
    filled = needed;
    for (int r = 0; r < R; ++r) out.index[r] = segment.index[r] + i * a.c;
    const uint8_t* at = buffer + i * sw * Interleaver<V>::kGroup * G;
    if (kPlain && out.columns == W) {
      TileBytes<V, KW, S, G, R, W>(a, b, at, out);
    } else {
      TileAny<V, KW, S, G, R, W>(a, b, at, out);
    }
  }
}

// One strip of one channel block, in segments whose interleaved columns fit into the nearest cache.
template <class V, int KW, int S, int G, int R, int W, bool kPlain>
void StripOf(const DepthwiseArgs& a, const BlockArgs& b, int64_t image, int64_t oy,
             int64_t channel) {
  using F = Filler<V, G, kPlain>;
  alignas(64) uint8_t buffer[kColumnBytes];
  F filler = {a, {}, b.count, 0, buffer};
  const uint8_t* x = a.x + image * a.h * a.w * a.c + channel;
  for (int i = 0; i < 4 * G; ++i) {
    const int64_t iy = oy * a.sh - a.pad_top + i;
    filler.rows[i] = iy >= 0 && iy < a.h ? x + iy * a.w * a.c : a.padding;
  }
  Outputs out;
  out.rows = static_cast<int>(a.oh - oy < R ? a.oh - oy : R);
  const int64_t kw = KW ? KW : a.kw, sw = S ? S : a.sw;
  int64_t widest = (kColumnBytes / F::kColumn - kw) / sw + 1;  // output columns whose input fits
  widest -= widest % W;
  const int64_t segments = (a.ow + widest - 1) / widest;
  int64_t width = (a.ow + segments - 1) / segments;
  width = (width + W - 1) / W * W;
  for (int64_t ox = 0; ox < a.ow; ox += width) {
    const int64_t columns = a.ow - ox < width ? a.ow - ox : width;
    filler.column = ox * sw - a.pad_left;
    filler.to = buffer;
    for (int r = 0; r < R; ++r)
      out.index[r] = ((image * a.oh + oy + r) * a.ow + ox) * a.c + channel;
    Segment<V, KW, S, G, R, W, kPlain>(a, b, filler, out, columns);
  }
}

template <class V, int KW, int S, int G, int R, int W>
void Strip(const DepthwiseArgs& a, const BlockArgs& b, int64_t image, int64_t oy, int64_t channel) {
  const Epilogue& e = *a.epilogue;
  if (KW > 0 && b.count == V::kBytes && a.residual == nullptr && !e.f32) {
    StripOf<V, KW, S, G, R, W, KW != 0>(a, b, image, oy, channel);
  } else {
    StripOf<V, KW, S, G, R, W, false>(a, b, image, oy, channel);
  }
}

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
  const bool plain = b.count == V::kBytes && a.residual == nullptr && !e.f32;
  if (a.x_flip != 0) {
    return plain ? Row3x3<V, S, true, true>(a, b, image, oy, channel)
                 : Row3x3<V, S, false, true>(a, b, image, oy, channel);
  }
  return plain ? Row3x3<V, S, true, false>(a, b, image, oy, channel)
               : Row3x3<V, S, false, false>(a, b, image, oy, channel);
}

template <class V>
void RunBlock(const DepthwiseArgs& a, int64_t image, int64_t oy, const ChannelBlock& block) {
  BlockArgs b;
  b.weights = reinterpret_cast<const uint8_t*>(a.weights) +
              block.begin * 4 * (V::kPairs ? 2 : 1) * a.kw * a.groups * a.rows;
  b.bias = a.epilogue->bias + block.begin;
  b.multiplier = a.epilogue->multiplier + block.begin;
  b.kw = a.kw, b.sw = a.sw, b.groups = a.groups;
  b.count = block.count;
  const bool square1 = a.kh == a.kw && a.sh == 1 && a.sw == 1;
  const bool square2 = a.kh == a.kw && a.sh == 2 && a.sw == 2;
  if constexpr (V::kManyRegisters) {
    if (a.kw == 3 && square2) return Direct3x3<V, 2>(a, b, image, oy, block.begin);
  }
  if (a.kw == 3 && square1) return Strip<V, 3, 1, 1, 2, 4>(a, b, image, oy, block.begin);
  if (a.kw == 3 && square2) return Strip<V, 3, 2, 1, 1, 4>(a, b, image, oy, block.begin);
  if (a.kw == 5 && square1) return Strip<V, 5, 1, 2, 4, 2>(a, b, image, oy, block.begin);
  if (a.kw == 5 && square2) return Strip<V, 5, 2, 2, 2, 4>(a, b, image, oy, block.begin);
  if (a.groups == 1) return Strip<V, 0, 0, 1, 1, 4>(a, b, image, oy, block.begin);
  Strip<V, 0, 0, 2, 1, 4>(a, b, image, oy, block.begin);
}

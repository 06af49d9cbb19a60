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

// R x W outputs, requantized to bytes. kPlain: without a residual, and the block has all of its
// channels.
template <class V, int KW, int S, int G, int R, int W, bool kPlain>
inline __attribute__((always_inline)) void TileBytes(const DepthwiseArgs& a, const BlockArgs& b,
                                                     const uint8_t* columns, const Outputs& out) {
  using I = typename V::I;
  const Epilogue& e = *a.epilogue;
  I low[R][W], high[R][W];  // s16 of channels 0-7 and 8-15 of each 128-bit lane
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    I first[R][W], second[R][W];
#pragma GCC unroll 2
    for (int q = 0; q < 2; ++q) {
      const int j = 2 * half + q;
      I sum[R][W];
      SumQuarter<V, KW, S, G, R, W>(b, columns, j, sum);
      const auto multiplier = V::LoadF(b.multiplier + j * (V::kBytes / 4));
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < W; ++i) {
          auto v = V::Mul(V::ToFloat(sum[r][i]), multiplier);
          if constexpr (!kPlain) {
            if (a.residual != nullptr && r < out.rows && i < out.columns) {
              const auto* p = static_cast<const uint8_t*>(a.residual) + out.index[r] + i * a.c;
              const auto bytes = V::Xor(V::LoadBytes(p, b.count), V::Set8(e.residual_flip));
              v = V::Add(v, ResidualQuarter<V>(e, bytes, j));
            }
          }
          (q == 0 ? first : second)[r][i] = V::ToInt(v);
        }
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < W; ++i) {
        (half == 0 ? low : high)[r][i] =
            V::Adds16(V::PackS32(first[r][i], second[r][i]), V::Set16(e.zero_point));
      }
    }
  }
  const auto min = V::Set8(static_cast<uint8_t>(e.min)), max = V::Set8(static_cast<uint8_t>(e.max));
  const auto flip = V::Set8(e.flip);
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int i = 0; i < W; ++i) low[r][i] = V::PackU16(low[r][i], high[r][i]);
  }
  if (e.min > 0 || e.max < 255 || e.flip != 0) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int i = 0; i < W; ++i) {
        low[r][i] = V::Xor(V::MinU8(V::MaxU8(low[r][i], min), max), flip);
      }
    }
  }
  if (kPlain && out.rows == R && out.columns == W) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      uint8_t* y = static_cast<uint8_t*>(a.y) + out.index[r];
#pragma GCC unroll 8
      for (int i = 0; i < W; ++i) V::Store(y + i * a.c, low[r][i]);
    }
    return;
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    uint8_t* y = static_cast<uint8_t*>(a.y) + out.index[r];
#pragma GCC unroll 8
    for (int i = 0; i < W; ++i) {
      if (r < out.rows && i < out.columns) {
        V::StoreBytes(y + i * a.c, low[r][i], kPlain ? V::kBytes : b.count);
      }
    }
  }
}

// As TileBytes, for f32 outputs and f32 residuals: element by element.
template <class V, int KW, int S, int G, int R, int W>
__attribute__((noinline)) void TileAny(const DepthwiseArgs& a, const BlockArgs& b,
                                       const uint8_t* columns, const Outputs& out) {
  constexpr int kLanes = V::kBytes / 4;
  for (int j = 0; j < 4; ++j) {
    typename V::I sum[R][W];
    SumQuarter<V, KW, S, G, R, W>(b, columns, j, sum);
    for (int r = 0; r < out.rows; ++r) {
      for (int i = 0; i < out.columns; ++i) {
        int32_t lanes[kLanes];
        V::Store(lanes, sum[r][i]);
        for (int l = 0; l < kLanes; ++l) {
          const int channel = l / 4 * 16 + 4 * j + l % 4;
          if (channel >= b.count) continue;
          FinishOne(*a.epilogue, lanes[l], b.multiplier[j * kLanes + l], a.residual, a.y,
                    out.index[r] + i * a.c + channel);
        }
      }
    }
  }
}

// The strip's outputs of columns [0, columns) of a segment. Columns are interleaved just before the
// first tile that reads them, so that loads overlap with products.
template <class V, int KW, int S, int G, int R, int W, bool kPlain>
void Segment(const DepthwiseArgs& a, const BlockArgs& b, Filler<V, G, kPlain>& filler, Outputs out,
             int64_t columns) {
  const int64_t kw = KW ? KW : b.kw, sw = S ? S : b.sw;
  const uint8_t* buffer = filler.to;
  const bool any = a.epilogue->f32 || a.epilogue->f32_residual;
  filler.Fill(kw > sw ? kw - sw : 0);
  for (int64_t i = 0; i < columns; i += W) {
    out.columns = static_cast<int>(columns - i < W ? columns - i : W);
    filler.Fill(kw > sw || i + W < columns ? W * sw : (W - 1) * sw + kw);
    if (any) {
      TileAny<V, KW, S, G, R, W>(a, b, buffer, out);
    } else {
      TileBytes<V, KW, S, G, R, W, kPlain>(a, b, buffer, out);
    }
    buffer += W * sw * Interleaver<V>::kGroup * G;
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) out.index[r] += W * a.c;
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
  if (b.count == V::kBytes && a.residual == nullptr) {
    StripOf<V, KW, S, G, R, W, true>(a, b, image, oy, channel);
  } else {
    StripOf<V, KW, S, G, R, W, false>(a, b, image, oy, channel);
  }
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
  if (a.kw == 3 && square1) return Strip<V, 3, 1, 1, 2, 4>(a, b, image, oy, block.begin);
  if (a.kw == 3 && square2) return Strip<V, 3, 2, 1, 1, 8>(a, b, image, oy, block.begin);
  if (a.kw == 5 && square1) return Strip<V, 5, 1, 2, 4, 2>(a, b, image, oy, block.begin);
  if (a.kw == 5 && square2) return Strip<V, 5, 2, 2, 2, 4>(a, b, image, oy, block.begin);
  if (a.kw == 7 && square1) return Strip<V, 7, 1, 2, 2, 4>(a, b, image, oy, block.begin);
  if (a.groups == 1) return Strip<V, 0, 0, 1, 1, 4>(a, b, image, oy, block.begin);
  Strip<V, 0, 0, 2, 1, 4>(a, b, image, oy, block.begin);
}

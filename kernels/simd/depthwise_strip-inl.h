// What depthwise kernels of bytes and words share, over a vector type of vec_*-inl.h. Include
// inside a region compiled for its instruction set, inside an unnamed namespace.

// Interleaved columns of one strip: for each, `groups` groups of as many vectors as rows.
constexpr int kColumnBytes = 24 * 1024;

template <class V>
struct Interleaver {
  static constexpr int kStored = V::kBytes * (V::kPairs ? 2 : 1);  // bytes of a stored vector
  static constexpr int kGroup = V::kRows * kStored;

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
  static inline __attribute__((always_inline)) void Interleave(
      const typename V::I (&rows)[V::kRows], uint8_t* to) {
    if constexpr (V::kRows == 2) {
      StoreGroup(to, V::Lo16(rows[0], rows[1]));
      StoreGroup(to + kStored, V::Hi16(rows[0], rows[1]));
    } else {
      const auto lo01 = V::Lo8(rows[0], rows[1]), hi01 = V::Hi8(rows[0], rows[1]);
      const auto lo23 = V::Lo8(rows[2], rows[3]), hi23 = V::Hi8(rows[2], rows[3]);
      StoreGroup(to, V::Lo16(lo01, lo23));
      StoreGroup(to + kStored, V::Hi16(lo01, lo23));
      StoreGroup(to + 2 * kStored, V::Lo16(hi01, hi23));
      StoreGroup(to + 3 * kStored, V::Hi16(hi01, hi23));
    }
  }
};

// Bytes of an element of the image.
template <class V>
constexpr int kElement = 4 / V::kRows;

// Interleaves the columns of a strip, from left to right. kFull: the block has all of its channels.
template <class V, int G, bool kFull>
struct Filler {
  using L = Interleaver<V>;
  static constexpr int kRows = V::kRows;
  static constexpr int64_t kColumn = G * L::kGroup;

  const DepthwiseArgs& a;
  const uint8_t* rows[kRows * G];  // where column 0 begins
  int count;                       // channels
  int64_t column;                  // of the image, may lie outside
  uint8_t* to;

  void Outside() {
    typename V::I zero[kRows];
    for (auto& row : zero) row = V::Set8(a.x_zero);
    for (int g = 0; g < G; ++g) L::Interleave(zero, to + g * L::kGroup);
    ++column, to += kColumn;
  }
  template <bool kFlip>
  inline __attribute__((always_inline)) typename V::I Load(int row, int64_t offset) const {
    const auto bytes = V::LoadBytes(rows[row] + offset, kFull ? V::kBytes : count * kElement<V>);
    return kFlip ? V::Xor(bytes, V::Set8(0x80)) : bytes;
  }
  template <bool kFlip>
  inline __attribute__((always_inline)) void Inside() {
    const int64_t offset = column * a.c * kElement<V>;
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) {
      typename V::I row[kRows];
#pragma GCC unroll 4
      for (int i = 0; i < kRows; ++i) row[i] = Load<kFlip>(kRows * g + i, offset);
      L::Interleave(row, to + g * L::kGroup);
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
  const float* f32_bias;   // null: none
  int32_t kw, sw, groups;  // used where the template's are 0
  int count;               // channels
};

// `count` values, plus those of `residual` if that is not null, to f32 results within the bounds.
template <class V>
inline void StoreReals(const Epilogue& e, const float* values, int64_t count, const float* residual,
                       float* y) {
  constexpr int kLanes = V::kBytes / 4;
  int64_t c = 0;
  for (; c + kLanes <= count; c += kLanes) {
    auto r = V::LoadF(values + c);
    if (residual != nullptr) r = V::Add(r, V::LoadF(residual + c));
    V::StoreF(y + c, V::MinF(V::SetF(e.f32_max), V::MaxF(V::SetF(e.f32_min), r)));
  }
  for (; c < count; ++c) {
    const float r = residual != nullptr ? values[c] + residual[c] : values[c];
    const float bounded = r < e.f32_min ? e.f32_min : r;
    y[c] = e.f32_max < bounded ? e.f32_max : bounded;
  }
}

// Adds the products of one column of taps to R x W sums.
template <class V, int G, int R, int W>
inline __attribute__((always_inline)) void AddColumn(const uint8_t* columns, int64_t step,
                                                     const uint8_t* weights,
                                                     typename V::I (&sum)[R][W]) {
  using L = Interleaver<V>;
#pragma GCC unroll 4
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

// Sums of vector `j` of the block's channels for R rows x W columns, from `bias` on, which is null
// for 0. Weights have `terms` sets per vector, of which this is `term`.
template <class V, int KW, int S, int G, int R, int W>
inline __attribute__((always_inline)) void SumTerm(const BlockArgs& b, const uint8_t* columns,
                                                   int j, int terms, int term, const int32_t* bias,
                                                   typename V::I (&sum)[R][W]) {
  using L = Interleaver<V>;
  constexpr int64_t kColumn = G * L::kGroup, kTaps = G * R * L::kStored;
  const auto start = bias == nullptr ? V::Zero() : V::Load(bias + j * (V::kBytes / 4));
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int i = 0; i < W; ++i) sum[r][i] = start;
  }
  columns += j * L::kStored;
  if constexpr (KW > 0) {
    const uint8_t* weights = b.weights + (j * terms + term) * KW * kTaps;
#pragma GCC unroll 8
    for (int k = 0; k < KW; ++k) {
      AddColumn<V, G, R, W>(columns + k * kColumn, S * kColumn, weights + k * kTaps, sum);
    }
  } else {
    const uint8_t* weights = b.weights + (j * terms + term) * b.kw * kTaps;
    for (int k = 0; k < b.kw; ++k) {
      AddColumn<V, G, R, W>(columns + k * kColumn, b.sw * kColumn, weights + k * kTaps, sum);
    }
  }
}

// The same for weights of one term, and the block's bias.
template <class V, int KW, int S, int G, int R, int W>
inline __attribute__((always_inline)) void SumVector(const BlockArgs& b, const uint8_t* columns,
                                                     int j, typename V::I (&sum)[R][W]) {
  SumTerm<V, KW, S, G, R, W>(b, columns, j, 1, 0, b.bias, sum);
}

struct Outputs {
  int64_t index[4];   // of the first channel of each row's first column
  int rows, columns;  // that exist
};

// ---- Strips -----------------------------------------------------------------------------------
//
// T computes tiles of R x W outputs: Plain those of whole blocks without a residual for which
// IsPlain holds, Any all others.

// The strip's outputs of columns [0, columns) of a segment. Columns are interleaved just before the
// first tile that reads them, so that loads overlap with products. The last tile overlaps the one
// before where columns are no multiple of W.
template <class V, class T, int KW, int S, int G, int R, int W, bool kPlain>
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
      T::template Plain<KW, S, G, R, W>(a, b, at, out);
    } else {
      T::template Any<KW, S, G, R, W>(a, b, at, out);
    }
  }
}

// One strip of one channel block, in segments whose interleaved columns fit into the nearest cache.
template <class V, class T, int KW, int S, int G, int R, int W, bool kPlain>
void StripOf(const DepthwiseArgs& a, const BlockArgs& b, int64_t image, int64_t oy,
             int64_t channel) {
  using F = Filler<V, G, kPlain>;
  alignas(64) uint8_t buffer[kColumnBytes];
  F filler = {a, {}, b.count, 0, buffer};
  const uint8_t* x = a.x + (image * a.h * a.w * a.c + channel) * kElement<V>;
  for (int i = 0; i < F::kRows * G; ++i) {
    const int64_t iy = oy * a.sh - a.pad_top + i;
    filler.rows[i] = iy >= 0 && iy < a.h ? x + iy * a.w * a.c * kElement<V> : a.padding;
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
    Segment<V, T, KW, S, G, R, W, kPlain>(a, b, filler, out, columns);
  }
}

template <class V, class T, int KW, int S, int G, int R, int W>
void Strip(const DepthwiseArgs& a, const BlockArgs& b, int64_t image, int64_t oy, int64_t channel) {
  const Epilogue& e = *a.epilogue;
  const bool whole = b.count * kElement<V> == V::kBytes;
  if (KW > 0 && whole && a.residual == nullptr && T::IsPlain(e)) {
    StripOf<V, T, KW, S, G, R, W, KW != 0>(a, b, image, oy, channel);
  } else {
    StripOf<V, T, KW, S, G, R, W, false>(a, b, image, oy, channel);
  }
}

// A block's share of the arguments, of weights with `terms` terms.
template <class V>
BlockArgs ArgsOfBlock(const DepthwiseArgs& a, const ChannelBlock& block, int terms) {
  BlockArgs b = {};
  b.weights = reinterpret_cast<const uint8_t*>(a.weights) +
              block.begin * 4 * (V::kPairs ? 2 : 1) * terms * a.kw * a.groups * a.rows;
  b.bias = a.epilogue->bias + block.begin;
  b.multiplier = a.epilogue->multiplier + block.begin;
  if (a.epilogue->f32_bias != nullptr) b.f32_bias = a.epilogue->f32_bias + block.begin;
  b.kw = a.kw, b.sw = a.sw, b.groups = a.groups;
  b.count = block.count;
  return b;
}

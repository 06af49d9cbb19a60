// The source of kBaseLoops, kAvx2Loops and kAvx512Loops. Each of their files includes it once,
// below a pragma that names the instruction set; everything in it is local to that file.

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/generic/loops.h"
#include "kernels/generic/math-inl.h"

namespace octet {
namespace generic {
namespace {

template <typename Function>
void UnaryFor(const float* x, float* y, int64_t n, float alpha, float beta) {
  const Function function;
  for (int64_t i = 0; i < n; ++i) y[i] = function(x[i], alpha, beta);
}

// Functions in the order of schema::UnaryKind, as types, so that each gets a loop of its own.
struct Identity {
  float operator()(float x, float, float) const { return x; }
};
struct Clip {
  float operator()(float x, float lo, float hi) const { return Min(Max(x, lo), hi); }
};
struct SigmoidOf {
  float operator()(float x, float, float) const { return Sigmoid(x); }
};
struct TanhOf {
  float operator()(float x, float, float) const { return Tanh(x); }
};
struct ExpOf {
  float operator()(float x, float, float) const { return Exp(x); }
};
struct Log {
  float operator()(float x, float, float) const { return std::log(x); }
};
struct Sqrt {
  float operator()(float x, float, float) const { return std::sqrt(x); }
};
struct Reciprocal {
  float operator()(float x, float, float) const { return 1.0f / x; }
};
struct AbsOf {
  float operator()(float x, float, float) const { return Abs(x); }
};
struct Negative {
  float operator()(float x, float, float) const { return -x; }
};
struct Floor {
  float operator()(float x, float, float) const { return std::floor(x); }
};
struct Ceil {
  float operator()(float x, float, float) const { return std::ceil(x); }
};
struct Round {
  float operator()(float x, float, float) const { return std::nearbyint(x); }
};
struct ErfOf {
  float operator()(float x, float, float) const { return Erf(x); }
};
struct LeakyRelu {
  float operator()(float x, float alpha, float) const { return x < 0.0f ? alpha * x : x; }
};
struct Elu {
  float operator()(float x, float alpha, float) const { return x < 0.0f ? alpha * Expm1(x) : x; }
};
struct HardSigmoid {
  float operator()(float x, float alpha, float beta) const {
    return Max(0.0f, Min(1.0f, alpha * x + beta));
  }
};
struct HardSwish {
  float operator()(float x, float, float) const {
    return x * Max(0.0f, Min(1.0f, x / 6.0f + 0.5f));
  }
};
struct Swish {
  float operator()(float x, float, float) const { return x / (1.0f + Exp(-x)); }
};
struct GeluOf {
  float operator()(float x, float, float) const { return Gelu(x); }
};
struct Softplus {
  float operator()(float x, float, float) const { return Max(x, 0.0f) + std::log1p(Exp(-Abs(x))); }
};
struct Sign {
  float operator()(float x, float, float) const {
    return (x > 0.0f ? 1.0f : 0.0f) - (x < 0.0f ? 1.0f : 0.0f);
  }
};
struct Sin {
  float operator()(float x, float, float) const { return std::sin(x); }
};
struct Cos {
  float operator()(float x, float, float) const { return std::cos(x); }
};
struct Tan {
  float operator()(float x, float, float) const { return std::tan(x); }
};
struct Asin {
  float operator()(float x, float, float) const { return std::asin(x); }
};
struct Acos {
  float operator()(float x, float, float) const { return std::acos(x); }
};
struct Atan {
  float operator()(float x, float, float) const { return std::atan(x); }
};
struct Sinh {
  float operator()(float x, float, float) const { return std::sinh(x); }
};
struct Cosh {
  float operator()(float x, float, float) const { return std::cosh(x); }
};
struct Asinh {
  float operator()(float x, float, float) const { return std::asinh(x); }
};
struct Acosh {
  float operator()(float x, float, float) const { return std::acosh(x); }
};
struct Atanh {
  float operator()(float x, float, float) const { return std::atanh(x); }
};
struct Selu {
  float operator()(float x, float alpha, float beta) const {
    return beta * (x > 0.0f ? x : alpha * Expm1(x));
  }
};
struct Celu {
  float operator()(float x, float alpha, float) const {
    return Max(0.0f, x) + Min(0.0f, alpha * Expm1(x / alpha));
  }
};
struct MishOf {
  float operator()(float x, float, float) const { return Mish(x); }
};
struct GeluTanhOf {
  float operator()(float x, float, float) const { return GeluTanh(x); }
};
struct Softsign {
  float operator()(float x, float, float) const { return x / (1.0f + Abs(x)); }
};
struct ThresholdedRelu {
  float operator()(float x, float alpha, float) const { return x > alpha ? x : 0.0f; }
};
struct Shrink {
  float operator()(float x, float alpha, float beta) const {
    const float above = x > alpha ? x - beta : 0.0f;
    return x < -alpha ? x + beta : above;
  }
};

// Functions in the order of schema::BinaryKind: of reals, and of integers in units of the output.
struct Add {
  float operator()(float a, float b) const { return a + b; }
  float operator()(float a, float b, Int8Factors f) const { return a * f.a + b * f.b; }
};
struct Sub {
  float operator()(float a, float b) const { return a - b; }
  float operator()(float a, float b, Int8Factors f) const { return a * f.a - b * f.b; }
};
struct Mul {
  float operator()(float a, float b) const { return a * b; }
  float operator()(float a, float b, Int8Factors f) const { return (a * b) * f.y; }
};
template <typename Function>
struct OfReals {
  float operator()(float a, float b) const { return Function()(a, b); }
  float operator()(float a, float b, Int8Factors f) const {
    return Function()(f.a * a, f.b * b) / f.y;
  }
};
struct DivReals {
  float operator()(float a, float b) const { return a / b; }
};
struct MinReals {
  float operator()(float a, float b) const { return Min(a, b); }
};
struct MaxReals {
  float operator()(float a, float b) const { return Max(a, b); }
};
struct PowReals {
  float operator()(float a, float b) const { return std::pow(a, b); }
};
struct FmodReals {
  float operator()(float a, float b) const { return std::fmod(a, b); }
};
// With the sign of b.
struct ModReals {
  float operator()(float a, float b) const {
    const float rest = std::fmod(a, b);
    return rest != 0.0f && (rest < 0.0f) != (b < 0.0f) ? rest + b : rest;
  }
};
struct PreluReals {
  float operator()(float a, float b) const { return a < 0.0f ? a * b : a; }
};
using Div = OfReals<DivReals>;
using Minimum = OfReals<MinReals>;
using Maximum = OfReals<MaxReals>;
using Pow = OfReals<PowReals>;

template <typename Function>
void BinaryVV(const float* a, const float* b, float* y, int64_t n, float lo, float hi) {
  for (int64_t i = 0; i < n; ++i) y[i] = Min(Max(Function()(a[i], b[i]), lo), hi);
}
template <typename Function>
void BinarySV(const float* a, const float* b, float* y, int64_t n, float lo, float hi) {
  const float scalar = a[0];
  for (int64_t i = 0; i < n; ++i) y[i] = Min(Max(Function()(scalar, b[i]), lo), hi);
}
template <typename Function>
void BinaryVS(const float* a, const float* b, float* y, int64_t n, float lo, float hi) {
  const float scalar = b[0];
  for (int64_t i = 0; i < n; ++i) y[i] = Min(Max(Function()(a[i], scalar), lo), hi);
}
struct Equal {
  uint8_t operator()(float a, float b) const { return a == b; }
};
struct Less {
  uint8_t operator()(float a, float b) const { return a < b; }
};
struct LessEqual {
  uint8_t operator()(float a, float b) const { return a <= b; }
};
struct Greater {
  uint8_t operator()(float a, float b) const { return a > b; }
};
struct GreaterEqual {
  uint8_t operator()(float a, float b) const { return a >= b; }
};
template <typename Function>
void CompareVV(const float* a, const float* b, uint8_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = Function()(a[i], b[i]);
}
template <typename Function>
void CompareSV(const float* a, const float* b, uint8_t* y, int64_t n) {
  const float scalar = a[0];
  for (int64_t i = 0; i < n; ++i) y[i] = Function()(scalar, b[i]);
}
template <typename Function>
void CompareVS(const float* a, const float* b, uint8_t* y, int64_t n) {
  const float scalar = b[0];
  for (int64_t i = 0; i < n; ++i) y[i] = Function()(a[i], scalar);
}

template <typename Function>
void BinaryInt8(const float* a, const float* b, float* y, int64_t n, Int8Factors factors) {
  for (int64_t i = 0; i < n; ++i) y[i] = Function()(a[i], b[i], factors);
}

// ---- Quantized integers ----

void Lookup(const uint8_t* x, uint8_t* y, int64_t n, const uint8_t* table) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const uint8_t a = table[x[i]], b = table[x[i + 1]], c = table[x[i + 2]], d = table[x[i + 3]];
    y[i] = a;
    y[i + 1] = b;
    y[i + 2] = c;
    y[i + 3] = d;
  }
  for (; i < n; ++i) y[i] = table[x[i]];
}

template <typename T>
void Widen(const T* x, float* y, int64_t n, float zero_point) {
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i]) - zero_point;
}

// RoundAndClamp for ranges of at most 16 bits.
struct Rounding {
  float lo, hi;
  int32_t zero_point;

  explicit Rounding(IntTarget t)
      : lo(static_cast<float>(t.range.min - t.zero_point)),
        hi(static_cast<float>(t.range.max - t.zero_point)),
        zero_point(t.zero_point) {}

  int32_t operator()(float v) const {
    v = v == v ? v : 0.0f;
    return RoundToInt(Min(Max(v, lo), hi)) + zero_point;
  }
};

template <typename T>
void Narrow(const float* v, T* y, int64_t n, IntTarget target) {
  const Rounding round(target);
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(round(v[i]));
}

template <typename T>
void Quantize(const float* x, T* y, int64_t n, float scale, IntTarget target) {
  const Rounding round(target);
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(round(x[i] / scale));
}

void ScaleInts(const int32_t* x, float* y, int64_t n, float factor) {
  for (int64_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i]) * factor;
}
void AverageTiesAway(const int32_t* x, float* y, int64_t n, float count) {
  for (int64_t i = 0; i < n; ++i) {
    // The quotient of a tie is exact, since division rounds correctly.
    const float v = static_cast<float>(x[i]) / count;
    y[i] = static_cast<float>(static_cast<int32_t>(v + (v < 0 ? -0.5f : 0.5f)));
  }
}
void Scale(float* y, int64_t n, float factor) {
  for (int64_t i = 0; i < n; ++i) y[i] *= factor;
}
void Divide(float* y, int64_t n, float divisor) {
  for (int64_t i = 0; i < n; ++i) y[i] /= divisor;
}
void Affine(float* y, int64_t n, float factor, float summand) {
  for (int64_t i = 0; i < n; ++i) y[i] = y[i] * factor + summand;
}

void AddScaled(const uint32_t* x, uint32_t factor, uint32_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i] * factor;
}

// ---- Reductions across rows ----

struct Largest {
  template <typename T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct Smallest {
  template <typename T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct Plus {
  template <typename T>
  T operator()(T a, T b) const {
    return a + b;
  }
};

// Three rows per pass, so that y is read and written less often. From the first tap on, so that
// zeros at the end change no sum.
template <typename Combine, typename T, typename Out>
void ReduceTaps(const T* base, const int64_t* offsets, int64_t taps, Out* __restrict y,
                int64_t channels) {
  const auto three = [](const T* p, const T* q, const T* r, int64_t c) {
    const auto two = static_cast<Out>(Combine()(static_cast<Out>(p[c]), static_cast<Out>(q[c])));
    return static_cast<Out>(Combine()(two, static_cast<Out>(r[c])));
  };
  int64_t t = 0;
  if (taps >= 3) {
    const T *p = base + offsets[0], *q = base + offsets[1], *r = base + offsets[2];
    for (int64_t c = 0; c < channels; ++c) y[c] = three(p, q, r, c);
    t = 3;
  } else {
    const T* p = base + offsets[0];
    for (int64_t c = 0; c < channels; ++c) y[c] = static_cast<Out>(p[c]);
    t = 1;
  }
  for (; t + 3 <= taps; t += 3) {
    const T *p = base + offsets[t], *q = base + offsets[t + 1], *r = base + offsets[t + 2];
    for (int64_t c = 0; c < channels; ++c) {
      const auto one = static_cast<Out>(Combine()(y[c], static_cast<Out>(p[c])));
      const auto two = static_cast<Out>(Combine()(one, static_cast<Out>(q[c])));
      y[c] = Combine()(two, static_cast<Out>(r[c]));
    }
  }
  for (; t < taps; ++t) {
    const T* p = base + offsets[t];
    for (int64_t c = 0; c < channels; ++c) y[c] = Combine()(y[c], static_cast<Out>(p[c]));
  }
}

// ---- Reductions of a row ----

constexpr int kLanes = 16;

// Partial results in registers; compilers keep arrays of them in memory.
typedef float FloatLanes __attribute__((vector_size(4 * kLanes)));
typedef int32_t IntLanes __attribute__((vector_size(4 * kLanes)));

inline FloatLanes LoadLanes(const float* x) {
  FloatLanes lanes;
  std::memcpy(&lanes, x, sizeof(lanes));
  return lanes;
}

template <typename Combine>
float FoldLanes(const float* lanes) {
  float folded[kLanes];
  for (int i = 0; i < kLanes; ++i) folded[i] = lanes[i];
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) folded[i] = Combine()(folded[i], folded[i + width]);
  }
  return folded[0];
}

// kLanes interleaved partial results, each starting at `start`, which changes nothing.
template <typename Combine>
float ReduceRow(const float* x, int64_t n, float start) {
  FloatLanes partial = start - FloatLanes{};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) partial = Combine()(partial, LoadLanes(x + i));
  float lanes[kLanes];
  std::memcpy(lanes, &partial, sizeof(lanes));
  for (int j = 0; i + j < n; ++j) lanes[j] = Combine()(lanes[j], x[i + j]);
  return FoldLanes<Combine>(lanes);
}

float RowMax(const float* x, int64_t n) { return ReduceRow<Largest>(x, n, x[0]); }
float RowMin(const float* x, int64_t n) { return ReduceRow<Smallest>(x, n, x[0]); }
float RowSum(const float* x, int64_t n) { return ReduceRow<Plus>(x, n, 0.0f); }

template <typename T>
int32_t RowSumInts(const T* x, int64_t n) {
  int32_t sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

float ExpMinus(const float* x, float* y, int64_t n, float max) {
  for (int64_t i = 0; i < n; ++i) y[i] = Exp(x[i] - max);
  return RowSum(y, n);
}

void SoftmaxLines(const float* x, float* y, int64_t count, int64_t stride, int64_t n) {
  float max[kSoftmaxLines], sum[kSoftmaxLines];
  for (int64_t j = 0; j < n; ++j) {
    max[j] = x[j];
    sum[j] = 0.0f;
  }
  for (int64_t i = 1; i < count; ++i) {
    for (int64_t j = 0; j < n; ++j) max[j] = Max(max[j], x[i * stride + j]);
  }
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const float e = Exp(x[i * stride + j] - max[j]);
      y[i * stride + j] = e;
      sum[j] += e;
    }
  }
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < n; ++j) y[i * stride + j] /= sum[j];
  }
}

void LogSoftmaxLines(const float* x, float* y, int64_t count, int64_t stride, int64_t n) {
  float max[kSoftmaxLines], sum[kSoftmaxLines];
  for (int64_t j = 0; j < n; ++j) {
    max[j] = x[j];
    sum[j] = 0.0f;
  }
  for (int64_t i = 1; i < count; ++i) {
    for (int64_t j = 0; j < n; ++j) max[j] = Max(max[j], x[i * stride + j]);
  }
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < n; ++j) sum[j] += Exp(x[i * stride + j] - max[j]);
  }
  for (int64_t j = 0; j < n; ++j) sum[j] = std::log(sum[j]);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < n; ++j) y[i * stride + j] = (x[i * stride + j] - max[j]) - sum[j];
  }
}

void LogSoftmaxRow(const float* x, float* y, int64_t n) {
  const float max = RowMax(x, n);
  const float log_sum = std::log(ExpMinus(x, y, n, max));
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - max) - log_sum;
}

// ---- Copies ----

// n bytes, kPiece <= n, the last piece overlapping the one before.
template <int kPiece>
void CopyPieces(const uint8_t* from, uint8_t* to, int64_t n) {
  for (int64_t i = 0; i + kPiece < n; i += kPiece) std::memcpy(to + i, from + i, kPiece);
  std::memcpy(to + n - kPiece, from + n - kPiece, kPiece);
}

template <int kPiece>
void CopyRowsOf(const uint8_t* from, int64_t from_step, uint8_t* to, int64_t to_step, int64_t n,
                int64_t rows) {
  for (int64_t r = 0; r < rows; ++r) {
    CopyPieces<kPiece>(from + r * from_step, to + r * to_step, n);
  }
}

void CopyRows(const uint8_t* from, int64_t from_step, uint8_t* to, int64_t to_step, int64_t n,
              int64_t rows) {
  if (n >= 1024) {
    for (int64_t r = 0; r < rows; ++r) {
      std::memcpy(to + r * to_step, from + r * from_step, static_cast<size_t>(n));
    }
    return;
  }
  const auto copy = n >= 64   ? CopyRowsOf<64>
                    : n >= 32 ? CopyRowsOf<32>
                    : n >= 16 ? CopyRowsOf<16>
                    : n >= 8  ? CopyRowsOf<8>
                    : n >= 4  ? CopyRowsOf<4>
                              : CopyRowsOf<1>;
  copy(from, from_step, to, to_step, n, rows);
}

// ---- Transposition ----

constexpr int64_t kTile = 16;

// A whole tile has constant bounds, which lets the compiler unroll and vectorize it.
template <typename T>
void TransposeTile(const T* from, int64_t from_stride, T* to, int64_t to_stride) {
  T tile[kTile * kTile];
  for (int64_t r = 0; r < kTile; ++r) {
    for (int64_t c = 0; c < kTile; ++c) tile[c * kTile + r] = from[r * from_stride + c];
  }
  for (int64_t c = 0; c < kTile; ++c) {
    for (int64_t r = 0; r < kTile; ++r) to[c * to_stride + r] = tile[c * kTile + r];
  }
}

// Few columns, as in pictures: rows are read with a constant step.
template <typename T, int kColumns>
void TransposeFewColumns(const T* from, T* to, int64_t to_stride, int64_t rows) {
  for (int c = 0; c < kColumns; ++c) {
    for (int64_t r = 0; r < rows; ++r) to[c * to_stride + r] = from[r * kColumns + c];
  }
}

// Few rows: interleaves them.
template <typename T, int kRows>
void TransposeFewRows(const T* from, int64_t from_stride, T* to, int64_t columns) {
  for (int64_t c = 0; c < columns; ++c) {
    for (int r = 0; r < kRows; ++r) to[c * kRows + r] = from[r * from_stride + c];
  }
}

template <typename T>
void Transpose(const T* from, int64_t from_stride, T* to, int64_t to_stride, int64_t rows,
               int64_t columns) {
  if (rows == 3 && to_stride == 3) return TransposeFewRows<T, 3>(from, from_stride, to, columns);
  if (rows == 4 && to_stride == 4) return TransposeFewRows<T, 4>(from, from_stride, to, columns);
  if (columns == 3 && from_stride == 3) return TransposeFewColumns<T, 3>(from, to, to_stride, rows);
  if (columns == 4 && from_stride == 4) return TransposeFewColumns<T, 4>(from, to, to_stride, rows);
  for (int64_t r = 0; r < rows; r += kTile) {
    const int64_t r_end = r + kTile < rows ? r + kTile : rows;
    for (int64_t c = 0; c < columns; c += kTile) {
      if (r + kTile <= rows && c + kTile <= columns) {
        TransposeTile(from + r * from_stride + c, from_stride, to + c * to_stride + r, to_stride);
        continue;
      }
      const int64_t c_end = c + kTile < columns ? c + kTile : columns;
      for (int64_t j = c; j < c_end; ++j) {
        for (int64_t i = r; i < r_end; ++i) to[j * to_stride + i] = from[i * from_stride + j];
      }
    }
  }
}

}  // namespace
}  // namespace generic
}  // namespace octet

#include "kernels/generic/half_loops-inl.h"
#include "kernels/generic/network_loops-inl.h"
#include "kernels/generic/row_loops-inl.h"

namespace octet {
namespace generic {
namespace {

constexpr Loops MakeLoops() {
  return {
      {UnaryFor<Identity>,
       UnaryFor<Clip>,
       UnaryFor<SigmoidOf>,
       UnaryFor<TanhOf>,
       UnaryFor<ExpOf>,
       UnaryFor<Log>,
       UnaryFor<Sqrt>,
       UnaryFor<Reciprocal>,
       UnaryFor<AbsOf>,
       UnaryFor<Negative>,
       UnaryFor<Floor>,
       UnaryFor<Ceil>,
       UnaryFor<Round>,
       UnaryFor<ErfOf>,
       UnaryFor<LeakyRelu>,
       UnaryFor<Elu>,
       UnaryFor<HardSigmoid>,
       UnaryFor<HardSwish>,
       UnaryFor<Swish>,
       UnaryFor<GeluOf>,
       UnaryFor<Softplus>,
       UnaryFor<Sign>,
       UnaryFor<Sin>,
       UnaryFor<Cos>,
       UnaryFor<Tan>,
       UnaryFor<Asin>,
       UnaryFor<Acos>,
       UnaryFor<Atan>,
       UnaryFor<Sinh>,
       UnaryFor<Cosh>,
       UnaryFor<Asinh>,
       UnaryFor<Acosh>,
       UnaryFor<Atanh>,
       nullptr,
       nullptr,
       nullptr,
       nullptr,
       UnaryFor<Selu>,
       UnaryFor<Celu>,
       UnaryFor<MishOf>,
       UnaryFor<GeluTanhOf>,
       UnaryFor<Softsign>,
       UnaryFor<ThresholdedRelu>,
       UnaryFor<Shrink>},
      {{BinaryVV<Add>, BinarySV<Add>, BinaryVS<Add>},
       {BinaryVV<Sub>, BinarySV<Sub>, BinaryVS<Sub>},
       {BinaryVV<Mul>, BinarySV<Mul>, BinaryVS<Mul>},
       {BinaryVV<Div>, BinarySV<Div>, BinaryVS<Div>},
       {BinaryVV<Minimum>, BinarySV<Minimum>, BinaryVS<Minimum>},
       {BinaryVV<Maximum>, BinarySV<Maximum>, BinaryVS<Maximum>},
       {BinaryVV<Pow>, BinarySV<Pow>, BinaryVS<Pow>},
       {BinaryVV<ModReals>, BinarySV<ModReals>, BinaryVS<ModReals>},
       {BinaryVV<FmodReals>, BinarySV<FmodReals>, BinaryVS<FmodReals>},
       {BinaryVV<PreluReals>, BinarySV<PreluReals>, BinaryVS<PreluReals>}},
      {BinaryInt8<Add>, BinaryInt8<Sub>, BinaryInt8<Mul>, BinaryInt8<Div>, BinaryInt8<Minimum>,
       BinaryInt8<Maximum>, BinaryInt8<Pow>},
      {{CompareVV<Equal>, CompareSV<Equal>, CompareVS<Equal>},
       {CompareVV<Less>, CompareSV<Less>, CompareVS<Less>},
       {CompareVV<LessEqual>, CompareSV<LessEqual>, CompareVS<LessEqual>},
       {CompareVV<Greater>, CompareSV<Greater>, CompareVS<Greater>},
       {CompareVV<GreaterEqual>, CompareSV<GreaterEqual>, CompareVS<GreaterEqual>}},
      Lookup,
      Widen<uint8_t>,
      Widen<int8_t>,
      Narrow<uint8_t>,
      Quantize<uint8_t>,
      ScaleInts,
      AverageTiesAway,
      Widen<int16_t>,
      Narrow<int16_t>,
      Quantize<int16_t>,
      Scale,
      Divide,
      Affine,
      ReduceTaps<Largest, uint8_t, uint8_t>,
      ReduceTaps<Smallest, uint8_t, uint8_t>,
      ReduceTaps<Largest, int8_t, int8_t>,
      ReduceTaps<Smallest, int8_t, int8_t>,
      ReduceTaps<Largest, int16_t, int16_t>,
      ReduceTaps<Smallest, int16_t, int16_t>,
      ReduceTaps<Largest, float, float>,
      ReduceTaps<Smallest, float, float>,
      ReduceTaps<Plus, float, float>,
      ReduceTaps<Plus, uint8_t, int32_t>,
      ReduceTaps<Plus, int8_t, int32_t>,
      ReduceTaps<Plus, int16_t, int32_t>,
      AddScaled,
      RowMax,
      RowMin,
      RowSum,
      RowSumInts<uint8_t>,
      RowSumInts<int8_t>,
      RowSumInts<int16_t>,
      ExpMinus,
      SoftmaxLines,
      LogSoftmaxLines,
      LogSoftmaxRow,
      CopyRows,
      Transpose<uint8_t>,
      Transpose<uint16_t>,
      Transpose<uint32_t>,
      Transpose<uint64_t>,
      MakeNetworkLoops(),
      {RangeOfRow, QuantizeRowU8, QuantizeRowS8, WeighRow, Interleave4},
      {WidenF16, WidenBF16, NarrowF16, NarrowBF16},
  };
}

}  // namespace
}  // namespace generic
}  // namespace octet

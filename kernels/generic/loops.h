#ifndef OCTET_KERNELS_GENERIC_LOOPS_H_
#define OCTET_KERNELS_GENERIC_LOOPS_H_

#include <cstddef>
#include <cstdint>

#include "kernels/generic/half_loops.h"
#include "kernels/generic/network_loops.h"
#include "kernels/generic/row_loops.h"
#include "runtime/core/cpu_features.h"
#include "runtime/core/numerics.h"

// The inner loops of this folder, compiled once per instruction set from the same source. Every
// variant gives the same bits: each operation is rounded on its own, and sums are taken in an order
// that does not depend on the width of registers. Buffers need no alignment.

namespace octet {
namespace generic {

// y[i] = f(x[i]); alpha and beta are the operator's.
using UnaryLoop = void (*)(const float* x, float* y, int64_t n, float alpha, float beta);

// y[i] = clamp(f(a[i], b[i]), lo, hi), or with a[0] or b[0] throughout.
using BinaryLoop = void (*)(const float* a, const float* b, float* y, int64_t n, float lo,
                            float hi);
enum BinaryMode { kBothVectors, kScalarA, kScalarB, kBinaryModes };

// y[i] = f(a[i], b[i]), a boolean; modes as above.
using CompareLoop = void (*)(const float* a, const float* b, uint8_t* y, int64_t n);

// y[i] = f(a[i], b[i]) for integers without their zero points, in units of y. What the factors mean
// is up to the function; see Int8Factors.
struct Int8Factors {
  float a, b, y;
};
using Int8BinaryLoop = void (*)(const float* a, const float* b, float* y, int64_t n,
                                Int8Factors factors);

// y[c] = reduction over t of base[offsets[t] + c], for c in [0, channels). taps >= 1.
template <typename T, typename Out>
using TapsLoop = void (*)(const T* base, const int64_t* offsets, int64_t taps, Out* y,
                          int64_t channels);

constexpr int kUnaryKinds = 44;
constexpr int kBinaryKinds = 10;
constexpr int kInt8BinaryKinds = 7;
constexpr int kComparisons = 5;

struct Loops {
  UnaryLoop unary[kUnaryKinds];  // by schema::UnaryKind; null for those that are not of reals
  BinaryLoop binary[kBinaryKinds][kBinaryModes];  // by schema::BinaryKind
  Int8BinaryLoop int8_binary[kInt8BinaryKinds];
  CompareLoop compare[kComparisons][kBinaryModes];  // from EQUAL on

  // y[i] = table[x[i]].
  void (*lookup)(const uint8_t* x, uint8_t* y, int64_t n, const uint8_t* table);

  // 8-bit integers, of either signedness where it does not matter.
  void (*widen_u8)(const uint8_t* x, float* y, int64_t n, float zero_point);  // x - zero_point
  void (*widen_s8)(const int8_t* x, float* y, int64_t n, float zero_point);
  void (*narrow)(const float* v, uint8_t* y, int64_t n, IntTarget target);
  void (*quantize)(const float* x, uint8_t* y, int64_t n, float scale, IntTarget target);
  void (*scale_ints)(const int32_t* x, float* y, int64_t n, float factor);  // float(x) * factor
  // The nearest integer to x / count, halves away from 0, for |x| < 2^24.
  void (*average_ties_away)(const int32_t* x, float* y, int64_t n, float count);
  // The same for s16.
  void (*widen_s16)(const int16_t* x, float* y, int64_t n, float zero_point);
  void (*narrow_s16)(const float* v, int16_t* y, int64_t n, IntTarget target);
  void (*quantize_s16)(const float* x, int16_t* y, int64_t n, float scale, IntTarget target);
  // In place.
  void (*scale)(float* y, int64_t n, float factor);
  void (*divide)(float* y, int64_t n, float divisor);
  void (*affine)(float* y, int64_t n, float factor, float summand);  // y * factor + summand

  TapsLoop<uint8_t, uint8_t> max_u8, min_u8;
  TapsLoop<int8_t, int8_t> max_s8, min_s8;
  TapsLoop<int16_t, int16_t> max_s16, min_s16;
  TapsLoop<float, float> max_f32, min_f32, sum_f32;
  TapsLoop<uint8_t, int32_t> sum_u8;
  TapsLoop<int8_t, int32_t> sum_s8;
  TapsLoop<int16_t, int32_t> sum_s16;

  // y[i] += x[i] * factor, wrapping around.
  void (*add_scaled)(const uint32_t* x, uint32_t factor, uint32_t* y, int64_t n);

  // Reductions of a row, n >= 1. Floats are summed in 16 interleaved partial sums.
  float (*row_max)(const float* x, int64_t n);
  float (*row_min)(const float* x, int64_t n);
  float (*row_sum)(const float* x, int64_t n);
  int32_t (*row_sum_u8)(const uint8_t* x, int64_t n);
  int32_t (*row_sum_s8)(const int8_t* x, int64_t n);
  int32_t (*row_sum_s16)(const int16_t* x, int64_t n);

  // y[i] = exp(x[i] - max); returns the sum of all y.
  float (*exp_minus)(const float* x, float* y, int64_t n, float max);
  // Softmax along `count` neighbours that are `stride` apart, of n <= kSoftmaxLines adjacent lines.
  void (*softmax_lines)(const float* x, float* y, int64_t count, int64_t stride, int64_t n);
  // The same, of which y is the logarithm.
  void (*log_softmax_lines)(const float* x, float* y, int64_t count, int64_t stride, int64_t n);
  // The logarithm of the softmax of n neighbours, n >= 1.
  void (*log_softmax_row)(const float* x, float* y, int64_t n);

  // Copies `rows` rows of n bytes that begin `from_step` and `to_step` bytes apart.
  void (*copy_rows)(const uint8_t* from, int64_t from_step, uint8_t* to, int64_t to_step, int64_t n,
                    int64_t rows);

  // to[c * to_stride + r] = from[r * from_stride + c] for r < rows, c < columns; strides in
  // elements.
  void (*transpose1)(const uint8_t* from, int64_t from_stride, uint8_t* to, int64_t to_stride,
                     int64_t rows, int64_t columns);
  void (*transpose2)(const uint16_t* from, int64_t from_stride, uint16_t* to, int64_t to_stride,
                     int64_t rows, int64_t columns);
  void (*transpose4)(const uint32_t* from, int64_t from_stride, uint32_t* to, int64_t to_stride,
                     int64_t rows, int64_t columns);
  void (*transpose8)(const uint64_t* from, int64_t from_stride, uint64_t* to, int64_t to_stride,
                     int64_t rows, int64_t columns);

  NetworkLoops network;
  RowLoops rows;
  HalfLoops halves;
};

constexpr int64_t kSoftmaxLines = 64;

extern const Loops kBaseLoops;    // what every x86-64 CPU has
extern const Loops kAvx2Loops;    // AVX2
extern const Loops kAvx512Loops;  // AVX-512 F, BW, CD, DQ, VL

inline const Loops& LoopsFor(const CpuFeatures& cpu) {
  return cpu.avx512 ? kAvx512Loops : cpu.avx2 ? kAvx2Loops : kBaseLoops;
}

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_LOOPS_H_

#ifndef OCTET_KERNELS_GENERIC_NETWORK_LOOPS_H_
#define OCTET_KERNELS_GENERIC_NETWORK_LOOPS_H_

#include <cstdint>

#include "runtime/core/numerics.h"

// Inner loops of networks' larger operators, a part of Loops.

namespace octet {
namespace generic {

// Where integers lie and how they are bounded: q = round(v) + zero_point within range.
struct IntTarget {
  int32_t zero_point;
  IntRange range;
};

// `count` blocks of `size` elements, each a weighted sum of `taps` blocks of x: those at
// index[i * taps + t], counted in blocks.
struct WeightedBlocks {
  int64_t count, size, taps;
  const int64_t* index;
  const float* weight;
};

struct NetworkLoops {
  // y[i] = sum over t of weights[t] * (x[offsets[t] + i] - zero_point), from t = 0 on.
  void (*weigh_rows)(const float* x, const int64_t* offsets, const float* weights, int64_t taps,
                     float* y, int64_t n);
  void (*weigh_rows_u8)(const uint8_t* x, const int64_t* offsets, const float* weights,
                        int64_t taps, double* y, int64_t n, double zero_point);
  void (*weigh_rows_s8)(const int8_t* x, const int64_t* offsets, const float* weights, int64_t taps,
                        double* y, int64_t n, double zero_point);
  void (*weigh_blocks)(const float* x, const WeightedBlocks& blocks, float* y);
  // Sums in f64, times `unit`, rounded to 8-bit integers of either signedness.
  void (*weigh_blocks_narrow)(const double* x, const WeightedBlocks& blocks, double unit,
                              uint8_t* y, IntTarget target);

  // Sums of x - mean and of (x - mean)^2, in 16 interleaved partial sums.
  float (*row_deviations)(const float* x, int64_t n, float mean);
  float (*row_squares)(const float* x, int64_t n, float mean);
  // y = ((x - mean) * factor) * scale[i] + bias[i]; either may be null.
  void (*normalize_row)(const float* x, float* y, int64_t n, float mean, float factor,
                        const float* scale, const float* bias);
  // y = (x - mean) * factor + bias.
  void (*shift_row)(const float* x, float* y, int64_t n, float mean, float factor, float bias);
  // The same along columns of `rows` rows that are `stride` apart, from the first row on; sums[i]
  // is column i's.
  void (*column_deviations)(const float* x, int64_t stride, int64_t rows, int64_t n,
                            const float* mean, float* sums);
  void (*column_squares)(const float* x, int64_t stride, int64_t rows, int64_t n, const float* mean,
                         float* sums);
  void (*shift_columns)(const float* x, float* y, int64_t rows, int64_t n, const float* mean,
                        const float* factor, const float* bias);
};

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_NETWORK_LOOPS_H_

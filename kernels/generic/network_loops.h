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
};

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_NETWORK_LOOPS_H_

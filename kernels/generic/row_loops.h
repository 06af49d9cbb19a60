#ifndef OCTET_KERNELS_GENERIC_ROW_LOOPS_H_
#define OCTET_KERNELS_GENERIC_ROW_LOOPS_H_

#include <cstdint>

#include "kernels/row_quantization.h"

// Loops that quantize a row of floats when the model runs, a part of Loops. Elements that are NaN
// or infinite become any integers.

namespace octet {
namespace generic {

struct RowLoops {
  RowRange (*range)(const float* x, int64_t n);
  // q[i] = clamp(round(x[i] * inv_scale) + zero_point, 0, 255).
  void (*quantize_u8)(const float* x, uint8_t* q, int64_t n, float inv_scale, int32_t zero_point);
  // q[i] = clamp(round(x[i] * inv_scale), -127, 127); returns their sum.
  int32_t (*quantize_s8)(const float* x, int8_t* q, int64_t n, float inv_scale);
  // w[i] = e[i] * factors[i], 0 where e[i] is; all are >= 0 or NaN. Returns the largest, NaN when
  // one is. May work in place on e.
  float (*weigh)(const float* e, const float* factors, float* w, int64_t n);
  // to[4 * i + j] = rows[j * stride + i] for j < 4, i < n: four rows byte by byte in turn.
  void (*interleave4)(const int8_t* rows, int64_t stride, int64_t n, int8_t* to);
};

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_ROW_LOOPS_H_

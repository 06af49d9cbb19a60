#ifndef OCTET_KERNELS_ONEDNN_SGEMM_H_
#define OCTET_KERNELS_ONEDNN_SGEMM_H_

#include <cstdint>

namespace octet {

// A row-major f32 matrix whose rows begin `stride` elements apart.
struct ConstMatrix {
  const float* data;
  int64_t stride;
  bool transposed = false;  // the factor is the transpose of what is stored
};

// c = alpha * a * b + beta * c, where a is [rows, depth], b [depth, columns] and c row-major [rows,
// columns], whose rows begin `c_stride` elements apart. With beta = 0, c is not read. On the
// calling thread alone: the bits depend on nothing else, and threads may call it side by side.
// Products of integers are exact while sums stay within 2^24.
void Sgemm(int64_t rows, int64_t columns, int64_t depth, float alpha, ConstMatrix a, ConstMatrix b,
           float beta, float* c, int64_t c_stride);

}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_SGEMM_H_

#include "kernels/onednn/sgemm.h"

#include <oneapi/dnnl/dnnl.h>

namespace octet {
namespace {

float At(const ConstMatrix& m, int64_t row, int64_t column) {
  return m.transposed ? m.data[column * m.stride + row] : m.data[row * m.stride + column];
}

// For when oneDNN has no memory to pack its operands.
void MultiplyPlainly(int64_t rows, int64_t columns, int64_t depth, float alpha,
                     const ConstMatrix& a, const ConstMatrix& b, float beta, float* c,
                     int64_t c_stride) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < depth; ++k) sum += At(a, i, k) * At(b, k, j);
      float& result = c[i * c_stride + j];
      result = alpha * sum + (beta == 0 ? 0.0f : beta * result);
    }
  }
}

}  // namespace

void Sgemm(int64_t rows, int64_t columns, int64_t depth, float alpha, ConstMatrix a, ConstMatrix b,
           float beta, float* c, int64_t c_stride) {
  if (rows == 0 || columns == 0) return;
  const auto letter = [](const ConstMatrix& m) { return m.transposed ? 'T' : 'N'; };
  // Without a pool that a caller lent to oneDNN for this thread, it runs on this thread.
  const dnnl_status_t status =
      depth == 0 ? dnnl_unimplemented
                 : dnnl_sgemm(letter(a), letter(b), rows, columns, depth, alpha, a.data, a.stride,
                              b.data, b.stride, beta, c, c_stride);
  if (status != dnnl_success) {
    MultiplyPlainly(rows, columns, depth, alpha, a, b, beta, c, c_stride);
  }
}

}  // namespace octet

#ifndef OCTET_KERNELS_SIMD_ROW_QUANTIZER_H_
#define OCTET_KERNELS_SIMD_ROW_QUANTIZER_H_

#include <cstddef>
#include <cstdint>

#include "kernels/generic/loops.h"
#include "kernels/simd/epilogue.h"
#include "octet/thread_pool.h"
#include "runtime/core/cpu_features.h"

namespace octet {
namespace simd {

// Quantizes rows of floats to u8, each by its own range: see Arithmetic in schema/model.fbs. Long
// rows are cut into pieces, so that several threads share one.
class RowQuantizer {
 public:
  // `rows` rows of `length` elements, one after the other.
  RowQuantizer(int64_t rows, int64_t length, const CpuFeatures& cpu);

  int64_t rows() const { return rows_; }
  size_t scratch_bytes() const;
  // q: rows * length bytes; numbers: one per row.
  void Run(const float* x, uint8_t* q, RowNumbers* numbers, uint8_t* scratch,
           ThreadPool* pool) const;

 private:
  void RunRow(const float* x, uint8_t* q, RowNumbers& numbers) const;
  void RunPieces(const float* x, uint8_t* q, RowNumbers* numbers, uint8_t* scratch,
                 ThreadPool* pool) const;
  int64_t piece_length(int64_t piece) const;

  int64_t rows_, length_, pieces_;  // pieces of a row
  const generic::RowLoops& loops_;
};

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_ROW_QUANTIZER_H_

#ifndef OCTET_KERNELS_SIMD_GEMM_H_
#define OCTET_KERNELS_SIMD_GEMM_H_

#include <cstdint>

#include "kernels/simd/epilogue.h"

// Products of rows of bytes with packed weights: the arithmetic of convolutions and matrix
// products.
//
// A row (the patch under the kernel for one output pixel) consists of `segments` pieces, each
// contiguous in memory: the whole row for a matrix product, one line of the kernel for a
// convolution. A segment is taken in groups of four bytes; its last group may reach up to three
// bytes beyond it, where the weights are zero.
//
// Output channels are cut into blocks of 1 to 4 vectors of 16. The weights of a block lie in the
// order in which they are used: for each segment and group, for each channel, the four bytes that
// the group meets.

namespace octet {
namespace simd {

constexpr int kChannelsPerVector = 16;

// One block of channels for a few rows.
struct GemmTile {
  const uint8_t* const* rows;  // entry s * row_stride + i: where segment s of row i begins
  int64_t row_stride;
  int64_t segments, groups;  // groups: of each segment
  uint8_t x_flip;            // 0x80 for s8
  const int8_t* weights;     // of the block
  const int32_t* bias;       // of the block
  const float* multiplier;   // of the block
  int32_t channels;          // of the block that exist
  const Epilogue* epilogue;
  // Of rows that are quantized when the kernel runs, one per row; null: others. The epilogue is
  // that of an f32 output then, and its weight_sums and f32_bias (null: none) are those of the
  // block.
  const RowNumbers* row_numbers;
  const int32_t* weight_sums;
  const float* f32_bias;
  const void* residual;  // null: none
  void* y;
  int64_t index;     // of the first row's and channel's element of y
  int64_t y_stride;  // elements from one row of y to the next
};

// Computes `rows` rows of a block of `vectors` vectors.
struct GemmCode {
  int max_vectors;
  void (*run)(const GemmTile& tile, int vectors, int64_t rows);
};

extern const GemmCode kGemmScalar;
extern const GemmCode kGemmAvx2;
extern const GemmCode kGemmAvxVnni;
extern const GemmCode kGemmAvx512Vnni;

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_GEMM_H_

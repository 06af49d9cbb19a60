#ifndef OCTET_KERNELS_SIMD_GEMM_H_
#define OCTET_KERNELS_SIMD_GEMM_H_

#include <cstdint>

#include "kernels/simd/epilogue.h"
#include "kernels/simd/terms.h"

// Products of rows with packed weights: the arithmetic of convolutions and matrix products.
//
// A row (the patch under the kernel for one output pixel) consists of `segments` pieces, each
// contiguous in memory: the whole row for a matrix product, one line of the kernel for a
// convolution. A segment is taken in groups of four bytes, which are four elements of 8 bits or two
// of 16; its last group may reach up to three bytes beyond it, where the weights are zero.
//
// Output channels are cut into blocks of 1 to 4 vectors of 16. The weights of a block lie in the
// order in which they are used: for each segment and group, for each channel, the four bytes that
// the group meets.
//
// 16-bit weights are two terms (terms.h): the vectors of their blocks come in pairs, low before
// high.

namespace octet {
namespace simd {

constexpr int kChannelsPerVector = 16;

// What activations and weights are.
enum class GemmForm : uint8_t {
  kBytes,       // u8 or s8; s8
  kWords,       // s16; s8, stored as s16
  kSplitWords,  // s16; s16, stored as two terms
};
inline int TermsOf(GemmForm form) { return form == GemmForm::kSplitWords ? 2 : 1; }
inline int BytesOf(GemmForm form) { return form == GemmForm::kBytes ? 1 : 2; }

// A part of a sum: these groups of these segments.
struct GemmPart {
  int64_t segment_begin, segment_end, group_begin, group_end;
};

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
  const float* f32_bias;  // of the block; null: none
  // Of rows that are quantized when the kernel runs, one per row; null: others. The epilogue is
  // that of an f32 output then, and its weight_sums are those of the block.
  const RowNumbers* row_numbers;
  const int32_t* weight_sums;
  // Of 16-bit activations: the parts of the sum, one or more.
  const GemmPart* parts;
  int64_t part_count;
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

extern const GemmCode kGemmWordsScalar, kGemmSplitWordsScalar;
extern const GemmCode kGemmWordsAvx2, kGemmSplitWordsAvx2;
extern const GemmCode kGemmWordsAvxVnni, kGemmSplitWordsAvxVnni;
extern const GemmCode kGemmWordsAvx512Vnni, kGemmSplitWordsAvx512Vnni;

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_GEMM_H_

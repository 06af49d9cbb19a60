#ifndef OCTET_KERNELS_SIMD_DEPTHWISE_H_
#define OCTET_KERNELS_SIMD_DEPTHWISE_H_

#include <cstdint>

#include "kernels/simd/epilogue.h"
#include "kernels/simd/terms.h"

// Depthwise convolution with vector dot products of four bytes or two words.
//
// For each column of the image, the elements of four (words: two) neighbouring rows are interleaved
// so that each 32-bit lane holds vertical taps of one channel. An interleaved column serves every
// horizontal tap that touches it, and, with the weights shifted by a row, several output rows.
// Interleaving and packing stay within 128-bit lanes, so that the packing of results undoes the
// order that interleaving made.

namespace octet {
namespace simd {

struct DepthwiseArgs {
  const uint8_t* x;      // of whatever type
  const void* residual;  // null: none
  void* y;
  int64_t n, c, h, w, oh, ow;
  int32_t kh, kw, sh, sw, pad_top, pad_left;
  uint8_t x_flip;          // 0x80 for s8
  uint8_t x_zero;          // zero point as u8: what padding holds
  const uint8_t* padding;  // a row of w columns of padding, in the form of x
  int32_t rows;            // output rows that one strip computes
  int32_t groups;          // groups of four input rows, or two, that a strip reads
  const int8_t* weights;
  const Epilogue* epilogue;
};

// How weights are stored for an instruction set.
enum class DepthwiseForm : uint8_t {
  kTaps,        // [tap][channel], in their own type
  kBytes,       // interleaved as the columns are, s8
  kPairs,       // as kBytes, but each lane's bytes 0 and 2, then 1 and 3, widened to s16
  kWords,       // interleaved as the columns are, s16
  kSplitWords,  // the same in two terms, low before high
};
inline bool IsWords(DepthwiseForm form) {
  return form == DepthwiseForm::kWords || form == DepthwiseForm::kSplitWords;
}

// The output rows and groups of a strip for kernels of `kh` rows, where a group has `group_rows`.
struct DepthwiseStrip {
  int rows;
  int groups;
};
DepthwiseStrip ChooseDepthwiseStrip(int group_rows, int kh, int kw, int sh, int sw);

// Consecutive channels that one pass handles: `width` (8 to 64) of them from `begin` on, of
// which `count` exist.
struct ChannelBlock {
  int64_t begin;
  int width;
  int count;
};

struct DepthwiseCode {
  int min_width, max_width;  // of a channel block
  DepthwiseForm form;
  // Computes the channels of a block in the strip of output rows that begins with `oy`.
  void (*run)(const DepthwiseArgs& args, int64_t image, int64_t oy, const ChannelBlock& block);
};

extern const DepthwiseCode kDepthwiseScalar;
extern const DepthwiseCode kDepthwiseAvx2;
extern const DepthwiseCode kDepthwiseAvxVnni;
extern const DepthwiseCode kDepthwiseAvx512Vnni;

// Of words; weights of s8 in one term, others in two.
extern const DepthwiseCode kDepthwiseWordsScalar, kDepthwiseSplitWordsScalar;
extern const DepthwiseCode kDepthwiseWordsAvx2, kDepthwiseSplitWordsAvx2;
extern const DepthwiseCode kDepthwiseWordsAvxVnni, kDepthwiseSplitWordsAvxVnni;
extern const DepthwiseCode kDepthwiseWordsAvx512Vnni, kDepthwiseSplitWordsAvx512Vnni;

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_DEPTHWISE_H_

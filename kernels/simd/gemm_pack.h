#ifndef OCTET_KERNELS_SIMD_GEMM_PACK_H_
#define OCTET_KERNELS_SIMD_GEMM_PACK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "kernels/kernel.h"
#include "kernels/simd/gemm.h"
#include "kernels/simd/isa.h"

namespace octet {
namespace simd {

const GemmCode& GemmCodeFor(Isa isa, GemmForm form = GemmForm::kBytes);

// A block of output channels of one convolution group.
struct GemmBlock {
  int64_t group;
  int64_t channel;  // the first one
  int32_t count;    // of channels
  int32_t vectors;  // that hold them
  int64_t
      position;  // of the first channel in bias, multipliers and weights, padded channels counted
};

// Cuts the channels of each group into blocks of at most `max_vectors` vectors, as even as
// possible.
std::vector<GemmBlock> MakeGemmBlocks(int64_t channels, int64_t groups, int max_vectors);

// The channel at each position; -1 for padding.
std::vector<int64_t> GemmOrder(absl::Span<const GemmBlock> blocks);

// What the weights of a product are made of: as many segments and groups as rows of activations.
struct GemmRows {
  GemmForm form;
  int64_t segments, groups;

  int64_t row_bytes() const { return 4 * segments * groups; }
  // Bytes that a channel's packed weights take.
  int64_t packed_bytes() const { return TermsOf(form) * row_bytes(); }
};

struct PackedGemm {
  const int8_t* weights;
  absl::Span<const int32_t> sums;  // kBytes: of each channel's weights
  // Other forms: of the magnitudes of each channel's weights, of the larger term where there are
  // two; and the groups that a part of a sum may have, so that none leaves s32.
  absl::Span<const int32_t> magnitudes;
  int64_t part_groups;
};

// Writes the weights of channels [first, first + count), one after the other, each `row_bytes` long
// in the order in which a row of activations meets them: as s8, or s16 where activations have 16
// bits. The bytes are zero before.
using FillRows =
    absl::FunctionRef<void(int64_t first, int64_t count, int8_t* rows, int64_t row_bytes)>;

// Packs the weights of `blocks`, or finds them under `key`.
PackedGemm PackGemm(PackedWeights* packed, const std::string& key, const GemmRows& form,
                    absl::Span<const GemmBlock> blocks, int64_t channels, FillRows fill);

// Cuts the sum of a row into parts of at most `part_groups` groups: of whole segments where these
// are short, else each in one segment.
std::vector<GemmPart> MakeGemmParts(const GemmRows& rows, int64_t part_groups);

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_GEMM_PACK_H_

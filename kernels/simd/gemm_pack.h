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

const GemmCode& GemmCodeFor(Isa isa);

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

struct PackedGemm {
  const int8_t* weights;
  absl::Span<const int32_t> sums;  // of each channel's weights
};

// Writes the weights of channels [first, first + count), one after the other, each `row_bytes` long
// in the order in which a row of activations meets them. The bytes are zero before.
using FillRows =
    absl::FunctionRef<void(int64_t first, int64_t count, int8_t* rows, int64_t row_bytes)>;

// Packs the weights of `blocks`, or finds them under `key`. Rows have `row_bytes` bytes, a multiple
// of 4.
PackedGemm PackGemm(PackedWeights* packed, const std::string& key,
                    absl::Span<const GemmBlock> blocks, int64_t channels, int64_t row_bytes,
                    FillRows fill);

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_GEMM_PACK_H_

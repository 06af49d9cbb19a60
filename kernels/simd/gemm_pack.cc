#include "kernels/simd/gemm_pack.h"

#include <algorithm>
#include <cstring>

namespace octet {
namespace simd {
namespace {

// Four bytes of each channel in turn, from rows of `row_bytes`. A cache line of each row at a time,
// since rows whose distance is a power of two share few places in the cache.
void Interleave(const int8_t* rows, int64_t row_bytes, int64_t channels, int8_t* to) {
  constexpr int64_t kLine = 64;
  for (int64_t line = 0; line < row_bytes; line += kLine) {
    const int64_t end = std::min(row_bytes, line + kLine);
    for (int64_t c = 0; c < channels; ++c) {
      const int8_t* row = rows + c * row_bytes;
      for (int64_t k = line; k < end; k += 4) std::memcpy(to + k * channels + 4 * c, row + k, 4);
    }
  }
}

void PackBlocks(absl::Span<const GemmBlock> blocks, int64_t row_bytes, FillRows fill, int32_t* sums,
                int8_t* to) {
  std::vector<int8_t> rows;
  for (const GemmBlock& block : blocks) {
    const int64_t width = block.vectors * kChannelsPerVector;
    rows.assign(static_cast<size_t>(width * row_bytes), 0);
    fill(block.channel, block.count, rows.data(), row_bytes);
    for (int64_t c = 0; c < block.count; ++c) {
      const int8_t* row = rows.data() + c * row_bytes;
      int32_t sum = 0;
      for (int64_t k = 0; k < row_bytes; ++k) sum += row[k];
      sums[block.channel + c] = sum;
    }
    Interleave(rows.data(), row_bytes, width, to + block.position * row_bytes);
  }
}

}  // namespace

const GemmCode& GemmCodeFor(Isa isa) {
  switch (isa) {
    case Isa::kAvx512Vnni:
      return kGemmAvx512Vnni;
    case Isa::kAvxVnni:
      return kGemmAvxVnni;
    case Isa::kAvx2:
      return kGemmAvx2;
    default:
      return kGemmScalar;
  }
}

std::vector<GemmBlock> MakeGemmBlocks(int64_t channels, int64_t groups, int max_vectors) {
  std::vector<GemmBlock> blocks;
  const int64_t per_group = channels / groups;
  const int64_t vectors = (per_group + kChannelsPerVector - 1) / kChannelsPerVector;
  const int64_t count = (vectors + max_vectors - 1) / max_vectors;
  int64_t position = 0;
  for (int64_t group = 0; group < groups; ++group) {
    int64_t done = 0;
    for (int64_t i = 0; i < count; ++i) {
      GemmBlock block;
      block.group = group;
      block.channel = group * per_group + done;
      block.vectors = static_cast<int32_t>(vectors / count + (i < vectors % count ? 1 : 0));
      const int64_t width = block.vectors * kChannelsPerVector;
      block.count = static_cast<int32_t>(std::min(width, per_group - done));
      block.position = position;
      done += block.count;
      position += width;
      blocks.push_back(block);
    }
  }
  return blocks;
}

std::vector<int64_t> GemmOrder(absl::Span<const GemmBlock> blocks) {
  std::vector<int64_t> order;
  for (const GemmBlock& block : blocks) {
    for (int64_t c = 0; c < block.vectors * kChannelsPerVector; ++c) {
      order.push_back(c < block.count ? block.channel + c : -1);
    }
  }
  return order;
}

PackedGemm PackGemm(PackedWeights* packed, const std::string& key,
                    absl::Span<const GemmBlock> blocks, int64_t channels, int64_t row_bytes,
                    FillRows fill) {
  const int64_t positions = blocks.back().position + blocks.back().vectors * kChannelsPerVector;
  const size_t sums = (static_cast<size_t>(channels) * sizeof(int32_t) + 63) / 64 * 64;
  const uint8_t* data =
      packed->GetOrPack(key, sums + static_cast<size_t>(positions * row_bytes), [&](uint8_t* to) {
        PackBlocks(blocks, row_bytes, fill, reinterpret_cast<int32_t*>(to),
                   reinterpret_cast<int8_t*>(to + sums));
      });
  return {reinterpret_cast<const int8_t*>(data + sums),
          {reinterpret_cast<const int32_t*>(data), static_cast<size_t>(channels)}};
}

}  // namespace simd
}  // namespace octet

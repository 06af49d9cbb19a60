#include "kernels/simd/gemm_pack.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>

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

// Rows of s16 to pairs of rows, low before high, vector by vector.
std::vector<int16_t> ToTerms(const std::vector<int16_t>& rows, int64_t row_words) {
  std::vector<int16_t> terms(2 * rows.size());
  const auto vector = static_cast<size_t>(kChannelsPerVector * row_words);
  for (size_t i = 0; i < rows.size(); ++i) {
    const Terms t = SplitTerms(rows[i]);
    const size_t to = i / vector * 2 * vector + i % vector;
    terms[to] = t.low;
    terms[to + vector] = t.high;
  }
  return terms;
}

// The sum of magnitudes of `count` numbers, as far as s32 holds it.
int32_t Magnitude(const int16_t* row, int64_t count) {
  int64_t sum = 0;
  for (int64_t k = 0; k < count; ++k) sum += std::abs(int{row[k]});
  return static_cast<int32_t>(std::min<int64_t>(sum, std::numeric_limits<int32_t>::max()));
}

class Packer {
 public:
  Packer(const GemmRows& rows, FillRows fill, int32_t* sums)
      : form_(rows.form), row_bytes_(rows.row_bytes()), fill_(fill), sums_(sums) {}

  void Pack(const GemmBlock& block, int8_t* to) {
    const int64_t width = block.vectors * kChannelsPerVector;
    if (form_ == GemmForm::kBytes) {
      bytes_.assign(static_cast<size_t>(width * row_bytes_), 0);
      fill_(block.channel, block.count, bytes_.data(), row_bytes_);
      for (int64_t c = 0; c < block.count; ++c) {
        const int8_t* row = bytes_.data() + c * row_bytes_;
        sums_[block.channel + c] = std::accumulate(row, row + row_bytes_, int32_t{0});
      }
      return Interleave(bytes_.data(), row_bytes_, width, to);
    }
    const int64_t row_words = row_bytes_ / 2;
    words_.assign(static_cast<size_t>(width * row_words), 0);
    fill_(block.channel, block.count, reinterpret_cast<int8_t*>(words_.data()), row_bytes_);
    const int terms = TermsOf(form_);
    if (terms == 2) words_ = ToTerms(words_, row_words);
    for (int64_t c = 0; c < block.count; ++c) {
      const int64_t vector = c / kChannelsPerVector, lane = c % kChannelsPerVector;
      int32_t largest = 0;
      for (int64_t term = 0; term < terms; ++term) {
        const int64_t row = (vector * terms + term) * kChannelsPerVector + lane;
        largest = std::max(largest, Magnitude(words_.data() + row * row_words, row_words));
      }
      sums_[block.channel + c] = largest;
    }
    Interleave(reinterpret_cast<const int8_t*>(words_.data()), row_bytes_, width * terms, to);
  }

 private:
  const GemmForm form_;
  const int64_t row_bytes_;
  const FillRows fill_;
  int32_t* const sums_;
  std::vector<int8_t> bytes_;
  std::vector<int16_t> words_;
};

// Whether no lane's sum of magnitudes in any of the parts exceeds kMaxMagnitude.
bool PartsFit(absl::Span<const GemmPart> parts, const int16_t* weights, int64_t lanes) {
  std::vector<int64_t> sums;
  for (const GemmPart& part : parts) {
    sums.assign(static_cast<size_t>(lanes), 0);
    const int64_t groups =
        (part.segment_end - part.segment_begin) * (part.group_end - part.group_begin);
    for (int64_t g = 0; g < groups; ++g, weights += 2 * lanes) {
      for (int64_t i = 0; i < lanes; ++i) {
        sums[static_cast<size_t>(i)] +=
            std::abs(int{weights[2 * i]}) + std::abs(int{weights[2 * i + 1]});
      }
    }
    if (*std::max_element(sums.begin(), sums.end()) > kMaxMagnitude) return false;
  }
  return true;
}

// The largest of ever smaller parts that fits the packed weights.
int64_t ChoosePart(const GemmRows& rows, absl::Span<const GemmBlock> blocks,
                   const int8_t* weights) {
  int64_t part = rows.segments * rows.groups;
  const auto fits = [&] {
    const std::vector<GemmPart> parts = MakeGemmParts(rows, part);
    return std::all_of(blocks.begin(), blocks.end(), [&](const GemmBlock& block) {
      const int8_t* from = weights + block.position * rows.packed_bytes();
      return PartsFit(parts, reinterpret_cast<const int16_t*>(from),
                      block.vectors * kChannelsPerVector * TermsOf(rows.form));
    });
  };
  while (part > 1 && !fits()) part = (part + 1) / 2;
  return part;
}

}  // namespace

const GemmCode& GemmCodeFor(Isa isa, GemmForm form) {
  // By instruction set and form.
  static const GemmCode* const kCodes[][3] = {
      {&kGemmScalar, &kGemmWordsScalar, &kGemmSplitWordsScalar},
      {&kGemmAvx2, &kGemmWordsAvx2, &kGemmSplitWordsAvx2},
      {&kGemmAvxVnni, &kGemmWordsAvxVnni, &kGemmSplitWordsAvxVnni},
      {&kGemmAvx512Vnni, &kGemmWordsAvx512Vnni, &kGemmSplitWordsAvx512Vnni},
  };
  return *kCodes[static_cast<size_t>(isa)][static_cast<size_t>(form)];
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

std::vector<GemmPart> MakeGemmParts(const GemmRows& rows, int64_t part_groups) {
  std::vector<GemmPart> parts;
  const int64_t segments = std::max<int64_t>(1, part_groups / std::max<int64_t>(1, rows.groups));
  const int64_t groups = std::min(part_groups, rows.groups);
  for (int64_t s = 0; s < rows.segments; s += segments) {
    for (int64_t g = 0; g < rows.groups; g += groups) {
      parts.push_back(
          {s, std::min(s + segments, rows.segments), g, std::min(g + groups, rows.groups)});
    }
  }
  if (parts.empty()) parts.push_back({0, rows.segments, 0, rows.groups});  // of nothing
  return parts;
}

PackedGemm PackGemm(PackedWeights* packed, const std::string& key, const GemmRows& rows,
                    absl::Span<const GemmBlock> blocks, int64_t channels, FillRows fill) {
  const int64_t positions = blocks.back().position + blocks.back().vectors * kChannelsPerVector;
  // The part comes first, then the sums, then the weights.
  constexpr size_t kPart = sizeof(int64_t);
  const size_t header = (kPart + static_cast<size_t>(channels) * sizeof(int32_t) + 63) / 64 * 64;
  const uint8_t* data = packed->GetOrPack(
      key, header + static_cast<size_t>(positions * rows.packed_bytes()), [&](uint8_t* to) {
        Packer packer(rows, fill, reinterpret_cast<int32_t*>(to + kPart));
        auto* weights = reinterpret_cast<int8_t*>(to + header);
        for (const GemmBlock& block : blocks) {
          packer.Pack(block, weights + block.position * rows.packed_bytes());
        }
        const bool words = rows.form != GemmForm::kBytes;
        const int64_t part =
            words ? ChoosePart(rows, blocks, weights) : rows.segments * rows.groups;
        std::memcpy(to, &part, kPart);
      });
  const absl::Span<const int32_t> sums(reinterpret_cast<const int32_t*>(data + kPart),
                                       static_cast<size_t>(channels));
  PackedGemm result = {reinterpret_cast<const int8_t*>(data + header), sums, sums, 0};
  std::memcpy(&result.part_groups, data, kPart);
  return result;
}

}  // namespace simd
}  // namespace octet

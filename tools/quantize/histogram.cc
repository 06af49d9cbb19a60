#include "tools/quantize/histogram.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace octet {
namespace {

double BinOf(float value, int exponent) {
  return std::floor(std::ldexp(static_cast<double>(value), -exponent));
}

// Values are counted in pieces that a u32 counter can hold, in blocks whose size is known to the
// compiler.
constexpr size_t kPiece = size_t{1} << 28;
constexpr size_t kBlock = 256;

// Neighbouring values often fall into the same bin, and a counter must be written before it can be
// read again: with four tables the processor need not wait.
constexpr size_t kTables = 4;
using Tables = std::array<std::array<uint32_t, Histogram::kMaxBins>, kTables>;

// The bins of a block of values, and how many of them are 0. Multiplying with a power of two is
// exact, and so is the conversion: a bin's number is small.
uint32_t LocateBlock(const float* values, float bins_per_unit, int32_t first, int32_t* bins) {
  uint32_t zeros = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const float position = values[i] * bins_per_unit;
    const auto truncated = static_cast<int32_t>(position);
    const bool below = position < static_cast<float>(truncated);
    bins[i] = truncated - static_cast<int32_t>(below) - first;
    zeros += static_cast<uint32_t>(values[i] == 0.0f);
  }
  return zeros;
}

}  // namespace

void Histogram::Cover(const Range& extremes) {
  const float low = std::min(0.0f, extremes.min);
  const float high = std::max(0.0f, extremes.max);
  const int64_t end = first + bins();
  const auto first_bin = [&](int e) {
    const double old = counts.empty() ? 0.0 : std::ldexp(static_cast<double>(first), exponent - e);
    return std::min(BinOf(low, e), std::floor(old));
  };
  const auto last_bin = [&](int e) {
    const double old =
        counts.empty() ? 0.0 : std::ldexp(static_cast<double>(end - 1), exponent - e);
    return std::max(BinOf(high, e), std::floor(old));
  };
  int new_exponent = exponent;
  while (last_bin(new_exponent) - first_bin(new_exponent) >= kMaxBins) ++new_exponent;
  const auto new_first = static_cast<int64_t>(first_bin(new_exponent));
  const auto new_bins = static_cast<size_t>(last_bin(new_exponent) - first_bin(new_exponent)) + 1;
  if (new_exponent == exponent && new_first == first && new_bins == counts.size()) return;

  std::vector<int64_t> merged(new_bins, 0);
  const int shift = std::min(new_exponent - exponent, 62);
  for (int64_t i = 0; i < bins(); ++i) {
    merged[static_cast<size_t>(((first + i) >> shift) - new_first)] +=
        counts[static_cast<size_t>(i)];
  }
  counts = std::move(merged);
  first = new_first;
  exponent = new_exponent;
}

void Histogram::Add(absl::Span<const float> values, const Range& extremes) {
  if (values.empty()) return;
  Cover(extremes);
  const float bins_per_unit = std::ldexp(1.0f, -exponent);
  const auto first_bin = static_cast<int32_t>(first);
  Tables tables;
  for (size_t begin = 0; begin < values.size(); begin += kPiece) {
    const size_t size = std::min(kPiece, values.size() - begin);
    for (auto& table : tables) std::fill_n(table.begin(), counts.size(), 0u);
    uint32_t zero_count = 0;
    for (size_t i = 0; i < size; i += kBlock) {
      std::array<int32_t, kBlock> located;
      const size_t block = std::min(kBlock, size - i);
      const float* source = values.data() + begin + i;
      std::array<float, kBlock> rest;
      if (block < kBlock) {
        rest.fill(1.0f);
        std::memcpy(rest.data(), source, block * sizeof(float));
        source = rest.data();
      }
      zero_count += LocateBlock(source, bins_per_unit, first_bin, located.data());
      for (size_t k = 0; k < block; ++k) {
        ++tables[k % kTables][static_cast<size_t>(located[k])];
      }
    }
    for (const auto& table : tables) {
      for (size_t i = 0; i < counts.size(); ++i) counts[i] += table[i];
    }
    zeros += zero_count;
    counts[static_cast<size_t>(-first)] -= zero_count;
  }
}

}  // namespace octet

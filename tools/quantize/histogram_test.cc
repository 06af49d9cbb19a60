#include "tools/quantize/histogram.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "gtest/gtest.h"

namespace octet {
namespace {

void Add(Histogram& histogram, absl::Span<const float> values) {
  if (values.empty()) return;
  const auto ends = std::minmax_element(values.begin(), values.end());
  histogram.Add(values, {*ends.first, *ends.second});
}

Histogram Of(absl::Span<const float> values) {
  Histogram histogram;
  Add(histogram, values);
  return histogram;
}

int64_t Total(const Histogram& h) {
  return std::accumulate(h.counts.begin(), h.counts.end(), h.zeros);
}

std::vector<float> Normal(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution(0.3f, 2);
  std::vector<float> values(size);
  for (float& v : values) v = distribution(random);
  return values;
}

TEST(HistogramTest, CountsByTheNumbersOnABinsEdges) {
  const Histogram h = Of({0, -0.0f, 1, 1.5f, -0.25f, 2047});
  EXPECT_EQ(h.exponent, 1);  // from -1 to 2047 are 2049 bins of width 1
  EXPECT_EQ(h.first, -1);
  EXPECT_EQ(h.bins(), 1 + 1024);
  EXPECT_EQ(h.zeros, 2);
  EXPECT_EQ(h.counts[0], 1);
  EXPECT_EQ(h.counts[1], 2);  // 1 and 1.5, not the zeros
  EXPECT_EQ(h.counts[1024], 1);
  EXPECT_EQ(Of({2047, 0}).exponent, 0);
}

TEST(HistogramTest, EachValueLiesInItsBin) {
  const std::vector<float> values = Normal(10001, 1);
  const Histogram h = Of(values);
  std::vector<int64_t> expected(h.counts.size(), 0);
  for (float v : values) {
    const auto bin = static_cast<int64_t>(std::floor(static_cast<double>(v) / h.width()));
    ++expected[static_cast<size_t>(bin - h.first)];
  }
  EXPECT_EQ(h.counts, expected);
  EXPECT_GT(h.bins(), Histogram::kMaxBins / 2);
  EXPECT_LE(h.bins(), Histogram::kMaxBins);
}

TEST(HistogramTest, DependsNeitherOnOrderNorOnPieces) {
  std::vector<float> values = Normal(5000, 2);
  values.insert(values.end(), 700, 0.0f);
  values.push_back(1e4f);
  values.push_back(-3e-6f);
  const Histogram whole = Of(values);
  for (uint32_t seed = 0; seed < 5; ++seed) {
    std::mt19937 random(seed);
    std::shuffle(values.begin(), values.end(), random);
    Histogram pieces;
    for (size_t at = 0; at < values.size();) {
      const size_t size = std::min<size_t>(random() % 700, values.size() - at);
      Add(pieces, absl::MakeSpan(values).subspan(at, size));
      at += size;
    }
    EXPECT_EQ(pieces, whole);
  }
}

TEST(HistogramTest, SizeDoesNotGrowWithTheNumberOfValues) {
  Histogram h;
  for (uint32_t i = 0; i < 200; ++i) {
    Add(h, Normal(1000, i));
    EXPECT_LE(h.counts.capacity(), static_cast<size_t>(Histogram::kMaxBins));
  }
  EXPECT_EQ(Total(h), 200000);
}

TEST(HistogramTest, TakesTheExtremesOfFloat) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr float kSmallest = std::numeric_limits<float>::denorm_min();
  Histogram h = Of({kSmallest, -kSmallest});
  EXPECT_EQ(h.exponent, Histogram::kMinExponent);
  EXPECT_EQ(h.counts, (std::vector<int64_t>{1, 1}));
  Add(h, {kLargest, -kLargest, 1});
  EXPECT_LE(h.exponent, Histogram::kMaxExponent);
  EXPECT_LE(h.bins(), Histogram::kMaxBins);
  EXPECT_EQ(Total(h), 5);
  EXPECT_EQ(h.counts.front(), 1);
  EXPECT_EQ(h.counts.back(), 1);
  EXPECT_EQ(h.counts[static_cast<size_t>(-h.first)], 2);      // 1 and the smallest
  EXPECT_EQ(h.counts[static_cast<size_t>(-h.first) - 1], 1);  // the negative smallest
}

TEST(HistogramTest, ZerosOnlyAndOneSign) {
  const Histogram zeros = Of(std::vector<float>(1000, 0.0f));
  EXPECT_EQ(zeros.zeros, 1000);
  EXPECT_EQ(Total(zeros), 1000);
  const Histogram positive = Of({3, 5});
  EXPECT_EQ(positive.first, 0);
  const Histogram negative = Of({-3, -5});
  EXPECT_EQ(negative.first + negative.bins(), 1);  // the bin of 0 is the last one
}

}  // namespace
}  // namespace octet

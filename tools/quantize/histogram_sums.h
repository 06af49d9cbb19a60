#ifndef OCTET_TOOLS_QUANTIZE_HISTOGRAM_SUMS_H_
#define OCTET_TOOLS_QUANTIZE_HISTOGRAM_SUMS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tools/quantize/scheme.h"
#include "tools/quantize/statistics.h"

namespace octet {

// Sums over bins, so that those over any run of bins are differences of two. Values count as the
// middle of their bin. Lengths are in widths of a bin, positions in bins from 0: negative numbers
// lie at negative positions.
class HistogramSums {
 public:
  struct Sums {
    double count = 0;
    double value = 0;      // of the middles
    double square = 0;     // of the middles' squares
    double count_log = 0;  // of count * log(count)
    double occupied = 0;   // bins that are not empty
  };

  explicit HistogramSums(const Histogram& histogram);

  int64_t first() const { return first_; }
  int64_t end() const { return first_ + static_cast<int64_t>(sums_.size()) - 1; }
  double count_of(int64_t bin) const { return Between(bin, bin + 1).count; }

  // The sums over bins [begin, end). Requires first() <= begin <= end <= end().
  Sums Between(int64_t begin, int64_t end) const {
    const Sums& a = sums_[static_cast<size_t>(begin - first_)];
    const Sums& b = sums_[static_cast<size_t>(end - first_)];
    return {b.count - a.count, b.value - a.value, b.square - a.square, b.count_log - a.count_log,
            b.occupied - a.occupied};
  }

  // The first of the bins [begin, end] whose middle is not below `position`.
  static int64_t BinFrom(double position, int64_t begin, int64_t end) {
    return static_cast<int64_t>(std::clamp(std::ceil(position - 0.5), static_cast<double>(begin),
                                           static_cast<double>(end)));
  }

  // Calls fn(k, from, to) for each integer of the scheme that stands for some of the bins
  // [begin, end): k is the integer minus its zero point, and the bins [from, to) are rounded to
  // k * scale, or lie beyond the last integer. A middle between two integers goes to the upper one.
  template <typename Fn>
  static void ForEachLevel(double scale, int32_t zero_point, const IntRange& integers,
                           int64_t begin, int64_t end, Fn fn) {
    int64_t from = begin;
    for (int32_t q = integers.min; q <= integers.max && from < end; ++q) {
      const int32_t k = q - zero_point;
      const int64_t to = q == integers.max ? end : BinFrom((k + 0.5) * scale, from, end);
      if (to > from) fn(k, from, to);
      from = to;
    }
  }

 private:
  int64_t first_;
  std::vector<Sums> sums_;  // over all bins before
};

// Where the ends of a range may lie, in bins: `low` at -low[i], `high` at high[j]. A symmetric
// range has both at high[j], and `low` is empty. Lists go from the widest end to the narrowest.
struct CandidateEnds {
  std::vector<int64_t> low;
  std::vector<int64_t> high;
};

// The ends that a search tries: edges of bins, neighbours a 64th of their distance from 0 apart,
// but at least a bin. The widest hold all values; the narrowest is 0, or one bin if symmetric.
CandidateEnds CandidatesOf(const Histogram& histogram, bool symmetric);

// The range between two candidates, cut down to the values that were seen.
Range CandidateRange(const TensorStatistics& statistics, bool symmetric, int64_t low, int64_t high);

// Calls fn(low, high) for all pairs of candidates: first for those narrowed alike at both ends,
// which are likely to be good, then for all. Without (0, 0), which would hold nothing.
template <typename Fn>
void ForEachCandidate(const CandidateEnds& ends, Fn fn) {
  if (ends.low.empty()) {
    for (int64_t high : ends.high) fn(high, high);
    return;
  }
  const auto visit = [&](int64_t low, int64_t high) {
    if (low != 0 || high != 0) fn(low, high);
  };
  for (size_t i = 0; i < std::max(ends.low.size(), ends.high.size()); ++i) {
    visit(ends.low[std::min(i, ends.low.size() - 1)], ends.high[std::min(i, ends.high.size() - 1)]);
  }
  for (int64_t low : ends.low) {
    for (int64_t high : ends.high) visit(low, high);
  }
}

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_HISTOGRAM_SUMS_H_

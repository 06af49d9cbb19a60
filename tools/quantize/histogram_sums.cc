#include "tools/quantize/histogram_sums.h"

#include <cmath>

namespace octet {
namespace {

std::vector<int64_t> EndsFrom(int64_t widest, int64_t narrowest) {
  constexpr int64_t kSpacing = 64;
  std::vector<int64_t> ends;
  for (int64_t end = widest; end >= narrowest; end -= std::max<int64_t>(1, end / kSpacing)) {
    ends.push_back(end);
  }
  return ends;
}

}  // namespace

HistogramSums::HistogramSums(const Histogram& histogram) : first_(histogram.first), sums_(1) {
  for (int64_t i = 0; i < histogram.bins(); ++i) {
    const auto count = static_cast<double>(histogram.counts[static_cast<size_t>(i)]);
    const double middle = static_cast<double>(first_ + i) + 0.5;
    Sums next = sums_.back();
    next.count += count;
    next.value += count * middle;
    next.square += count * middle * middle;
    if (count > 0) {
      next.count_log += count * std::log(count);
      next.occupied += 1;
    }
    sums_.push_back(next);
  }
}

CandidateEnds CandidatesOf(const Histogram& histogram, bool symmetric) {
  const int64_t low = -histogram.first;
  const int64_t high = histogram.first + histogram.bins();
  if (symmetric) return {{}, EndsFrom(std::max(low, high), 1)};
  return {EndsFrom(low, 0), EndsFrom(high, 0)};
}

Range CandidateRange(const TensorStatistics& statistics, bool symmetric, int64_t low,
                     int64_t high) {
  const double width = statistics.histogram.width();
  const double least = std::min(0.0f, statistics.extremes.min);
  const double most = std::max(0.0f, statistics.extremes.max);
  const double reach = std::max(-least, most);
  return {
      static_cast<float>(std::max(-static_cast<double>(low) * width, symmetric ? -reach : least)),
      static_cast<float>(std::min(static_cast<double>(high) * width, symmetric ? reach : most)),
      symmetric};
}

}  // namespace octet

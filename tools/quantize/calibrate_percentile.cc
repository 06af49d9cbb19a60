#include "tools/quantize/calibrator.h"
#include "tools/quantize/histogram_sums.h"

namespace octet {

Range PercentileRange(const TensorStatistics& statistics, double percentile,
                      const ActivationScheme& scheme) {
  const HistogramSums sums(statistics.histogram);
  const double outside = static_cast<double>(statistics.count) * (100 - percentile) / 100;
  const auto below = [&](int64_t low) {
    return sums.Between(sums.first(), std::max(-low, sums.first())).count;
  };
  const auto above = [&](int64_t high) {
    return sums.Between(std::min(high, sums.end()), sums.end()).count;
  };
  int64_t low = 0, high = 0;
  if (scheme.symmetric) {
    while (below(high) + above(high) > outside) ++high;
    low = high;
  } else {
    while (below(low) > outside / 2) ++low;
    while (above(high) > outside / 2) ++high;
  }
  // A rare value must not be lost altogether.
  if (low == 0 && high == 0) return statistics.extremes;
  return CandidateRange(statistics, scheme.symmetric, low, high);
}

}  // namespace octet

#include <limits>

#include "tools/quantize/calibrator.h"
#include "tools/quantize/histogram_sums.h"

namespace octet {
namespace {

// Sum of squares of the distances from `position`.
double SquaresAround(const HistogramSums::Sums& sums, double position) {
  return sums.square - 2 * position * sums.value + position * position * sums.count;
}

// No more than the error of the values beyond both ends, of which integers reach one scale beyond
// at most.
double ErrorOutside(const HistogramSums& sums, double low, double high) {
  const int64_t from = HistogramSums::BinFrom(low, sums.first(), sums.end());
  const int64_t to = HistogramSums::BinFrom(high, from, sums.end());
  return SquaresAround(sums.Between(sums.first(), from), low) +
         SquaresAround(sums.Between(to, sums.end()), high);
}

double ErrorOf(const HistogramSums& sums, double scale, int32_t zero_point,
               const IntRange& integers) {
  double error = 0;
  HistogramSums::ForEachLevel(scale, zero_point, integers, sums.first(), sums.end(),
                              [&](int32_t k, int64_t from, int64_t to) {
                                error += SquaresAround(sums.Between(from, to), k * scale);
                              });
  return error;
}

}  // namespace

Range MseRange(const TensorStatistics& statistics, const ActivationScheme& scheme) {
  const HistogramSums sums(statistics.histogram);
  const double width = statistics.histogram.width();
  const IntRange integers = scheme.integers();
  double least_error = std::numeric_limits<double>::infinity();
  Range best;
  const auto consider = [&](int64_t low, int64_t high) {
    const Range range = CandidateRange(statistics, scheme.symmetric, low, high);
    const QuantParams params = ActivationParams(range, scheme.type);
    const double scale = params.scale() / width;
    const double outside = ErrorOutside(sums, range.min / width - scale, range.max / width + scale);
    if (outside >= least_error) return;
    const double error = ErrorOf(sums, scale, params.zero_point(), integers);
    if (error >= least_error) return;
    least_error = error;
    best = range;
  };
  ForEachCandidate(CandidatesOf(statistics.histogram, scheme.symmetric), consider);
  return best;
}

}  // namespace octet

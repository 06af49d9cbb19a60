#include <cmath>
#include <limits>

#include "tools/quantize/calibrator.h"
#include "tools/quantize/histogram_sums.h"

namespace octet {
namespace {

constexpr double kMostBins = 2.0 * Histogram::kMaxBins;

// n * log(n), and its limit at 0.
double CountLog(double n) { return n > 0 ? n * std::log(n) : 0.0; }

// P and Q of the bins [begin, end), times the number of values.
class Divergence {
 public:
  Divergence(const HistogramSums& sums, int64_t zeros, int64_t begin, int64_t end)
      : sums_(sums),
        begin_(begin),
        last_(end - 1),
        below_(sums.Between(sums.first(), begin).count),
        above_(sums.Between(end, sums.end()).count),
        total_(sums.Between(sums.first(), sums.end()).count + static_cast<double>(zeros)) {}

  // No more than D(P || Q): that of P and Q with the bins around each end merged into one, and all
  // others left apart from what Q lacks. The integers at the ends have bins up to one scale
  // inwards.
  double LowerBound(double scale) const {
    const auto reach = static_cast<int64_t>(std::min(2 * scale, kMostBins)) + 1;
    if (last_ + 1 - begin_ < 2 * reach) return 0;
    return Normalization(std::max(1.0, inside())) +
           Added(sums_.Between(begin_, begin_ + reach).count, below_) +
           Added(sums_.Between(last_ + 1 - reach, last_ + 1).count, above_);
  }

  double Of(double scale, int32_t zero_point, const IntRange& integers) const {
    double sum = sums_.Between(begin_, last_ + 1).count_log;
    double q_total = inside();
    sum += AddedCountLog(begin_, below_ + (begin_ == last_ ? above_ : 0));
    if (begin_ != last_) sum += AddedCountLog(last_, above_);
    HistogramSums::ForEachLevel(scale, zero_point, integers, begin_, last_ + 1,
                                [&](int32_t, int64_t from, int64_t to) {
                                  const HistogramSums::Sums level = sums_.Between(from, to);
                                  double p = level.count, occupied = level.occupied;
                                  if (from == begin_) AddBeyond(begin_, below_, p, occupied);
                                  if (to == last_ + 1) AddBeyond(last_, above_, p, occupied);
                                  if (p == 0) return;
                                  if (level.count == 0) q_total += 1;
                                  sum -= p * std::log(std::max(1.0, level.count) / occupied);
                                });
    return sum + Normalization(q_total);
  }

 private:
  double inside() const { return total_ - below_ - above_; }

  // What comes of Q having `count` values in all where P has all.
  double Normalization(double count) const { return total_ * std::log(count / total_); }

  // What comes of values from beyond the range where Q has `count` values, or one more.
  static double Added(double count, double beyond) {
    return beyond > 0 ? (count + beyond) * std::log((count + beyond) / (count + 1)) : 0.0;
  }

  double AddedCountLog(int64_t bin, double beyond) const {
    const double count = sums_.count_of(bin);
    return CountLog(count + beyond) - CountLog(count);
  }

  void AddBeyond(int64_t bin, double beyond, double& p, double& occupied) const {
    p += beyond;
    if (beyond > 0 && sums_.count_of(bin) == 0) occupied += 1;
  }

  const HistogramSums& sums_;
  const int64_t begin_;
  const int64_t last_;
  const double below_;  // values below the range
  const double above_;
  const double total_;
};

}  // namespace

Range EntropyRange(const TensorStatistics& statistics, const ActivationScheme& scheme) {
  const HistogramSums sums(statistics.histogram);
  const double width = statistics.histogram.width();
  const IntRange integers = scheme.integers();
  double least = std::numeric_limits<double>::infinity();
  Range best;
  const auto consider = [&](int64_t low, int64_t high) {
    const int64_t begin = std::max(sums.first(), -low);
    const int64_t end = std::min(sums.end(), high);
    const bool widest = begin == sums.first() && end == sums.end();
    if (!widest && end - begin <= integers.max - integers.min) return;
    const Divergence divergence(sums, statistics.histogram.zeros, begin, end);
    const Range range = CandidateRange(statistics, scheme.symmetric, low, high);
    const QuantParams params = ActivationParams(range, scheme.type);
    const double scale = params.scale() / width;
    if (divergence.LowerBound(scale) >= least) return;
    const double of = divergence.Of(scale, params.zero_point(), integers);
    if (of >= least) return;
    least = of;
    best = range;
  };
  ForEachCandidate(CandidatesOf(statistics.histogram, scheme.symmetric), consider);
  return best;
}

}  // namespace octet

#include "tools/quantize/calibrator.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <random>

#include "gtest/gtest.h"
#include "tools/quantize/observer.h"

namespace octet {
namespace {

constexpr ActivationScheme kSchemes[] = {
    {DataType::kU8, false}, {DataType::kS8, false}, {DataType::kS8, true}};

TensorStatistics StatisticsOf(const std::vector<float>& values) {
  Observer observer;
  EXPECT_TRUE(observer.Observe(values).ok());
  return observer.statistics();
}

using Draw = std::function<float(std::mt19937&)>;

std::vector<float> Sampled(size_t size, const Draw& draw) {
  std::mt19937 random(7);
  std::vector<float> values(size);
  for (float& v : values) v = draw(random);
  return values;
}

std::map<std::string, std::vector<float>> Distributions() {
  std::normal_distribution<float> normal(0, 1);
  std::map<std::string, std::vector<float>> result;
  const auto draw_normal = [=](std::mt19937& r) mutable { return normal(r); };
  result["normal"] = Sampled(20000, draw_normal);
  result["few normal"] = Sampled(50, draw_normal);
  result["ReLU"] = Sampled(20000, [=](auto& r) mutable { return std::max(0.0f, normal(r)); });
  result["clipped"] =
      Sampled(20000, [=](auto& r) mutable { return std::clamp(3 * normal(r) + 1, 0.0f, 6.0f); });
  result["negative"] = Sampled(20000, [=](auto& r) mutable { return -5 - std::abs(normal(r)); });
  result["skewed"] = Sampled(20000, [=](auto& r) mutable {
    const float x = normal(r);
    return x < 0 ? 0.1f * x : 4 * x * x;
  });
  result["heavy tail"] = Sampled(20000, [=](auto& r) mutable {
    const float x = normal(r);
    return std::clamp(x / std::max(1e-4f, std::abs(normal(r))), -3000.0f, 1000.0f);
  });
  result["bimodal"] =
      Sampled(20000, [=](auto& r) mutable { return (r() % 2 == 0 ? -2.0f : 9.0f) + normal(r); });
  result["constant"] = std::vector<float>(1000, 3.0f);
  result["all zero"] = std::vector<float>(1000, 0.0f);
  result["one value"] = {-0.75f};
  result["one outlier"] = Sampled(20000, draw_normal);
  result["one outlier"][5] = 700;
  return result;
}

// An occupied or empty bin as the definitions see it.
struct Bin {
  double low_edge, high_edge, middle, count;
};

std::vector<Bin> BinsOf(const Histogram& h) {
  std::vector<Bin> bins;
  for (int64_t i = 0; i < h.bins(); ++i) {
    const double low = static_cast<double>(h.first + i) * h.width();
    bins.push_back({low, low + h.width(), low + h.width() / 2,
                    static_cast<double>(h.counts[static_cast<size_t>(i)])});
  }
  return bins;
}

// Every range that the definitions let the searches choose from.
std::vector<Range> AllCandidates(const TensorStatistics& s, const ActivationScheme& scheme) {
  const auto ends = [](int64_t from, int64_t to) {
    std::vector<int64_t> result;
    while (from >= to) {
      result.push_back(from);
      from -= from < 128 ? 1 : from / 64;
    }
    return result;
  };
  const double w = s.histogram.width();
  const float least = std::min(0.0f, s.extremes.min), most = std::max(0.0f, s.extremes.max);
  const float reach = std::max(-least, most);
  const int64_t below = -s.histogram.first, above = s.histogram.first + s.histogram.bins();
  std::vector<Range> result;
  if (scheme.symmetric) {
    for (int64_t end : ends(std::max(below, above), 1)) {
      const float a = std::min(static_cast<float>(static_cast<double>(end) * w), reach);
      result.push_back({-a, a, true});
    }
    return result;
  }
  for (int64_t low : ends(below, 0)) {
    for (int64_t high : ends(above, 0)) {
      if (low == 0 && high == 0) continue;
      result.push_back({std::max(static_cast<float>(-static_cast<double>(low) * w), least),
                        std::min(static_cast<float>(static_cast<double>(high) * w), most)});
    }
  }
  return result;
}

int LevelOf(double value, const QuantParams& params, const IntRange& integers) {
  const double q = std::floor(value / params.scale() + 0.5) + params.zero_point();
  return static_cast<int>(
      std::clamp(q, static_cast<double>(integers.min), static_cast<double>(integers.max)));
}

double NaiveMse(const std::vector<Bin>& bins, const Range& range, const ActivationScheme& scheme) {
  const QuantParams params = ActivationParams(range, scheme.type);
  double sum = 0;
  for (const Bin& bin : bins) {
    if (bin.count == 0) continue;
    const int q = LevelOf(bin.middle, params, scheme.integers());
    const double error = bin.middle - params.scale() * static_cast<double>(q - params.zero_point());
    sum += bin.count * error * error;
  }
  return sum;
}

// D(P || Q), bin by bin. Infinite for ranges that are no candidates.
double NaiveDivergence(const std::vector<Bin>& bins, double zeros, const Range& range,
                       const ActivationScheme& scheme) {
  const double w = bins[0].high_edge - bins[0].low_edge;
  const double low = std::floor(range.min / w) * w, high = std::ceil(range.max / w) * w;
  std::vector<Bin> inside;
  double below = 0, above = 0, total = zeros, q_total = zeros;
  for (const Bin& bin : bins) {
    total += bin.count;
    // The bin of 0 is there even when no value lies in it.
    if (bin.high_edge <= low)
      below += bin.count;
    else if (bin.low_edge >= high && bin.low_edge > 0)
      above += bin.count;
    else if (bin.low_edge >= high && high <= 0 && range.max < 0)
      above += bin.count;
    else
      inside.push_back(bin), q_total += bin.count;
  }
  const IntRange integers = scheme.integers();
  const bool widest = inside.size() == bins.size();
  if (!widest && static_cast<int>(inside.size()) < integers.max - integers.min + 1) {
    return std::numeric_limits<double>::infinity();
  }
  const QuantParams params = ActivationParams(range, scheme.type);
  std::vector<double> p;
  std::vector<int> levels;
  for (const Bin& bin : inside) {
    p.push_back(bin.count);
    levels.push_back(LevelOf(bin.middle, params, integers));
  }
  p.front() += below;
  p.back() += above;
  std::map<int, double> level_count, level_occupied;
  for (size_t i = 0; i < p.size(); ++i) {
    level_count[levels[i]] += inside[i].count;
    if (p[i] > 0) level_occupied[levels[i]] += 1;
  }
  for (const auto& [level, occupied] : level_occupied) {
    if (level_count[level] > 0) continue;
    level_count[level] = 1;
    q_total += 1;
  }
  double sum = zeros > 0 ? zeros / total * std::log((zeros / total) / (zeros / q_total)) : 0;
  for (size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0) continue;
    const double q = level_count[levels[i]] / level_occupied[levels[i]] / q_total;
    sum += p[i] / total * std::log(p[i] / total / q);
  }
  return sum;
}

// Checks that `chosen` is a candidate and that no candidate costs less.
void ExpectBest(const Range& chosen, const std::vector<Range>& candidates,
                const std::function<double(const Range&)>& cost, const std::string& what) {
  ASSERT_TRUE(std::count(candidates.begin(), candidates.end(), chosen)) << what;
  double least = std::numeric_limits<double>::infinity();
  Range best;
  for (const Range& candidate : candidates) {
    const double c = cost(candidate);
    if (c < least) least = c, best = candidate;
  }
  EXPECT_LE(cost(chosen), least * (1 + 1e-9) + 1e-12)
      << what << ": " << chosen.min << " to " << chosen.max << " instead of " << best.min << " to "
      << best.max;
}

std::string Describe(const std::string& name, const ActivationScheme& scheme) {
  return name + (scheme.symmetric ? " symmetric" : " affine");
}

// Wide two-ended histograms have too many candidates to try each naively.
std::vector<Range> Thinned(std::vector<Range> candidates, const Range& chosen) {
  constexpr size_t kMost = 3000;
  if (candidates.size() <= kMost) return candidates;
  std::mt19937 random(3);
  std::vector<Range> result;
  const auto near = [](float a, float b) { return std::abs(a - b) <= 0.04f * std::abs(b); };
  for (const Range& c : candidates) {
    const bool close = near(c.min, chosen.min) && near(c.max, chosen.max);
    if (close || random() % (candidates.size() / kMost + 1) == 0 || c == chosen) {
      result.push_back(c);
    }
  }
  return result;
}

TEST(MseRangeTest, NoCandidateHasASmallerError) {
  for (const auto& [name, values] : Distributions()) {
    const TensorStatistics s = StatisticsOf(values);
    const std::vector<Bin> bins = BinsOf(s.histogram);
    for (const ActivationScheme& scheme : kSchemes) {
      const Range chosen = ChooseRange(s, {CalibratorKind::kMse}, scheme);
      ExpectBest(
          chosen, Thinned(AllCandidates(s, scheme), chosen),
          [&](const Range& r) { return NaiveMse(bins, r, scheme); }, Describe(name, scheme));
    }
  }
}

TEST(MseRangeTest, CutsOffWhatCostsLessThanItBrings) {
  const Range normal =
      ChooseRange(StatisticsOf(Distributions()["normal"]), {CalibratorKind::kMse}, kSchemes[0]);
  EXPECT_LT(normal.max, 4);
  EXPECT_GT(normal.max, 3);  // the best clip of a normal distribution for 8 bits is at 3.92 sigma
  const Range outlier = ChooseRange(StatisticsOf(Distributions()["one outlier"]),
                                    {CalibratorKind::kMse}, kSchemes[0]);
  EXPECT_GT(outlier.max, 100);  // a squared error of 700 weighs more than 20000 roundings
}

TEST(EntropyRangeTest, NoCandidateLosesLess) {
  for (const auto& [name, values] : Distributions()) {
    const TensorStatistics s = StatisticsOf(values);
    const std::vector<Bin> bins = BinsOf(s.histogram);
    const auto zeros = static_cast<double>(s.histogram.zeros);
    for (const ActivationScheme& scheme : kSchemes) {
      const Range chosen = ChooseRange(s, {CalibratorKind::kEntropy}, scheme);
      ExpectBest(
          chosen, Thinned(AllCandidates(s, scheme), chosen),
          [&](const Range& r) { return NaiveDivergence(bins, zeros, r, scheme); },
          Describe(name, scheme));
    }
  }
}

TEST(EntropyRangeTest, IgnoresARareOutlier) {
  const Range range = ChooseRange(StatisticsOf(Distributions()["one outlier"]),
                                  {CalibratorKind::kEntropy}, kSchemes[0]);
  EXPECT_LT(range.max, 150);
}

TEST(PercentileRangeTest, CutsOffTheRarestValuesAtBothEnds) {
  for (const auto& [name, values] : Distributions()) {
    const TensorStatistics s = StatisticsOf(values);
    const double w = s.histogram.width();
    for (double percentile : {90.0, 99.0, 99.99, 100.0}) {
      for (const ActivationScheme& scheme : kSchemes) {
        const std::string what = Describe(name, scheme) + " " + std::to_string(percentile);
        const Range range = ChooseRange(s, {CalibratorKind::kPercentile, percentile}, scheme);
        const double allowed = static_cast<double>(values.size()) * (100 - percentile) / 100;
        // How many values lie beyond the ends moved inwards by `bins`.
        const auto beyond = [&](double bins, bool low, bool high) {
          double count = 0;
          for (float v : values) {
            count += low && v < range.min + bins * w;
            count += high && v > range.max - bins * w;
          }
          return count;
        };
        if (scheme.symmetric) {
          EXPECT_LE(beyond(0, true, true), allowed) << what;
          if (range.max > w) {
            EXPECT_GT(beyond(1.001, true, true), allowed) << what;
          }
          continue;
        }
        EXPECT_LE(beyond(0, true, false), allowed / 2) << what;
        EXPECT_LE(beyond(0, false, true), allowed / 2) << what;
        if (range.min < 0) {
          EXPECT_GT(beyond(1.001, true, false), allowed / 2) << what;
        }
        if (range.max > 0) {
          EXPECT_GT(beyond(1.001, false, true), allowed / 2) << what;
        }
      }
    }
  }
}

TEST(PercentileRangeTest, KeepsValuesThatAreAllButAlwaysZero) {
  std::vector<float> values(100000, 0.0f);
  values[77] = 5;
  const Range range =
      ChooseRange(StatisticsOf(values), {CalibratorKind::kPercentile, 99.0}, kSchemes[0]);
  EXPECT_EQ(range.max, 5);
}

TEST(ChooseRangeTest, MinMaxAndMovingAverageAreThoseObserved) {
  Observer observer(0.5);
  ASSERT_TRUE(observer.Observe(std::vector<float>{-1, 2}).ok());
  ASSERT_TRUE(observer.Observe(std::vector<float>{-3, 8}).ok());
  const TensorStatistics& s = observer.statistics();
  EXPECT_EQ(ChooseRange(s, {CalibratorKind::kMinMax}, kSchemes[0]), (Range{-3, 8}));
  EXPECT_EQ(ChooseRange(s, {CalibratorKind::kMovingAverage}, kSchemes[0]), (Range{-2, 5}));
  EXPECT_EQ(ChooseRange(s, {CalibratorKind::kMinMax}, kSchemes[2]), (Range{-3, 8, true}));
}

TEST(ChooseRangeTest, WhatWasNotSeenHasARangeOfZero) {
  for (const std::string& name : CalibratorNames()) {
    const CalibratorKind kind = CalibratorNamed(name).value();
    EXPECT_EQ(Name(kind), name);
    EXPECT_EQ(ChooseRange({}, {kind}, kSchemes[0]), Range());
    for (const ActivationScheme& scheme : kSchemes) {
      const Range zero = ChooseRange(StatisticsOf({0, 0, 0}), {kind}, scheme);
      EXPECT_EQ(zero.min, 0) << name;
      EXPECT_EQ(zero.max, 0) << name;
    }
  }
  EXPECT_EQ(CalibratorNamed("magic").status().message(),
            "unknown calibrator 'magic'; there are: minmax, moving-average, entropy, mse, "
            "percentile");
}

TEST(ChooseRangeTest, ExtremesOfFloatHaveARange) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  for (const auto& values : std::vector<std::vector<float>>{
           {kLargest, -kLargest}, {1e-45f}, {-1e-40f, 1e-41f}, {kLargest}, {-kLargest, 1e-45f}}) {
    const TensorStatistics s = StatisticsOf(values);
    for (const std::string& name : CalibratorNames()) {
      for (const ActivationScheme& scheme : kSchemes) {
        const Range range = ChooseRange(s, {CalibratorNamed(name).value()}, scheme);
        EXPECT_TRUE(IsValid(range)) << name << " " << values[0];
      }
    }
  }
}

}  // namespace
}  // namespace octet

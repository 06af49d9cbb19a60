#include "tools/quantize/mixed_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace octet {
namespace {

// A step on an operator's hull.
struct Segment {
  OperatorPrecision to;
  double less_noise;
  double more_time;

  double slope() const {
    return more_time > 0 ? less_noise / more_time : std::numeric_limits<double>::infinity();
  }
};

// Whether going from `a` straight to `c` is at least as good as by way of `b`.
bool IsAbove(const PrecisionOption& a, const PrecisionOption& b, const PrecisionOption& c) {
  return (a.noise - b.noise) * (c.time - a.time) <= (a.noise - c.noise) * (b.time - a.time);
}

// The options that are worth having, from the fastest on: each takes more time and has less noise
// than the one before, by ever less per time.
std::vector<PrecisionOption> LowerHull(std::vector<PrecisionOption> options) {
  std::stable_sort(options.begin(), options.end(),
                   [](const PrecisionOption& a, const PrecisionOption& b) {
                     return a.time != b.time ? a.time < b.time : a.noise < b.noise;
                   });
  std::vector<PrecisionOption> hull;
  for (const PrecisionOption& option : options) {
    if (!hull.empty() && !(option.noise < hull.back().noise)) continue;
    while (hull.size() > 1 && IsAbove(hull[hull.size() - 2], hull.back(), option)) hull.pop_back();
    hull.push_back(option);
  }
  return hull;
}

}  // namespace

double NoiseOf(double decibels) {
  constexpr double kHopeless = 1e30;
  const double noise = std::pow(10.0, -decibels / 10);
  return noise < kHopeless ? noise : kHopeless;
}

UpgradePath PlanUpgrades(const std::vector<OperatorOptions>& operators) {
  UpgradePath path;
  std::vector<Segment> segments;
  double noise = 0;
  for (const OperatorOptions& op : operators) {
    const std::vector<PrecisionOption> hull = LowerHull(op.options);
    path.start.push_back({op.node, hull.front().precision});
    noise += hull.front().noise;
    for (size_t i = 1; i < hull.size(); ++i) {
      segments.push_back({{op.node, hull[i].precision},
                          hull[i - 1].noise - hull[i].noise,
                          hull[i].time - hull[i - 1].time});
    }
  }
  // Stable: segments of one operator keep their order.
  std::stable_sort(segments.begin(), segments.end(),
                   [](const Segment& a, const Segment& b) { return a.slope() > b.slope(); });
  path.noise.push_back(noise);
  for (const Segment& segment : segments) {
    path.upgrades.push_back(segment.to);
    path.noise.push_back(std::max(path.noise.back() - segment.less_noise, 0.0));
  }
  return path;
}

std::vector<OperatorPrecision> AfterUpgrades(const UpgradePath& path, size_t count) {
  std::map<int, Precision> precision;
  for (size_t i = 0; i < count; ++i) precision[path.upgrades[i].node] = path.upgrades[i].precision;
  std::vector<OperatorPrecision> result = path.start;
  for (OperatorPrecision& op : result) {
    const auto found = precision.find(op.node);
    if (found != precision.end()) op.precision = found->second;
  }
  return result;
}

absl::StatusOr<size_t> FindLeast(size_t most, size_t guess,
                                 absl::FunctionRef<absl::StatusOr<bool>(size_t)> holds,
                                 absl::FunctionRef<bool()> stop) {
  size_t too_few = 0, enough = most + 1;
  size_t count = std::min(std::max<size_t>(guess, 1), most);
  size_t stride = 1;
  while (too_few + 1 < enough && !stop()) {
    const absl::StatusOr<bool> held = holds(count);
    if (!held.ok()) return held.status();
    (*held ? enough : too_few) = count;
    const bool bracketed = too_few > 0 && enough <= most;
    if (bracketed) {
      count = (too_few + enough) / 2;
    } else if (*held) {
      count = enough > stride + 1 ? enough - stride : 1;
      stride *= 2;
    } else {
      count = std::min(too_few + stride, most);
      stride *= 2;
    }
  }
  return enough;
}

}  // namespace octet

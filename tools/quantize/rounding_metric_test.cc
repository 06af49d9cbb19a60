#include "tools/quantize/rounding_metric.h"

#include <cmath>
#include <limits>
#include <memory>
#include <random>

#include "gtest/gtest.h"

namespace octet {
namespace {

constexpr size_t kDepth = 4;
constexpr size_t kLanes = RoundingMetric::kLanes;
constexpr int kLargest = 127;

struct Problem {
  std::vector<float> matrix;   // [kDepth, kDepth]
  std::vector<float> targets;  // interleaved by lane
  std::vector<float> scales;
};

// A strongly correlated, positive definite matrix: rounding to nearest is rarely best.
Problem MakeProblem(uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  float factor[kDepth][kDepth];
  for (auto& row : factor) {
    const float common = normal(random);
    for (float& v : row) v = common + 0.5f * normal(random);
  }
  Problem p;
  p.matrix.assign(kDepth * kDepth, 0);
  for (size_t i = 0; i < kDepth; ++i) {
    for (size_t j = 0; j < kDepth; ++j) {
      for (size_t k = 0; k < kDepth; ++k) p.matrix[i * kDepth + j] += factor[k][i] * factor[k][j];
    }
    p.matrix[i * kDepth + i] += 0.05f;
  }
  for (size_t i = 0; i < kDepth * kLanes; ++i) p.targets.push_back(3 * normal(random));
  p.scales.assign(kLanes, 0.5f);
  return p;
}

double Cost(const Problem& p, size_t lane, const float* integers, size_t stride) {
  double cost = 0;
  const auto error = [&](size_t d) {
    return static_cast<double>(p.scales[lane]) * integers[d * stride] -
           p.targets[d * kLanes + lane];
  };
  for (size_t i = 0; i < kDepth; ++i) {
    for (size_t j = 0; j < kDepth; ++j) {
      cost += error(i) * p.matrix[i * kDepth + j] * error(j);
    }
  }
  return cost;
}

float Nearest(const Problem& p, size_t lane, size_t d) {
  return std::nearbyint(p.targets[d * kLanes + lane] / p.scales[lane]);
}

// The least cost of all integers at most two away from the nearest ones.
double LeastCost(const Problem& p, size_t lane) {
  double best = std::numeric_limits<double>::infinity();
  for (int code = 0; code < 625; ++code) {
    float integers[kDepth];
    int rest = code;
    for (size_t d = 0; d < kDepth; ++d, rest /= 5) {
      integers[d] = Nearest(p, lane, d) + static_cast<float>(rest % 5 - 2);
    }
    best = std::min(best, Cost(p, lane, integers, 1));
  }
  return best;
}

TEST(RoundingMetricTest, ComesCloseToTheBestRounding) {
  const auto pool = ThreadPool::Create(2);
  double nearest = 0, sequence = 0, improved = 0, best = 0;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const Problem p = MakeProblem(seed);
    const RoundingMetric metric(p.matrix, kDepth, kLargest, *pool);
    std::vector<float> rounded(kDepth * kLanes);
    std::vector<double> losses(kLanes, 0.0);
    metric.RoundInSequence(p.targets.data(), p.scales.data(), rounded.data(), losses.data());
    const std::vector<float> in_sequence = rounded;
    metric.Improve(p.targets.data(), p.scales.data(), rounded.data());
    for (size_t lane = 0; lane < kLanes; ++lane) {
      float plain[kDepth];
      for (size_t d = 0; d < kDepth; ++d) plain[d] = Nearest(p, lane, d);
      const double before = Cost(p, lane, in_sequence.data() + lane, kLanes);
      const double after = Cost(p, lane, rounded.data() + lane, kLanes);
      EXPECT_NEAR(losses[lane], before, 1e-3 * (1 + before));
      EXPECT_LE(after, before * (1 + 1e-4) + 1e-6);
      nearest += Cost(p, lane, plain, 1);
      sequence += before;
      improved += after;
      best += LeastCost(p, lane);
    }
  }
  EXPECT_LT(sequence, 0.5 * nearest);
  EXPECT_LE(improved, sequence);
  EXPECT_LT(improved, 1.6 * best);
}

TEST(RoundingMetricTest, StaysWithinTheIntegers) {
  const auto pool = ThreadPool::Create(1);
  Problem p = MakeProblem(1);
  for (float& t : p.targets) t *= 100;
  const RoundingMetric metric(p.matrix, kDepth, 7, *pool);
  std::vector<float> rounded(kDepth * kLanes);
  std::vector<double> losses(kLanes, 0.0);
  metric.RoundInSequence(p.targets.data(), p.scales.data(), rounded.data(), losses.data());
  metric.Improve(p.targets.data(), p.scales.data(), rounded.data());
  for (float q : rounded) {
    EXPECT_LE(std::abs(q), 7);
    EXPECT_EQ(q, std::nearbyint(q));
  }
}

}  // namespace
}  // namespace octet

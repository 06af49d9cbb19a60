#include "tools/quantize/rounding_metric.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace octet {
namespace {

constexpr size_t kLanes = RoundingMetric::kLanes;
constexpr size_t kBlock = 32;  // rows of the factor that are computed before they are used
constexpr int kMostSweeps = 16;

using Lanes = float[kLanes];

// sum += factor * values, lane by lane.
void AddScaled(float factor, const float* values, Lanes& sum) {
  for (size_t l = 0; l < kLanes; ++l) sum[l] += factor * values[l];
}

}  // namespace

RoundingMetric::RoundingMetric(std::vector<float> matrix, size_t depth, int largest,
                               ThreadPool& pool)
    : depth_(depth),
      largest_(static_cast<float>(largest)),
      matrix_(std::move(matrix)),
      order_(depth),
      diagonal_(depth) {
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::stable_sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
    return matrix_[a * depth_ + a] < matrix_[b * depth_ + b];
  });
  Factor(pool);
}

float RoundingMetric::Nearest(float value) const {
  return std::nearbyint(std::min(std::max(value, -largest_), largest_));
}

void RoundingMetric::Factor(ThreadPool& pool) {
  const size_t n = depth_;
  std::vector<double> work(n * n);  // the upper triangle is used
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i; j < n; ++j) work[i * n + j] = matrix_[order_[i] * n + order_[j]];
  }
  // Takes row k, scaled by its diagonal, times work[k][i] from row i.
  const auto eliminate = [&](size_t k, size_t i) {
    const double factor = work[k * n + i] / work[k * n + k];
    const double* from = work.data() + k * n;
    double* to = work.data() + i * n;
    for (size_t j = i; j < n; ++j) to[j] -= factor * from[j];
  };
  for (size_t first = 0; first < n; first += kBlock) {
    const size_t end = std::min(first + kBlock, n);
    for (size_t i = first; i < end; ++i) {
      for (size_t k = first; k < i; ++k) eliminate(k, i);
    }
    pool.ParallelFor(static_cast<int64_t>(n - end), [&](int64_t row) {
      for (size_t k = first; k < end; ++k) eliminate(k, end + static_cast<size_t>(row));
    });
  }
  factor_.assign(n * n, 0.0f);
  for (size_t i = 0; i < n; ++i) {
    const double pivot = work[i * n + i];
    diagonal_[i] = static_cast<float>(pivot);
    for (size_t j = i; j < n; ++j) factor_[i * n + j] = static_cast<float>(work[i * n + j] / pivot);
  }
}

void RoundingMetric::RoundInSequence(const float* targets, const float* scales, float* rounded,
                                     double* losses) const {
  const size_t n = depth_;
  std::vector<float> errors(n * kLanes);
  for (size_t i = n; i-- > 0;) {
    const float* row = factor_.data() + i * n;
    Lanes carried = {};
    for (size_t j = i + 1; j < n; ++j) AddScaled(row[j], errors.data() + j * kLanes, carried);
    const size_t at = order_[i] * kLanes;
    for (size_t l = 0; l < kLanes; ++l) {
      const float wanted = targets[at + l] - carried[l];
      const float q = Nearest(wanted / scales[l]);
      rounded[at + l] = q;
      errors[i * kLanes + l] = scales[l] * q - targets[at + l];
      const double miss = scales[l] * q - wanted;
      losses[l] += diagonal_[i] * miss * miss;
    }
  }
}

void RoundingMetric::RoundToNearest(const float* targets, const float* scales, float* rounded,
                                    double* losses) const {
  const size_t n = depth_;
  std::vector<float> errors(n * kLanes);
  for (size_t i = 0; i < n * kLanes; ++i) {
    const float scale = scales[i % kLanes];
    rounded[i] = Nearest(targets[i] / scale);
    errors[i] = scale * rounded[i] - targets[i];
  }
  for (size_t i = 0; i < n; ++i) {
    Lanes sum = {};
    for (size_t j = 0; j < n; ++j) AddScaled(matrix_[i * n + j], errors.data() + j * kLanes, sum);
    for (size_t l = 0; l < kLanes; ++l)
      losses[l] += static_cast<double>(sum[l]) * errors[i * kLanes + l];
  }
}

void RoundingMetric::Improve(const float* targets, const float* scales, float* rounded) const {
  const size_t n = depth_;
  std::vector<float> errors(n * kLanes);
  for (size_t i = 0; i < n * kLanes; ++i) errors[i] = scales[i % kLanes] * rounded[i] - targets[i];
  std::vector<float> slopes(n * kLanes);  // [lane, element]: A e
  for (size_t i = 0; i < n; ++i) {
    Lanes sum = {};
    for (size_t j = 0; j < n; ++j) AddScaled(matrix_[i * n + j], errors.data() + j * kLanes, sum);
    for (size_t l = 0; l < kLanes; ++l) slopes[l * n + i] = sum[l];
  }
  for (size_t l = 0; l < kLanes; ++l) {
    float* slope = slopes.data() + l * n;
    const float scale = scales[l];
    bool moved = true;
    for (int sweep = 0; moved && sweep < kMostSweeps; ++sweep) {
      moved = false;
      for (size_t i = 0; i < n; ++i) {
        const float direction = slope[i] > 0 ? -1.0f : 1.0f;
        const float* row = matrix_.data() + i * n;
        float& q = rounded[i * kLanes + l];
        // The margin keeps rounding errors of the slopes from moving a weight to and fro.
        const bool better = 2 * std::abs(slope[i]) > 1.0001f * scale * row[i];
        if (!better || std::abs(q + direction) > largest_) continue;
        q += direction;
        const float step = direction * scale;
        for (size_t j = 0; j < n; ++j) slope[j] += step * row[j];
        moved = true;
      }
    }
  }
}

}  // namespace octet

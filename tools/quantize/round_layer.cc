#include "tools/quantize/round_layer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "tools/quantize/rounding_metric.h"
#include "tools/quantize/scheme.h"

namespace octet {
namespace {

constexpr size_t kLanes = RoundingMetric::kLanes;

// Scales that are tried, relative to the one at which the largest target is the largest integer.
struct ScaleSearch {
  size_t most_depth;  // for which this row is meant
  int candidates;
  double least;
  double most;
};
constexpr ScaleSearch kScaleSearches[] = {
    {64, 48, 0.70, 1.10},
    {std::numeric_limits<size_t>::max(), 12, 0.80, 1.02},
};

std::vector<double> RelativeScales(size_t depth) {
  const ScaleSearch* search = kScaleSearches;
  while (depth > search->most_depth) ++search;
  std::vector<double> scales;
  for (int i = 0; i < search->candidates; ++i) {
    scales.push_back(search->least + (search->most - search->least) * i / (search->candidates - 1));
  }
  return scales;
}

// How much of the covariance's off-diagonal is not believed, and what is added to its diagonal
// relative to its mean.
constexpr double kShrinkage = 0.01;
constexpr double kRidge = 0.001;

// Up to kLanes output channels of one group.
struct Bundle {
  size_t group = 0;
  size_t first = 0;  // output of the group
  size_t count = 0;
  std::vector<float> targets;  // [depth, kLanes]; lanes beyond `count` are 0
  std::vector<float> rounded;
  float scales[kLanes];
};

class LayerRounder {
 public:
  LayerRounder(const RoundingTask& task, const InputMoments& moments, ThreadPool& pool)
      : task_(task), moments_(moments), pool_(pool), depth_(task.matrix.depth) {}

  RoundedWeights Round() {
    MakeMetrics();
    MakeBundles();
    if (task_.per_channel) {
      ForBundles([this](Bundle& bundle) { ChooseScales(bundle); });
    } else {
      ChooseCommonScale();
    }
    ForBundles([this](Bundle& bundle) {
      double unused[kLanes] = {};
      RoundBundle(bundle.scales, bundle, unused);
      if (task_.nearest) return;
      metrics_[bundle.group]->Improve(bundle.targets.data(), bundle.scales, bundle.rounded.data());
    });
    return Collect();
  }

 private:
  const float* Covariance(size_t group) const {
    return moments_.covariance.data() + group * depth_ * depth_;
  }

  void MakeMetrics() {
    for (size_t g = 0; g < task_.matrix.groups; ++g) {
      std::vector<float> matrix(Covariance(g), Covariance(g) + depth_ * depth_);
      double trace = 0;
      for (size_t d = 0; d < depth_; ++d) trace += matrix[d * depth_ + d];
      const double mean = trace / static_cast<double>(depth_);
      const double ridge = mean > 0 ? kRidge * mean : 1.0;
      for (size_t i = 0; i < matrix.size(); ++i) {
        if (i / depth_ == i % depth_) {
          matrix[i] = static_cast<float>(matrix[i] + ridge);
        } else {
          matrix[i] = static_cast<float>(matrix[i] * (1 - kShrinkage));
        }
      }
      metrics_.push_back(std::make_unique<RoundingMetric>(std::move(matrix), depth_,
                                                          LargestSymmetric(task_.type), pool_));
    }
  }

  void MakeBundles() {
    for (size_t g = 0; g < task_.matrix.groups; ++g) {
      for (size_t first = 0; first < task_.matrix.outputs; first += kLanes) {
        Bundle bundle;
        bundle.group = g;
        bundle.first = first;
        bundle.count = std::min(kLanes, task_.matrix.outputs - first);
        bundle.targets.assign(depth_ * kLanes, 0.0f);
        bundle.rounded.assign(depth_ * kLanes, 0.0f);
        std::fill_n(bundle.scales, kLanes, kZeroTensorScale);
        for (size_t l = 0; l < bundle.count; ++l) {
          const float* row = task_.weights.data() + RowOf(bundle, l) * depth_;
          for (size_t d = 0; d < depth_; ++d) bundle.targets[d * kLanes + l] = row[d];
        }
        bundles_.push_back(std::move(bundle));
      }
    }
  }

  size_t RowOf(const Bundle& bundle, size_t lane) const {
    return bundle.group * task_.matrix.outputs + bundle.first + lane;
  }

  template <typename Fn>
  void ForBundles(Fn fn) {
    pool_.ParallelFor(static_cast<int64_t>(bundles_.size()),
                      [&](int64_t i) { fn(bundles_[static_cast<size_t>(i)]); });
  }

  void RoundBundle(const float* scales, Bundle& bundle, double* losses) const {
    const RoundingMetric& metric = *metrics_[bundle.group];
    if (task_.nearest) {
      metric.RoundToNearest(bundle.targets.data(), scales, bundle.rounded.data(), losses);
    } else {
      metric.RoundInSequence(bundle.targets.data(), scales, bundle.rounded.data(), losses);
    }
  }

  void LargestTargets(const Bundle& bundle, float* largest) const {
    std::fill_n(largest, kLanes, 0.0f);
    for (size_t i = 0; i < bundle.targets.size(); ++i)
      largest[i % kLanes] = std::max(largest[i % kLanes], std::abs(bundle.targets[i]));
  }

  float LeastScale(const Bundle& bundle, size_t lane) const {
    const float least = lane < bundle.count ? task_.least_scales[RowOf(bundle, lane)] : 0.0f;
    return std::max(least, kMinScale);
  }

  void ChooseScales(Bundle& bundle) const {
    float largest[kLanes];
    LargestTargets(bundle, largest);
    double best[kLanes];
    std::fill_n(best, kLanes, std::numeric_limits<double>::infinity());
    for (const double relative : RelativeScales(depth_)) {
      float scales[kLanes];
      for (size_t l = 0; l < kLanes; ++l) {
        const auto scale = static_cast<float>(relative * SymmetricScale(largest[l], task_.type));
        scales[l] = largest[l] > 0 ? scale : kZeroTensorScale;
        scales[l] = std::max(scales[l], LeastScale(bundle, l));
      }
      double losses[kLanes] = {};
      RoundBundle(scales, bundle, losses);
      for (size_t l = 0; l < kLanes; ++l) {
        if (losses[l] >= best[l]) continue;
        best[l] = losses[l];
        bundle.scales[l] = scales[l];
      }
    }
  }

  void ChooseCommonScale() {
    float largest = 0, least = kMinScale;
    for (const Bundle& bundle : bundles_) {
      float of_lanes[kLanes];
      LargestTargets(bundle, of_lanes);
      for (size_t l = 0; l < bundle.count; ++l) {
        largest = std::max(largest, of_lanes[l]);
        least = std::max(least, LeastScale(bundle, l));
      }
    }
    float chosen = std::max(SymmetricScale(largest, task_.type), least);
    double best = std::numeric_limits<double>::infinity();
    for (const double relative : RelativeScales(depth_)) {
      const float scale =
          std::max(static_cast<float>(relative * SymmetricScale(largest, task_.type)), least);
      SetScales(scale);
      std::vector<double> losses(bundles_.size());
      pool_.ParallelFor(static_cast<int64_t>(bundles_.size()), [&](int64_t i) {
        Bundle& bundle = bundles_[static_cast<size_t>(i)];
        double of_lanes[kLanes] = {};
        RoundBundle(bundle.scales, bundle, of_lanes);
        for (size_t l = 0; l < bundle.count; ++l) losses[static_cast<size_t>(i)] += of_lanes[l];
      });
      double loss = 0;
      for (const double of_bundle : losses) loss += of_bundle;
      if (loss >= best) continue;
      best = loss;
      chosen = scale;
    }
    SetScales(chosen);
  }

  void SetScales(float scale) {
    for (Bundle& bundle : bundles_) std::fill_n(bundle.scales, kLanes, scale);
  }

  RoundedWeights Collect() const {
    RoundedWeights result;
    result.weights.resize(task_.weights.size());
    for (const Bundle& bundle : bundles_) {
      for (size_t l = 0; l < bundle.count; ++l) {
        int16_t* row = result.weights.data() + RowOf(bundle, l) * depth_;
        for (size_t d = 0; d < depth_; ++d)
          row[d] = static_cast<int16_t>(bundle.rounded[d * kLanes + l]);
        if (task_.per_channel || result.scales.empty()) result.scales.push_back(bundle.scales[l]);
      }
    }
    return result;
  }

  const RoundingTask& task_;
  const InputMoments& moments_;
  ThreadPool& pool_;
  const size_t depth_;
  std::vector<std::unique_ptr<RoundingMetric>> metrics_;  // by group
  std::vector<Bundle> bundles_;
};

}  // namespace

RoundedWeights RoundLayer(const RoundingTask& task, const InputMoments& moments, ThreadPool& pool) {
  return LayerRounder(task, moments, pool).Round();
}

}  // namespace octet

#include "tools/train/trained_constant.h"

#include <algorithm>
#include <cmath>

#include "tools/quantize/scheme.h"
#include "tools/train/real_graph.h"

namespace octet {
namespace {

// Scales that SearchScales tries, as shares of the one that holds the largest weight.
constexpr double kLeastShare = 0.3;
constexpr int kShares = 71;

template <typename T>
Constant Integers(const std::vector<float>& values, int32_t zero_point) {
  std::vector<T> stored(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    stored[i] = static_cast<T>(static_cast<int32_t>(values[i]) + zero_point);
  }
  return Constant::Of<T>(stored);
}

}  // namespace

TrainedWeights::TrainedWeights(TensorId id, const Tensor& tensor, Grid grid, int parameter,
                               int scale_parameter)
    : id_(id),
      parameter_(parameter),
      scale_parameter_(scale_parameter),
      first_scales_(tensor.quant->scales),
      grid_(grid),
      zero_point_(tensor.quant->zero_point()) {
  const int axis = tensor.quant->axis;
  if (axis < 0) {
    inner_ = static_cast<size_t>(NumElements(tensor.shape));
  } else {
    for (int d = 0; d < static_cast<int>(tensor.shape.size()); ++d) {
      (d < axis    ? outer_
       : d == axis ? channels_
                   : inner_) *= static_cast<size_t>(tensor.shape[static_cast<size_t>(d)]);
    }
  }
  scales_ = first_scales_;
}

void TrainedWeights::SearchScales(const std::vector<float>& values) {
  std::vector<float> largest(channels_, 0.0f);
  ForEachRun([&](size_t c, size_t at) {
    for (size_t i = at; i < at + inner_; ++i)
      largest[c] = std::max(largest[c], std::abs(values[i]));
  });
  std::vector<double> least(channels_, INFINITY);
  for (int step = 0; step < kShares; ++step) {
    const double share = kLeastShare + (1 - kLeastShare) * step / (kShares - 1);
    std::vector<double> errors(channels_, 0.0);
    const auto scale_of = [&](size_t c) {
      if (largest[c] == 0) return kZeroTensorScale;
      return std::clamp(static_cast<float>(share * largest[c] / grid_.high), kMinScale, kMaxScale);
    };
    ForEachRun([&](size_t c, size_t at) {
      const float scale = scale_of(c);
      for (size_t i = at; i < at + inner_; ++i) {
        const float q = std::min(std::max(values[i] / scale, grid_.low), grid_.high);
        const double error = static_cast<double>(values[i]) - scale * std::nearbyint(q);
        errors[c] += error * error;
      }
    });
    for (size_t c = 0; c < channels_; ++c) {
      if (errors[c] >= least[c]) continue;
      least[c] = errors[c];
      first_scales_[c] = scale_of(c);
    }
  }
  scales_ = first_scales_;
}

void TrainedWeights::Update(const std::vector<Parameter>& parameters) {
  if (!quantized()) return;
  if (scale_parameter_ >= 0) {
    const std::vector<float>& logs = parameters[static_cast<size_t>(scale_parameter_)].values;
    for (size_t c = 0; c < scales_.size(); ++c) {
      scales_[c] = std::clamp(first_scales_[c] * std::exp(logs[c]), kMinScale, kMaxScale);
    }
  }
  const std::vector<float>& values = parameters[static_cast<size_t>(parameter_)].values;
  units_.resize(values.size());
  integers_.resize(values.size());
  real_.resize(values.size());
  ForEachRun([&](size_t c, size_t at) {
    for (size_t i = at; i < at + inner_; ++i) units_[i] = values[i] / scales_[c];
  });
  RoundToGrid(units_, grid_.low, grid_.high, integers_.data());
  ForEachRun([&](size_t c, size_t at) {
    for (size_t i = at; i < at + inner_; ++i) real_[i] = scales_[c] * integers_[i];
  });
}

void TrainedWeights::FoldGradients(const std::vector<Parameter>& parameters,
                                   Gradients& gradients) const {
  if (!quantized()) return;
  std::vector<float>& g = gradients.of[static_cast<size_t>(parameter_)];
  const Clamp clamp{grid_.low, grid_.high, grid_.low, grid_.high};
  std::vector<double> slopes(channels_, 0.0);
  ForEachRun([&](size_t c, size_t at) {
    slopes[c] += BackThroughRounding(absl::MakeConstSpan(units_).subspan(at, inner_),
                                     absl::MakeConstSpan(integers_).subspan(at, inner_), clamp,
                                     g.data() + at);
  });
  if (scale_parameter_ < 0) return;
  const auto scale_index = static_cast<size_t>(scale_parameter_);
  const std::vector<float>& logs = parameters[scale_index].values;
  const double factor = ScaleGradientFactor(static_cast<int64_t>(outer_ * inner_), grid_);
  for (size_t c = 0; c < logs.size(); ++c) {
    // The derivative by the logarithm is that by the scale times the scale.
    gradients.of[scale_index][c] += static_cast<float>(slopes[c] * factor * scales_[c]);
  }
}

void TrainedWeights::Store(const std::vector<Parameter>& parameters, Graph& graph) const {
  const std::vector<float>& values = parameters[static_cast<size_t>(parameter_)].values;
  Tensor& t = graph.tensor(id_);
  if (!quantized()) {
    t.type = DataType::kF32;
    t.data = Constant::Of<float>(values);
    return;
  }
  t.quant->scales = scales_;
  t.data = t.type == DataType::kU8   ? Integers<uint8_t>(integers_, zero_point_)
           : t.type == DataType::kS8 ? Integers<int8_t>(integers_, zero_point_)
                                     : Integers<int16_t>(integers_, zero_point_);
}

TrainValue TrainedWeights::value(const std::vector<Parameter>& parameters) const {
  TrainValue v;
  v.data =
      quantized() ? integers_.data() : parameters[static_cast<size_t>(parameter_)].values.data();
  if (quantized()) {
    v.scales = scales_;
    v.real = real_.data();
  }
  return v;
}

TrainedBias::TrainedBias(const Tensor& tensor, TensorId id, int parameter, int64_t largest,
                         bool keeps)
    : id_(id), parameter_(parameter), largest_(largest) {
  for (size_t i = 0; keeps && i < static_cast<size_t>(NumElements(tensor.shape)); ++i) {
    first_.push_back(IntegerAt(tensor, i));
  }
}

void TrainedBias::Update(const std::vector<Parameter>& parameters, float x_scale,
                         const std::vector<float>& w_scales) {
  const std::vector<float>& values = parameters[static_cast<size_t>(parameter_)].values;
  const auto unit = [&](size_t c) {
    return static_cast<double>(x_scale) * w_scales[w_scales.size() > 1 ? c : 0];
  };
  if (!first_.empty()) {
    for (size_t c = 0; c < first_.size(); ++c) {
      const auto first = static_cast<double>(first_[c]);
      const bool rounds = std::nearbyint(values[c] / unit(c)) == first;
      remainders_.push_back(rounds ? 0 : first * unit(c) - values[c]);
    }
    first_.clear();
  }
  exact_.resize(values.size());
  integers_.resize(values.size());
  const auto largest = static_cast<double>(largest_);
  for (size_t c = 0; c < values.size(); ++c) {
    const double value = values[c] + (remainders_.empty() ? 0 : remainders_[c]);
    exact_[c] =
        static_cast<int64_t>(std::clamp(std::nearbyint(value / unit(c)), -largest, largest));
    integers_[c] = static_cast<float>(exact_[c]);
  }
}

void TrainedBias::Store(float x_scale, const std::vector<float>& w_scales, Graph& graph) const {
  Tensor& t = graph.tensor(id_);
  for (size_t c = 0; c < w_scales.size(); ++c) {
    // One scale may serve a bias for weights that have several, if all are equal.
    if (c < t.quant->scales.size()) t.quant->scales[c] = x_scale * w_scales[c];
  }
  t.data = t.type == DataType::kS64
               ? Constant::Of<int64_t>(exact_)
               : Constant::Of<int32_t>(std::vector<int32_t>(exact_.begin(), exact_.end()));
}

TrainValue TrainedBias::value() const {
  TrainValue v;
  v.data = integers_.data();
  v.scales = absl::MakeConstSpan(&unit_, 1);
  return v;
}

}  // namespace octet

#include "tools/train/network.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "tools/quantize/scheme.h"

namespace octet {

void ObservedRanges::Add(const ObservedRanges& other) {
  for (size_t i = 0; i < of.size(); ++i) {
    if (!other.seen[i]) continue;
    of[i] = seen[i] ? Union(of[i], other.of[i]) : other.of[i];
    seen[i] = true;
  }
}

void TrainingNetwork::Update() {
  for (ActivationQuantizer& q : quantizers_) {
    if (q.parameter < 0) continue;
    const float log = parameters_[static_cast<size_t>(q.parameter)].values[0];
    q.scale = std::clamp(q.first_scale * std::exp(log), kMinScale, kMaxScale);
  }
  for (TrainedWeights& w : weights_) w.Update(parameters_);
  for (BiasPlace& place : biases_) {
    place.bias.Update(parameters_, ScaleOfX(place),
                      weights_[static_cast<size_t>(place.weights)].scales());
  }
}

void TrainingNetwork::FoldGradients(Gradients& gradients) const {
  for (const TrainedWeights& w : weights_) w.FoldGradients(parameters_, gradients);
}

void TrainingNetwork::AverageRanges(const ObservedRanges& observed) {
  const auto weight = static_cast<float>(options_.moving_average_constant);
  for (size_t i = 0; i < quantizers_.size(); ++i) {
    ActivationQuantizer& q = quantizers_[i];
    if (q.fixed || !observed.seen[i]) continue;
    q.average.min += weight * (std::min(observed.of[i].min, 0.0f) - q.average.min);
    q.average.max += weight * (std::max(observed.of[i].max, 0.0f) - q.average.max);
    const QuantParams params = ActivationParams(q.average, q.type);
    q.scale = params.scale();
    q.zero_point = params.zero_point();
  }
}

Graph TrainingNetwork::Store() const {
  Graph graph = graph_;
  for (const ActivationQuantizer& q : quantizers_) {
    for (TensorId id : q.tensors) {
      QuantParams& params = *graph.tensor(id).quant;
      params.scales = {q.scale};
      params.zero_points = {q.zero_point};
    }
  }
  for (const TrainedWeights& w : weights_) w.Store(parameters_, graph);
  for (const BiasPlace& place : biases_) {
    place.bias.Store(ScaleOfX(place), weights_[static_cast<size_t>(place.weights)].scales(), graph);
  }
  return graph;
}

std::vector<float> TrainingNetwork::RangeState() const {
  std::vector<float> state;
  for (const ActivationQuantizer& q : quantizers_) {
    state.push_back(q.average.min);
    state.push_back(q.average.max);
  }
  return state;
}

absl::Status TrainingNetwork::RestoreRangeState(absl::Span<const float> state) {
  if (state.size() != 2 * quantizers_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("there are ranges of ", state.size() / 2,
                                                   " tensors, expected ", quantizers_.size()));
  }
  if (options_.ranges != RangeMode::kMovingAverage) return absl::OkStatus();
  for (size_t i = 0; i < quantizers_.size(); ++i) {
    ActivationQuantizer& q = quantizers_[i];
    if (q.fixed) continue;
    q.average.min = state[2 * i];
    q.average.max = state[2 * i + 1];
    const QuantParams params = ActivationParams(q.average, q.type);
    q.scale = params.scale();
    q.zero_point = params.zero_point();
  }
  return absl::OkStatus();
}

}  // namespace octet

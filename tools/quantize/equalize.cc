#include "tools/quantize/equalize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "tools/quantize/channel_classes.h"
#include "tools/quantize/channel_profile.h"
#include "tools/quantize/layer_matrix.h"
#include "tools/quantize/noise_gains.h"
#include "tools/quantize/scale_search.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

static_assert(kFixedScale == ChannelClasses::kFixed, "classes are used as they are");

// A channel may grow until its largest value, times this, is as large as the tensor's was: other
// data hold larger values than the samples do.
constexpr double kHeadroom = 2;

// A channel that moves more rarely than in this share of its values does not grow: the largest
// value it can have is not known.
constexpr double kRare = 0.1;

using Profiles = std::map<TensorId, std::vector<ChannelProfile>>;

class Equalizer {
 public:
  Equalizer(const Graph& graph, const std::vector<Shape>& shapes, Profiles profiles,
            WeightGranularity granularity)
      : graph_(graph),
        classes_(graph, shapes),
        profiles_(std::move(profiles)),
        gains_(NoiseGains(graph, classes_, profiles_)),
        per_channel_(granularity == WeightGranularity::kPerChannel) {}

  Graph Equalize() {
    SetBounds();
    for (const Node& node : graph_.nodes) {
      if (IsScalableLayer(graph_, node)) AddLayer(node);
    }
    const std::vector<double> logs = SearchScales(problem_);
    Graph result = graph_;
    for (Node& node : result.nodes) {
      if (IsScalableLayer(graph_, node)) Scale(node, logs, result);
    }
    RemoveDead(result);
    return result;
  }

 private:
  const std::vector<ChannelProfile>& ProfilesOf(TensorId id) const { return profiles_.at(id); }

  void SetBounds() {
    problem_.classes = classes_.size();
    problem_.most.assign(classes_.size(), std::numeric_limits<double>::infinity());
    problem_.fixed.assign(classes_.size(), false);
    for (const Node& node : graph_.nodes) {
      const float bound = UpperBoundOf(node);
      if (bound == std::numeric_limits<float>::infinity()) continue;
      for (TensorId id : node.outputs) BoundBy(bound, id);
    }
    for (const auto& [id, channels] : profiles_) {
      float largest = 0;
      for (const ChannelProfile& channel : channels) largest = std::max(largest, channel.largest());
      for (size_t c = 0; c < channels.size(); ++c)
        LimitGrowth(classes_.of(id, c), largest, channels[c]);
    }
  }

  // Where a channel that reaches the bound has to stay as it is.
  void BoundBy(float bound, TensorId id) {
    for (size_t c = 0; c < classes_.channels(id); ++c) {
      const int k = classes_.of(id, c);
      if (k == kFixedScale) continue;
      const ChannelProfile& channel = ProfilesOf(id)[c];
      if (channel.max >= bound) problem_.fixed[static_cast<size_t>(k)] = true;
      LimitGrowth(k, bound, channel);
    }
  }

  void LimitGrowth(int k, float bound, const ChannelProfile& channel) {
    if (k == kFixedScale) return;
    double& most = problem_.most[static_cast<size_t>(k)];
    const double largest = channel.moving < kRare ? bound : kHeadroom * channel.largest();
    most = std::min(most, std::max(0.0, std::log(bound / largest)));
  }

  std::vector<int> ClassesOf(TensorId id) const {
    std::vector<int> result;
    for (size_t c = 0; c < classes_.channels(id); ++c) {
      const int k = classes_.of(id, c);
      const bool fixed = k == kFixedScale || problem_.fixed[static_cast<size_t>(k)];
      result.push_back(fixed ? kFixedScale : k);
    }
    return result;
  }

  void AddLayer(const Node& node) {
    const LayerChannels channels = LayerChannelsOf(graph_, node);
    ScaledLayer layer;
    layer.groups = channels.groups;
    layer.outputs = channels.outputs;
    layer.inputs = channels.inputs;
    layer.taps = static_cast<double>(channels.taps);
    layer.per_channel = per_channel_;
    layer.input_classes = ClassesOf(node.input(0));
    layer.output_classes = ClassesOf(node.outputs[0]);
    const std::vector<float> weights = WeightsOf(node);
    for (size_t at = 0; at < weights.size(); at += channels.taps) {
      float largest = 0;
      for (size_t t = 0; t < channels.taps; ++t)
        largest = std::max(largest, std::abs(weights[at + t]));
      layer.log_largest.push_back(std::log(largest));
    }
    for (const ChannelProfile& input : ProfilesOf(node.input(0)))
      layer.input_variances.push_back(input.variance);
    const std::vector<ChannelProfile>& outputs = ProfilesOf(node.outputs[0]);
    const std::vector<double>& gains = gains_[static_cast<size_t>(node.outputs[0])];
    for (size_t c = 0; c < outputs.size(); ++c)
      layer.output_gains.push_back(gains[c] * outputs[c].moving);
    problem_.layers.push_back(std::move(layer));
    AddActivation(node.input(0));
  }

  void AddActivation(TensorId id) {
    if (!added_.insert(id).second) return;
    ScaledActivation activation;
    activation.classes = ClassesOf(id);
    activation.gains = gains_[static_cast<size_t>(id)];
    for (const ChannelProfile& channel : ProfilesOf(id))
      activation.log_largest.push_back(std::log(channel.largest()));
    problem_.activations.push_back(std::move(activation));
  }

  std::vector<float> WeightsOf(const Node& node) const {
    const std::vector<float> constant = RealValues(graph_.tensor(node.input(1)));
    return ToRows<float>(node, LayerMatrixOf(graph_, node), absl::MakeConstSpan(constant));
  }

  void Scale(Node& node, const std::vector<double>& logs, Graph& result) const {
    const LayerChannels channels = LayerChannelsOf(graph_, node);
    const std::vector<int> inputs = ClassesOf(node.input(0));
    const std::vector<int> outputs = ClassesOf(node.outputs[0]);
    const auto log_of = [&](int k) {
      return k == kFixedScale ? 0.0 : logs[static_cast<size_t>(k)];
    };
    std::vector<float> weights = WeightsOf(node);
    size_t at = 0;
    for (size_t o = 0; o < outputs.size(); ++o) {
      for (size_t i = 0; i < channels.inputs; ++i) {
        const size_t input = o / channels.outputs * channels.inputs + i;
        const double factor = std::exp(log_of(outputs[o]) - log_of(inputs[input]));
        for (size_t t = 0; t < channels.taps; ++t, ++at)
          weights[at] = static_cast<float>(weights[at] * factor);
      }
    }
    const std::vector<float> constant =
        FromRows<float>(node, LayerMatrixOf(graph_, node), absl::MakeConstSpan(weights));
    Replace(node.inputs[1], constant, result);
    if (node.input(2) == kNoTensor) return;
    std::vector<float> bias = RealValues(graph_.tensor(node.input(2)));
    for (size_t o = 0; o < bias.size(); ++o)
      bias[o] = static_cast<float>(bias[o] * std::exp(log_of(outputs[o])));
    Replace(node.inputs[2], bias, result);
  }

  // Makes `id` refer to a constant of its own with these values.
  static void Replace(TensorId& id, const std::vector<float>& values, Graph& result) {
    Tensor t = result.tensor(id);
    t.type = DataType::kF32;
    t.data = Constant::Of<float>(values);
    id = result.AddTensor(std::move(t));
  }

  const Graph& graph_;
  const ChannelClasses classes_;
  const Profiles profiles_;
  const std::vector<std::vector<double>> gains_;
  const bool per_channel_;
  ScaleProblem problem_;
  std::set<TensorId> added_;  // activations of the problem
};

}  // namespace

absl::StatusOr<Graph> EqualizeChannels(const Graph& graph, const std::vector<Shape>& shapes,
                                       const SampleSource& samples, WeightGranularity granularity,
                                       const ModelOptions& options) {
  std::map<TensorId, size_t> axes;
  for (const Node& node : graph.nodes) {
    const bool bounded = UpperBoundOf(node) < std::numeric_limits<float>::infinity();
    if (!IsScalableLayer(graph, node) && !bounded) continue;
    if (IsScalableLayer(graph, node)) axes[node.input(0)] = 1;
    const TensorId output = node.outputs[0];
    if (graph.tensor(output).type == DataType::kF32 &&
        shapes[static_cast<size_t>(output)].size() >= 2) {
      axes[output] = 1;
    }
  }
  if (axes.empty()) return graph;
  absl::StatusOr<Profiles> profiles = MeasureChannels(graph, axes, samples, options);
  if (!profiles.ok()) return profiles.status();
  return Equalizer(graph, shapes, *std::move(profiles), granularity).Equalize();
}

}  // namespace octet

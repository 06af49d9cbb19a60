#include "tools/quantize/equalize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "tools/quantize/channel_classes.h"
#include "tools/quantize/channel_statistics.h"
#include "tools/quantize/layer_matrix.h"
#include "tools/quantize/noise_gains.h"
#include "tools/quantize/scale_search.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

static_assert(kFixedScale == ChannelClasses::kFixed, "classes are used as they are");

// Scales stay within these bounds, so that channels that hold next to nothing do not grow without
// limit.
constexpr double kMostLog = 6;

using Statistics = std::map<TensorId, std::vector<ChannelStatistics>>;

class Equalizer {
 public:
  Equalizer(const Graph& graph, const std::vector<Shape>& shapes, Statistics statistics,
            WeightGranularity granularity)
      : graph_(graph),
        classes_(graph, shapes),
        statistics_(std::move(statistics)),
        gains_(NoiseGains(graph, classes_, statistics_)),
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
  const std::vector<ChannelStatistics>& StatisticsOf(TensorId id) const {
    return statistics_.at(id);
  }

  void SetBounds() {
    problem_.classes = classes_.size();
    problem_.most.assign(classes_.size(), kMostLog);
    problem_.fixed.assign(classes_.size(), false);
    for (const Node& node : graph_.nodes) {
      const float bound = UpperBoundOf(node);
      if (bound == std::numeric_limits<float>::infinity()) continue;
      for (TensorId id : node.outputs) BoundBy(bound, id);
    }
  }

  void BoundBy(float bound, TensorId id) {
    for (size_t c = 0; c < classes_.channels(id); ++c) {
      if (classes_.of(id, c) == ChannelClasses::kFixed) continue;
      const auto k = static_cast<size_t>(classes_.of(id, c));
      const float largest = StatisticsOf(id)[c].max;
      if (largest >= bound) problem_.fixed[k] = true;
      if (largest > 0)
        problem_.most[k] =
            std::min(problem_.most[k], std::log(bound / static_cast<double>(largest)));
    }
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
    for (const ChannelStatistics& input : StatisticsOf(node.input(0)))
      layer.input_variances.push_back(input.variance);
    const std::vector<ChannelStatistics>& outputs = StatisticsOf(node.outputs[0]);
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
    for (const ChannelStatistics& channel : StatisticsOf(id))
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
  const Statistics statistics_;
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
  absl::StatusOr<Statistics> statistics = MeasureChannels(graph, axes, samples, options);
  if (!statistics.ok()) return statistics.status();
  return Equalizer(graph, shapes, *std::move(statistics), granularity).Equalize();
}

}  // namespace octet

#include "tools/quantize/noise_gains.h"

#include <algorithm>
#include <numeric>

#include "tools/quantize/layer_matrix.h"
#include "tools/quantize/sharing.h"

namespace octet {
namespace {

using Gains = std::vector<std::vector<double>>;

// Adds the gains of `from` to those of `to`, where the channels from `first` on belong to it.
void Pass(const std::vector<double>& from, size_t first, std::vector<double>& to) {
  if (from.empty() || to.empty()) return;
  if (first + to.size() <= from.size()) {
    for (size_t c = 0; c < to.size(); ++c) to[c] += from[first + c];
    return;
  }
  const double mean =
      std::accumulate(from.begin(), from.end(), 0.0) / static_cast<double>(from.size());
  for (double& gain : to) gain += mean;
}

void PassThroughWeights(const Graph& graph, const Node& node, const std::vector<double>& from,
                        std::vector<double>& to) {
  const LayerChannels layer = LayerChannelsOf(graph, node);
  const std::vector<float> constant = RealValues(graph.tensor(node.input(1)));
  const std::vector<float> weights =
      ToRows<float>(node, LayerMatrixOf(graph, node), absl::MakeConstSpan(constant));
  size_t at = 0;
  for (size_t o = 0; o < layer.groups * layer.outputs; ++o) {
    for (size_t i = 0; i < layer.inputs; ++i) {
      double squares = 0;
      for (size_t t = 0; t < layer.taps; ++t, ++at)
        squares += static_cast<double>(weights[at]) * weights[at];
      to[o / layer.outputs * layer.inputs + i] += from[o] * squares;
    }
  }
}

}  // namespace

Gains NoiseGains(const Graph& graph, const ChannelClasses& classes,
                 const std::map<TensorId, std::vector<ChannelProfile>>& profiles) {
  Gains gains(graph.tensors.size());
  for (size_t t = 0; t < gains.size(); ++t)
    gains[t].assign(classes.channels(static_cast<TensorId>(t)), 0.0);
  const auto of = [&gains](TensorId id) -> std::vector<double>& {
    return gains[static_cast<size_t>(id)];
  };
  for (TensorId id : graph.outputs) {
    for (double& gain : of(id)) gain += 1;
  }
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& node = graph.nodes[n];
    std::vector<double> from = of(node.outputs[0]);
    const auto seen = profiles.find(node.outputs[0]);
    const bool layer = IsScalableLayer(graph, node);
    if (layer && seen != profiles.end()) {
      for (size_t c = 0; c < from.size(); ++c) from[c] *= seen->second[c].moving;
    }
    if (layer) PassThroughWeights(graph, node, from, of(node.input(0)));
    size_t first = 0;
    for (size_t i = layer ? 3 : 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoTensor) continue;
      Pass(from, first, of(node.inputs[i]));
      if (node.type() == OpType::ConcatOptions) first += of(node.inputs[i]).size();
    }
  }
  return gains;
}

}  // namespace octet

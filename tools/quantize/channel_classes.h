#ifndef OCTET_TOOLS_QUANTIZE_CHANNEL_CLASSES_H_
#define OCTET_TOOLS_QUANTIZE_CHANNEL_CLASSES_H_

#include <cstddef>
#include <vector>

#include "runtime/core/graph.h"

namespace octet {

// Groups the channels of a float network's activations into classes whose members can only be
// scaled together: what goes into a residual sum, a pooling, a concatenation and what comes out.
// Layers (Conv, and MatMul of rank 2, with constant weights) lie between classes: their weights
// take up the scales of both sides. Channels are dimension 1.
class ChannelClasses {
 public:
  static constexpr int kFixed = -1;

  // `shapes` has the concrete shape of every tensor.
  ChannelClasses(const Graph& graph, const std::vector<Shape>& shapes);

  // Number of classes.
  size_t size() const { return size_; }
  // Channels of the tensor; 0 for constants and what has none.
  size_t channels(TensorId id) const { return classes_[static_cast<size_t>(id)].size(); }
  // The class of a channel. kFixed where scaling would change what the network computes: inputs,
  // outputs, and what other operators read or write.
  int of(TensorId id, size_t channel) const { return classes_[static_cast<size_t>(id)][channel]; }

 private:
  size_t size_ = 0;
  std::vector<std::vector<int>> classes_;  // by tensor and channel
};

// Whether the node is a layer in the sense above.
bool IsScalableLayer(const Graph& graph, const Node& node);

// Channel of the layer's input that weight [output][k] multiplies is group * (inputs per group) +
// k.
struct LayerChannels {
  size_t groups;
  size_t outputs;  // per group
  size_t inputs;   // per group
  size_t taps;     // weights per pair of input and output
};
LayerChannels LayerChannelsOf(const Graph& graph, const Node& node);

// The upper bound of the activation that is fused to the node, or that the node is; infinity
// without one.
float UpperBoundOf(const Node& node);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CHANNEL_CLASSES_H_

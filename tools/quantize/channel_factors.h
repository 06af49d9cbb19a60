#ifndef OCTET_TOOLS_QUANTIZE_CHANNEL_FACTORS_H_
#define OCTET_TOOLS_QUANTIZE_CHANNEL_FACTORS_H_

#include <vector>

#include "runtime/core/graph.h"
#include "tools/quantize/weights.h"

// Factors for the channels of an activation, taken up by the constants of the operators that it is
// computed by. Channels are the elements of the last dimension, or of several last ones.

namespace octet {

// Indices of the nodes that have to change for the last `channels` elements of `tensor` to be
// scaled one by one by positive factors while nothing else changes: the one that yields the tensor
// first, the one whose constants have the last word at the end. Others of them only pass the
// factors on. Empty where that cannot be.
//
// Normalizations, products with constants per channel and matrix products with constant weights
// take factors up; the latter where weights have a scale per channel, which makes up for it. Sums
// with constants, reshapes that leave the channels together and the values of attention pass them
// on. Tensors between the nodes are read by the next node alone; who reads `tensor` does not
// matter. `shapes` has the concrete shape of every tensor.
std::vector<int> NodesForFactors(const Graph& graph, const std::vector<Shape>& shapes,
                                 TensorId tensor, WeightGranularity granularity);

// Multiplies the channels of what `node`, one of those nodes, yields, as far as its constants are
// concerned. New constants are added to the graph; those that others may read stay.
void ScaleChannels(const std::vector<float>& factors, Node& node, Graph& graph);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CHANNEL_FACTORS_H_

#ifndef OCTET_TOOLS_QUANTIZE_NOISE_GAINS_H_
#define OCTET_TOOLS_QUANTIZE_NOISE_GAINS_H_

#include <map>
#include <vector>

#include "runtime/core/graph.h"
#include "tools/quantize/channel_classes.h"
#include "tools/quantize/channel_profile.h"

namespace octet {

// Per tensor and channel, about how much the squares of small independent changes of its elements
// grow on their way to the network's outputs: through squared weights, and past activations as
// often as they pass something. Operators that are neither layers nor move or add channels count as
// passing on the mean.
std::vector<std::vector<double>> NoiseGains(
    const Graph& graph, const ChannelClasses& classes,
    const std::map<TensorId, std::vector<ChannelProfile>>& profiles);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_NOISE_GAINS_H_

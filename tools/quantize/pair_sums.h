#ifndef OCTET_TOOLS_QUANTIZE_PAIR_SUMS_H_
#define OCTET_TOOLS_QUANTIZE_PAIR_SUMS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "runtime/core/graph.h"

namespace octet {

// CPUs without VNNI multiply u8 by s8 and add two neighbouring products in 16 bits, where the sum
// saturates when the weights are large enough.

// The products of u8 activations with constant s8 weights whose pair sums could saturate for some
// input, as indices of nodes of the integer graph. The runtime computes them exactly all the same,
// in a slower way.
std::vector<int> LayersAtRisk(const Graph& integer);

// Their names.
std::vector<std::string> NamesOfLayersAtRisk(const Graph& integer);

// Changes the weights of those layers until there are none: two neighbours of one sign add up to
// 128 at most. Where a channel has such neighbours, both are lowered; when its scale, made larger,
// gives less error, its other weights are rounded anew for that scale. Weights with one scale for
// the tensor change together. Biases keep their real values.
void LimitPairSums(Graph& integer);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_PAIR_SUMS_H_

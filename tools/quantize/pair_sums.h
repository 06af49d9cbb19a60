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
// 128 at most. Where a channel has neighbours above that, its weights are rounded anew for several
// larger scales, pairs that still are too large lowered, both neighbours alike, and the scale of
// least error is taken. Weights with one scale for the tensor change together. Biases keep their
// real values. Errors count against the weights of `real`, which `integer` was made from, as far as
// they were rounded to nearest; where an integer was chosen otherwise, against that choice.
void LimitPairSums(const Graph& real, Graph& integer);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_PAIR_SUMS_H_

#ifndef OCTET_TOOLS_QUANTIZE_LAYER_PAIRS_H_
#define OCTET_TOOLS_QUANTIZE_LAYER_PAIRS_H_

#include <vector>

#include "runtime/core/graph.h"

namespace octet {

// A layer of a float network and of the integer network that was made from it, as indices of nodes.
struct LayerPair {
  int real;
  int integer;
};

// The layers of `integer`, in order of execution, that multiply 8-bit activations with constant s8
// weights, paired with their origins in `real`: nodes of the same type and name, in the same order.
std::vector<LayerPair> PairLayers(const Graph& real, const Graph& integer);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_LAYER_PAIRS_H_

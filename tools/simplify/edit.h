#ifndef OCTET_TOOLS_SIMPLIFY_EDIT_H_
#define OCTET_TOOLS_SIMPLIFY_EDIT_H_

#include "runtime/core/graph.h"

// Edits that keep a graph valid, for passes.

namespace octet {

// Makes the readers of `to` read `from` instead, which has the same numbers and shape. Where `to`
// is an output of the graph, `from` takes its name and place. False, and nothing changed, where
// `from` cannot: because it is an input, a constant or another output. Whatever computed `to` is
// dead afterwards.
bool Bypass(Graph& graph, TensorId to, TensorId from);

// Takes node `index` out. Its outputs must have no readers or another producer.
void EraseNode(Graph& graph, int index);

// The activation range of a Conv, ConvTranspose, MatMul or Binary node.
struct ActivationBounds {
  float* min;
  float* max;
};
ActivationBounds ActivationOf(Node& node);

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_EDIT_H_

#ifndef OCTET_RUNTIME_LOWER_WIDEN_H_
#define OCTET_RUNTIME_LOWER_WIDEN_H_

#include "runtime/core/graph.h"

namespace octet {

// Replaces the quantized weights of Conv and MatMul that compute in f32, those of STORED arithmetic
// with f32 activations, by f32 ones of the same values, so that no kernel converts weights while it
// runs.
void WidenStoredWeights(Graph& graph);

}  // namespace octet

#endif  // OCTET_RUNTIME_LOWER_WIDEN_H_

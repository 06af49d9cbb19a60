#ifndef OCTET_RUNTIME_TESTING_SMALL_TRANSFORMER_H_
#define OCTET_RUNTIME_TESTING_SMALL_TRANSFORMER_H_

#include <cstdint>

#include "runtime/core/graph.h"

namespace octet::testing {

// Numbers of a token.
constexpr int64_t kTransformerWidth = 24;

// A layer of an encoder with random weights, DYNAMIC arithmetic throughout: attention of 3 heads, a
// residual, a normalization, two products with GELU between them, and the mean over the tokens that
// are no padding. Inputs "x" [batch, time, kTransformerWidth], "mask" [batch, 1, 1, time] (0, or
// -10000 for padding) and "present" [batch, time, 1] (1, or 0 for padding); output "y" [batch,
// kTransformerWidth]. The weights depend on the seed alone.
Graph SmallTransformer(uint32_t seed, int64_t batch, int64_t time);

}  // namespace octet::testing

#endif  // OCTET_RUNTIME_TESTING_SMALL_TRANSFORMER_H_

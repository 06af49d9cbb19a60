#ifndef OCTET_RUNTIME_CORE_VALIDATE_H_
#define OCTET_RUNTIME_CORE_VALIDATE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "runtime/core/graph.h"

namespace octet {

// Whether the graph keeps every rule of schema/model.fbs, so that nothing after it needs to check
// again: indices, order, number and types of operands, quantization, sizes of constants, options,
// shapes. The graph may come from a hostile file.
//
// InvalidArgument when a rule is broken, Unimplemented for a combination of types that no rule
// computes. The message names the operator or tensor, what was found and what was expected. Shapes
// are inferred with 1 for the sizes that are known only at run time; where a network cannot take
// that, with larger ones.
absl::Status ValidateGraph(const Graph& graph);

// The largest magnitude of a bias that is added to a sum of `depth` products of an `x` of 8 bits or
// of s16, so that the sum fits s32, or 53 bits, whatever the input; negative when the sum alone may
// not fit.
int64_t MaxBias(int64_t depth, DataType x = DataType::kU8);

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_VALIDATE_H_

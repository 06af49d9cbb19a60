#ifndef OCTET_RUNTIME_LOWER_WIDEN_H_
#define OCTET_RUNTIME_LOWER_WIDEN_H_

#include "runtime/core/graph.h"

namespace octet {

// Replaces f16 and bf16 constants by f32 ones of the same values, so that no kernel converts
// weights while it runs.
void WidenConstants(Graph& graph);

}  // namespace octet

#endif  // OCTET_RUNTIME_LOWER_WIDEN_H_

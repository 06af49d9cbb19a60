#ifndef OCTET_KERNELS_SCATTER_FUNCTIONS_H_
#define OCTET_KERNELS_SCATTER_FUNCTIONS_H_

#include <cstdint>

#include "octet/types.h"
#include "schema/model_generated.h"

namespace octet {

// to[i] = to[i] combined with from[i] for i < n. Integers wrap around; a float that is not a number
// wins over all others; for booleans ADD is "or" and MUL "and".
using CombineFunction = void (*)(void* to, const void* from, int64_t n);

// Null for element types without arithmetic (f16, bf16, f64) unless the reduction is NONE.
CombineFunction CombineFor(schema::ScatterReduction reduction, DataType type);

}  // namespace octet

#endif  // OCTET_KERNELS_SCATTER_FUNCTIONS_H_

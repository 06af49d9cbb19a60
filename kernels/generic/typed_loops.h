#ifndef OCTET_KERNELS_GENERIC_TYPED_LOOPS_H_
#define OCTET_KERNELS_GENERIC_TYPED_LOOPS_H_

#include <cstdint>

#include "octet/types.h"
#include "schema/model_generated.h"

// Elementwise functions of integers and booleans, one loop per function and type.

namespace octet {
namespace generic {

// y[i] = f(a[i * a_step], b[i * b_step]).
using TypedBinaryLoop = void (*)(const void* a, int64_t a_step, const void* b, int64_t b_step,
                                 void* y, int64_t n);
// Of integers of `type`, or booleans; null where the function is not theirs. Comparisons give
// booleans.
TypedBinaryLoop TypedBinaryLoopOf(schema::BinaryKind kind, DataType type);

// y[i] = f(x[i]). Clip's bounds are integers of the type (see ClipBound), those of u64 by their
// bits; others ignore them.
using TypedUnaryLoop = void (*)(const void* x, void* y, int64_t n, int64_t low, int64_t high);
TypedUnaryLoop TypedUnaryLoopOf(schema::UnaryKind kind, DataType type);

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_TYPED_LOOPS_H_

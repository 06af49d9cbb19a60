#ifndef OCTET_TOOLS_SIMPLIFY_CONSTANTS_H_
#define OCTET_TOOLS_SIMPLIFY_CONSTANTS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"

// Constants of any element type as numbers, and back. Tools compute in double or int64_t, so that
// each stored number is rounded once.

namespace octet {

// Whether elements are f32, f16 or bf16.
bool IsFloat(DataType type);

// The elements of a constant of type `type`. Empty for kUnknown.
std::vector<double> ToDoubles(DataType type, const Constant& data);

// The same for integers and bools; floats are truncated toward zero and saturate.
std::vector<int64_t> ToInts(DataType type, const Constant& data);

// A constant of type `type`, each element rounded once. Integer types truncate toward zero and
// wrap.
Constant FromDoubles(DataType type, absl::Span<const double> values);
Constant FromInts(DataType type, absl::Span<const int64_t> values);

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_CONSTANTS_H_

#ifndef OCTET_RUNTIME_CORE_BIND_H_
#define OCTET_RUNTIME_CORE_BIND_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"

namespace octet {

// The numbers of a constant of any integer type or booleans; of floats too, which are cut to whole
// numbers within the range of s64.
std::vector<int64_t> IntegersOf(const Tensor& constant);
// The numbers of a constant of any type.
std::vector<double> RealsOf(const Tensor& constant);

// Moves the numbers of the node's value inputs (see the schema) into its options and drops these
// inputs. `values` has one entry per input of the node: the constant that a value input is,
// anything elsewhere. `x` is the shape of input 0. Afterwards IsBound(node). InvalidArgument when
// the numbers make no sense, without the node's name; what InferShapes checks is left to it.
absl::Status BindValues(Node& node, absl::Span<const Tensor* const> values, const Shape& x);

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_BIND_H_

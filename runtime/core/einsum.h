#ifndef OCTET_RUNTIME_CORE_EINSUM_H_
#define OCTET_RUNTIME_CORE_EINSUM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/types.h"

namespace octet {

// A sum of products over indices, made ready for concrete shapes. Indices are numbered; those of
// the output come first, in its order.
struct EinsumProblem {
  std::vector<int64_t> sizes;              // of all indices
  size_t output_indices = 0;               // how many of them the output has
  std::vector<std::vector<int>> operands;  // per input and dimension: its index, or -1 where the
                                           // size 1 broadcasts
};

// Parses `equation` ("ij,jk->ik", with "..." for leading dimensions that broadcast; without "->"
// the output has the indices that occur once, in alphabetical order). InvalidArgument when it is
// malformed or does not fit the shapes.
absl::StatusOr<EinsumProblem> ParseEinsum(const std::string& equation,
                                          absl::Span<const Shape> inputs);

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_EINSUM_H_

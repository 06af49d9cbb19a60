#ifndef OCTET_KERNELS_SLICES_H_
#define OCTET_KERNELS_SLICES_H_

#include <cstdint>
#include <vector>

#include "absl/types/optional.h"
#include "kernels/kernel.h"

namespace octet {

// An operator as a number of smaller ones of its own kind, each on one piece of memory per operand.
// Slice i stands for index i / per_line of the outer dimensions and for the i % per_line-th group
// of `group` indices along the dimension that is cut; the last group of a line may be smaller.
struct Slices {
  // Where a slice begins in an operand.
  struct Steps {
    std::vector<int64_t> outer;  // elements between neighbours along each outer dimension
    int64_t cut = 0;             // likewise along the one that is cut
    bool varies = false;         // false: every slice sees the whole operand
  };

  std::vector<int64_t> outer_sizes;  // outermost first
  int64_t cut_size = 1, group = 1, per_line = 1, count = 1;
  std::vector<Steps> inputs;
  Steps output;

  // Where slice `i` begins in an operand, in elements.
  int64_t Offset(const Steps& steps, int64_t i) const;
  // Indices along the dimension that is cut, in slice `i`.
  int64_t GroupOf(int64_t i) const {
    const int64_t begin = i % per_line * group;
    return cut_size - begin < group ? cut_size - begin : group;
  }
  // Operand shapes of a slice with `group` indices along the dimension that is cut.
  std::vector<Shape> InputShapes(const KernelContext& context, int64_t indices) const;
  Shape OutputShape(const KernelContext& context, int64_t indices) const;

  int64_t cut_dimension = 0;              // of the output
  std::vector<int64_t> outer_dimensions;  // likewise
};

// Slices of about `elements` elements of the output, in the order in which they lie in memory.
// Nothing where the operator cannot be cut into at least two of them: its results depend on all
// elements, or operands lie in memory in different orders.
absl::optional<Slices> MakeSlices(const KernelContext& context, int64_t elements);

}  // namespace octet

#endif  // OCTET_KERNELS_SLICES_H_

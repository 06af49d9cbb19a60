#ifndef OCTET_KERNELS_GENERIC_NEST_H_
#define OCTET_KERNELS_GENERIC_NEST_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "kernels/kernel.h"
#include "octet/types.h"

namespace octet {
namespace generic {

// Nested loops over a shape with several operands that step through memory, each in its own way.
struct Nest {
  static constexpr int kMaxOperands = 4;

  struct Dimension {
    int64_t size = 1;
    int64_t strides[kMaxOperands] = {};  // in elements
  };
  // Outermost first; at least one, none of size 1 but a lone one. Neighbours that all operands step
  // through as if they were one are one.
  std::vector<Dimension> dims;

  const Dimension& inner() const { return dims.back(); }
  // Product of all sizes but the innermost.
  int64_t rows() const;
};

// The loops over `shape`, ordered so that operand 0 steps as evenly through memory as it can.
// `strides` has one entry per operand, each of the shape's rank.
Nest MakeNest(const Shape& shape, absl::Span<const Shape> strides);

// Walks through the rows of a nest, that is, all loops but the innermost.
class RowWalker {
 public:
  RowWalker(const Nest& nest, int64_t row);
  // Where the row begins in operand i.
  int64_t offset(int i) const { return offsets_[i]; }
  void Next();

 private:
  static constexpr size_t kMaxDims = 16;  // twice the rank: Tile's repetitions are loops too

  const Nest* nest_;
  int64_t index_[kMaxDims] = {};
  int64_t offsets_[Nest::kMaxOperands] = {};
};

// Strides that make `from` broadcast to a shape of `rank` dimensions: 0 where it has size 1.
Shape BroadcastStrides(const Shape& from, const Shape& strides, size_t rank);

// Whether the same bytes in both operands, of equal shape, are the same elements.
bool SameOrder(const Operand& a, const Operand& b);

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_NEST_H_

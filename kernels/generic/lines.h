#ifndef OCTET_KERNELS_GENERIC_LINES_H_
#define OCTET_KERNELS_GENERIC_LINES_H_

#include <algorithm>
#include <cstdint>

#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/kernel.h"

namespace octet {
namespace generic {

// The lines of x along one axis, each with a line of y, for operators that work on lines by
// themselves. Any layout; y may have any number of elements along the axis, or lack the axis.
class Lines {
 public:
  // Neighbouring lines that are worked on at a time.
  static constexpr int64_t kBlock = 64;

  struct Block {
    int64_t x, y;            // offsets of the first line's first elements
    int64_t lines;           // at most kBlock
    int64_t x_next, y_next;  // from a line to the next one
  };

  Lines(const Operand& x, const Operand& y, size_t axis) : count_(x.shape[axis]) {
    Shape x_strides = Strides(x.shape, x.layout), y_strides = Strides(y.shape, y.layout);
    if (y.shape.size() < x.shape.size()) {
      y_strides.insert(y_strides.begin() + static_cast<ptrdiff_t>(axis), 0);
    }
    x_step_ = x_strides[axis];
    y_step_ = y_strides[axis];
    Shape others = x.shape;
    others[axis] = 1;
    total_ = NumElements(others);
    nest_ = MakeNest(others, {x_strides, y_strides});
    blocks_ = (nest_.inner().size + kBlock - 1) / kBlock;
  }

  int64_t count() const { return count_; }  // of x's elements in a line
  int64_t x_step() const { return x_step_; }
  int64_t y_step() const { return y_step_; }
  int64_t total() const { return total_; }  // of all lines
  int64_t units() const { return total_ == 0 ? 0 : nest_.rows() * blocks_; }

  // Calls fn(block) for the units in [begin, end).
  template <typename Fn>
  void ForEachBlock(int64_t begin, int64_t end, const Fn& fn) const {
    const Nest::Dimension& inner = nest_.inner();
    RowWalker row(nest_, begin / blocks_);
    int64_t block = begin % blocks_;
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t at = block * kBlock;
      fn(Block{row.offset(0) + at * inner.strides[0], row.offset(1) + at * inner.strides[1],
               std::min(kBlock, inner.size - at), inner.strides[0], inner.strides[1]});
      if (++block < blocks_) continue;
      block = 0;
      row.Next();
    }
  }

  // All of them, from several threads when that pays.
  template <typename Fn>
  void Run(ThreadPool* pool, int64_t bytes, const Fn& fn) const {
    ParallelRanges(pool, units(), bytes,
                   [&](int64_t begin, int64_t end) { ForEachBlock(begin, end, fn); });
  }

 private:
  Nest nest_;
  int64_t count_, x_step_ = 0, y_step_ = 0;
  int64_t total_ = 0;
  int64_t blocks_ = 0;
};

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_LINES_H_

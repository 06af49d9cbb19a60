#ifndef OCTET_KERNELS_GENERIC_BROADCAST_H_
#define OCTET_KERNELS_GENERIC_BROADCAST_H_

#include <algorithm>
#include <cstdint>

#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/kernel.h"

namespace octet {
namespace generic {

// The loops over output 0, in its order in memory, with all inputs broadcast to it, and the pieces
// of rows that threads share. Operand 0 is the output, operand i the input i - 1.
class BroadcastNest {
 public:
  // Neighbours that are worked on at a time; their buffers stay in L1.
  static constexpr int64_t kChunk = 512;

  explicit BroadcastNest(const KernelContext& context) {
    const Operand& y = context.output();
    std::vector<Shape> strides = {Strides(y.shape, y.layout)};
    for (const Operand& x : context.inputs) {
      strides.push_back(BroadcastStrides(x.shape, Strides(x.shape, x.layout), y.shape.size()));
    }
    nest_ = MakeNest(y.shape, strides);
    operands_ = static_cast<int>(strides.size());
    chunks_ = (nest_.inner().size + kChunk - 1) / kChunk;
    count_ = NumElements(y.shape);
  }

  // Elements of the output.
  int64_t count() const { return count_; }
  // Distance between neighbours in operand i.
  int64_t step(int i) const { return nest_.inner().strides[i]; }

  // Calls fn(offsets, n) for n <= kChunk neighbours of the output at a time; offsets has one entry
  // per operand.
  template <typename Fn>
  void Run(ThreadPool* pool, int64_t bytes, const Fn& fn) const {
    if (count_ == 0) return;
    const int64_t rows = nest_.rows(), size = nest_.inner().size;
    ParallelRanges(pool, rows * chunks_, bytes, [&](int64_t begin, int64_t end) {
      RowWalker row(nest_, begin / chunks_);
      int64_t chunk = begin % chunks_;
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t at = chunk * kChunk;
        int64_t offsets[Nest::kMaxOperands];
        for (int i = 0; i < operands_; ++i) offsets[i] = row.offset(i) + at * step(i);
        fn(offsets, std::min(kChunk, size - at));
        if (++chunk < chunks_) continue;
        chunk = 0;
        row.Next();
      }
    });
  }

 private:
  Nest nest_;
  int operands_;
  int64_t chunks_;
  int64_t count_;
};

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_BROADCAST_H_

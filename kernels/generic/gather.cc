#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "kernels/generic/generic.h"
#include "kernels/generic/movement.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/generic/table.h"
#include "kernels/indices.h"
#include "kernels/operands.h"

// Gather, GatherND and GatherElements.

namespace octet {
namespace generic {
namespace {

// y[o, k] is the slice of x[o] that the k-th vector of indices names. Gather and GatherND see their
// operands as x [outer, named sizes..., slice] and y [outer, count, slice].
struct Slices {
  int64_t outer = 1;
  int64_t count = 1;
  bool own_indices = false;      // per index of `outer`; else all share one list
  std::vector<int64_t> sizes;    // of the dimensions that indices name
  std::vector<int64_t> strides;  // of these, in bytes
  int64_t x_stride = 0;          // between neighbours along `outer`, in bytes
  int64_t bytes = 0;             // of a slice
};

class GatherSlices : public Kernel {
 public:
  GatherSlices(const KernelContext& context, Slices slices)
      : slices_(std::move(slices)),
        index_type_(context.input(1).type),
        loops_(LoopsFor(context.cpu)) {
    const Operand &x = context.input(0), &y = context.output();
    if (!SameNumbers(x, y)) table_ = RequantizeTable(x, y);
  }

  void Run(const RunArgs& args) const override {
    const int64_t rows = slices_.outer * slices_.count;
    const Indices indices(index_type_, args.inputs[1]);
    // An index costs about as much as moving a few words.
    ParallelRanges(args.pool, rows, 2 * rows * (slices_.bytes + 16),
                   [&](int64_t begin, int64_t end) { CopySlices(args, indices, begin, end); });
  }

 private:
  void CopySlices(const RunArgs& args, const Indices& indices, int64_t begin, int64_t end) const {
    const auto depth = static_cast<int64_t>(slices_.sizes.size());
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]) + begin * slices_.bytes;
    int64_t o = begin / slices_.count, k = begin % slices_.count;
    for (int64_t i = begin; i < end; ++i, y += slices_.bytes) {
      const int64_t first = ((slices_.own_indices ? o * slices_.count : 0) + k) * depth;
      int64_t from = o * slices_.x_stride;
      bool inside = true;
      for (int64_t d = 0; d < depth; ++d) {
        const auto at = static_cast<size_t>(d);
        const int64_t index = ResolveIndex(indices[first + d], slices_.sizes[at], args.error);
        inside = inside && index >= 0;
        from += index * slices_.strides[at];
      }
      if (inside) CopySlice(x + from, y);
      if (++k < slices_.count) continue;
      k = 0;
      ++o;
    }
  }

  void CopySlice(const uint8_t* from, uint8_t* to) const {
    if (table_) return loops_.lookup(from, to, slices_.bytes, table_->data());
    switch (slices_.bytes) {
      case 1:
        *to = *from;
        return;
      case 4:
        std::memcpy(to, from, 4);
        return;
      case 8:
        std::memcpy(to, from, 8);
        return;
      default:
        std::memcpy(to, from, static_cast<size_t>(slices_.bytes));
    }
  }

  Slices slices_;
  DataType index_type_;
  std::optional<Table> table_;
  const Loops& loops_;
};

int64_t Product(const Shape& shape, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t i = begin; i < end; ++i) product *= shape[i];
  return product;
}

// Slices of x, of whose dimensions the first `batch` are outer ones and the next `depth` named.
Slices SlicesOf(const Operand& x, size_t batch, size_t depth) {
  Slices slices;
  const auto bytes = static_cast<int64_t>(SizeOf(x.type));
  const Shape strides = Strides(x.shape, Layout::kPlain);
  slices.outer = Product(x.shape, 0, batch);
  slices.x_stride = Product(x.shape, batch, x.shape.size()) * bytes;
  slices.bytes = Product(x.shape, batch + depth, x.shape.size()) * bytes;
  for (size_t d = batch; d < batch + depth; ++d) {
    slices.sizes.push_back(x.shape[d]);
    slices.strides.push_back(strides[d] * bytes);
  }
  return slices;
}

absl::Status Check(const KernelContext& context) {
  return CheckMovement(context.input(0), context.output());
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareGather(const KernelContext& context) {
  const auto axis = static_cast<size_t>(context.node->as<schema::GatherOptionsT>().axis);
  Slices slices = SlicesOf(context.input(0), axis, 1);
  slices.count = NumElements(context.input(1).shape);
  return std::make_unique<GatherSlices>(context, std::move(slices));
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareGatherND(const KernelContext& context) {
  const auto batch = static_cast<size_t>(context.node->as<schema::GatherNDOptionsT>().batch_dims);
  const Shape& indices = context.input(1).shape;
  Slices slices = SlicesOf(context.input(0), batch, static_cast<size_t>(indices.back()));
  slices.count = Product(indices, batch, indices.size() - 1);
  slices.own_indices = true;
  return std::make_unique<GatherSlices>(context, std::move(slices));
}

class GatherElementsKernel : public Kernel {
 public:
  explicit GatherElementsKernel(const KernelContext& context)
      : index_type_(context.input(1).type), bytes_(SizeOf(context.input(0).type)) {
    const Operand &x = context.input(0), &y = context.output();
    const auto axis = static_cast<size_t>(context.node->as<schema::GatherElementsOptionsT>().axis);
    Shape strides = Strides(x.shape, Layout::kPlain);
    size_ = x.shape[axis];
    stride_ = strides[axis];
    strides[axis] = 0;
    nest_ = MakeNest(y.shape, {Strides(y.shape, Layout::kPlain), strides});
    count_ = NumElements(y.shape);
    if (!SameNumbers(x, y)) table_ = RequantizeTable(x, y);
  }

  void Run(const RunArgs& args) const override {
    if (count_ == 0) return;
    ParallelRanges(args.pool, nest_.rows(), 16 * count_, [&](int64_t begin, int64_t end) {
      switch (bytes_) {
        case 1:
          return CopyRows<uint8_t>(args, begin, end);
        case 2:
          return CopyRows<uint16_t>(args, begin, end);
        case 4:
          return CopyRows<uint32_t>(args, begin, end);
        default:
          return CopyRows<uint64_t>(args, begin, end);
      }
    });
  }

 private:
  template <typename Word>
  void CopyRows(const RunArgs& args, int64_t begin, int64_t end) const {
    const Indices indices(index_type_, args.inputs[1]);
    const auto* x = static_cast<const Word*>(args.inputs[0]);
    auto* y = static_cast<Word*>(args.outputs[0]);
    const Nest::Dimension& inner = nest_.inner();
    RowWalker row(nest_, begin);
    for (int64_t i = begin; i < end; ++i, row.Next()) {
      for (int64_t j = 0; j < inner.size; ++j) {
        const int64_t to = row.offset(0) + j * inner.strides[0];
        const int64_t index = ResolveIndex(indices[to], size_, args.error);
        if (index < 0) continue;
        const Word value = x[row.offset(1) + j * inner.strides[1] + index * stride_];
        y[to] = table_ ? static_cast<Word>((*table_)[static_cast<uint8_t>(value)]) : value;
      }
    }
  }

  DataType index_type_;
  size_t bytes_;
  int64_t size_, stride_;  // of the axis in x
  Nest nest_;              // operand 0: y and indices, operand 1: x but for the axis
  int64_t count_;
  std::optional<Table> table_;
};

absl::StatusOr<std::unique_ptr<Kernel>> PrepareGatherElements(const KernelContext& context) {
  return std::make_unique<GatherElementsKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericGather = {"generic", generic::Check, generic::PrepareGather};
const KernelEntry kGenericGatherND = {"generic", generic::Check, generic::PrepareGatherND};
const KernelEntry kGenericGatherElements = {"generic", generic::Check,
                                            generic::PrepareGatherElements};

}  // namespace octet

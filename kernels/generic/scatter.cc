#include <memory>
#include <vector>

#include "kernels/generic/generic.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/indices.h"
#include "kernels/operands.h"
#include "kernels/scatter_functions.h"

// ScatterElements and ScatterND, onto x in place. What meets in one element of y is combined in
// row-major order of the updates, whatever the number of threads.

namespace octet {
namespace generic {
namespace {

constexpr int kX = 0, kIndices = 1, kUpdates = 2;

absl::Status CheckScatter(const KernelContext& context, schema::ScatterReduction reduction) {
  const Operand &x = context.input(kX), &y = context.output();
  if (!SameNumbers(x, y) || !SameNumbers(context.input(kUpdates), y)) {
    return absl::UnimplementedError("x, updates and y differ in type or scale");
  }
  if (y.quant != nullptr && reduction != schema::ScatterReduction::NONE) {
    return absl::UnimplementedError("it does not compute with quantized numbers");
  }
  return absl::OkStatus();
}

class ScatterElementsKernel : public Kernel {
 public:
  explicit ScatterElementsKernel(const KernelContext& context)
      : index_type_(context.input(kIndices).type) {
    const Operand &y = context.output(), &updates = context.input(kUpdates);
    const auto& options = context.node->as<schema::ScatterElementsOptionsT>();
    const auto axis = static_cast<size_t>(options.axis);
    combine_ = CombineFor(options.reduction, y.type);
    bytes_ = static_cast<int64_t>(SizeOf(y.type));
    count_ = NumElements(updates.shape);
    Shape strides = Strides(y.shape, Layout::kPlain);
    size_ = y.shape[axis];
    stride_ = strides[axis];
    strides[axis] = 0;
    nest_ = MakeNest(updates.shape, {Strides(updates.shape, Layout::kPlain), strides});
    // Elements that differ in an index outside the axis never meet.
    const Nest::Dimension& outer = nest_.dims.front();
    if (nest_.dims.size() > 1 && outer.strides[1] != 0) units_ = outer.size;
  }

  int in_place_input() const override { return kX; }

  void Run(const RunArgs& args) const override {
    if (count_ == 0) return;
    const int64_t rows = nest_.rows() / units_;
    ParallelRanges(args.pool, units_, 32 * count_,
                   [&](int64_t begin, int64_t end) { Scatter(args, begin * rows, end * rows); });
  }

 private:
  void Scatter(const RunArgs& args, int64_t begin, int64_t end) const {
    const Indices indices(index_type_, args.inputs[kIndices]);
    const auto* updates = static_cast<const uint8_t*>(args.inputs[kUpdates]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    const Nest::Dimension& inner = nest_.inner();
    RowWalker row(nest_, begin);
    for (int64_t i = begin; i < end; ++i, row.Next()) {
      for (int64_t j = 0; j < inner.size; ++j) {
        const int64_t from = row.offset(0) + j * inner.strides[0];
        const int64_t index = ResolveIndex(indices[from], size_, args.error);
        if (index < 0) continue;
        const int64_t to = row.offset(1) + j * inner.strides[1] + index * stride_;
        combine_(y + to * bytes_, updates + from * bytes_, 1);
      }
    }
  }

  DataType index_type_;
  CombineFunction combine_;
  int64_t bytes_;
  int64_t size_, stride_;  // of the axis in y
  Nest nest_;              // operand 0: updates and indices, operand 1: y but for the axis
  int64_t count_;
  int64_t units_ = 1;  // equal parts of the nest that touch different elements of y
};

class ScatterNDKernel : public Kernel {
 public:
  explicit ScatterNDKernel(const KernelContext& context)
      : index_type_(context.input(kIndices).type) {
    const Operand &y = context.output(), &indices = context.input(kIndices);
    combine_ = CombineFor(context.node->as<schema::ScatterNDOptionsT>().reduction, y.type);
    bytes_ = static_cast<int64_t>(SizeOf(y.type));
    const auto depth = static_cast<size_t>(indices.shape.back());
    const Shape strides = Strides(y.shape, Layout::kPlain);
    sizes_.assign(y.shape.begin(), y.shape.begin() + indices.shape.back());
    strides_.assign(strides.begin(), strides.begin() + indices.shape.back());
    for (size_t d = depth; d < y.shape.size(); ++d) slice_ *= y.shape[d];
    for (size_t d = 0; d + 1 < indices.shape.size(); ++d) count_ *= indices.shape[d];
  }

  int in_place_input() const override { return kX; }

  // Each task has some of the elements of every slice.
  void Run(const RunArgs& args) const override {
    ParallelRanges(args.pool, slice_, 3 * count_ * slice_ * bytes_,
                   [&](int64_t begin, int64_t end) { Scatter(args, begin, end); });
  }

 private:
  void Scatter(const RunArgs& args, int64_t begin, int64_t end) const {
    const Indices indices(index_type_, args.inputs[kIndices]);
    const auto* updates = static_cast<const uint8_t*>(args.inputs[kUpdates]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    for (int64_t k = 0; k < count_; ++k) {
      const int64_t to = SliceBegin(indices, k, args.error);
      if (to < 0) continue;
      combine_(y + (to + begin) * bytes_, updates + (k * slice_ + begin) * bytes_, end - begin);
    }
  }

  // Where in y the k-th slice begins, or -1.
  int64_t SliceBegin(const Indices& indices, int64_t k, RunError* error) const {
    int64_t begin = 0;
    const auto depth = static_cast<int64_t>(sizes_.size());
    for (int64_t d = 0; d < depth; ++d) {
      const auto at = static_cast<size_t>(d);
      const int64_t index = ResolveIndex(indices[k * depth + d], sizes_[at], error);
      if (index < 0) return -1;
      begin += index * strides_[at];
    }
    return begin;
  }

  DataType index_type_;
  CombineFunction combine_;
  int64_t bytes_;
  std::vector<int64_t> sizes_, strides_;  // of y's dimensions that indices name
  int64_t slice_ = 1;                     // elements
  int64_t count_ = 1;
};

absl::Status CheckElements(const KernelContext& context) {
  return CheckScatter(context, context.node->as<schema::ScatterElementsOptionsT>().reduction);
}

absl::Status CheckND(const KernelContext& context) {
  return CheckScatter(context, context.node->as<schema::ScatterNDOptionsT>().reduction);
}

template <typename ScatterKernel>
absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<ScatterKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericScatterElements = {"generic", generic::CheckElements,
                                             generic::Prepare<generic::ScatterElementsKernel>};
const KernelEntry kGenericScatterND = {"generic", generic::CheckND,
                                       generic::Prepare<generic::ScatterNDKernel>};

}  // namespace octet

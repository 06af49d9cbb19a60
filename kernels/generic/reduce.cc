#include <vector>

#include "kernels/generic/generic.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/generic/reducer.h"

// GlobalPool and Reduce where the reduced dimensions lie together in memory.

namespace octet {
namespace generic {
namespace {

// x in memory as [outer, reduced, inner], of which y is [outer, inner].
struct Split {
  int64_t outer = 1, reduced = 1, inner = 1;
};

// Unimplemented when x cannot be seen that way.
absl::StatusOr<Split> SplitOf(const Operand& x, const std::vector<int>& axes) {
  Shape kept(x.shape.size(), 1);  // as a stride: marks dimensions that stay
  for (int axis : axes) kept[static_cast<size_t>(axis)] = 0;
  Split split;
  enum { kOuter, kReduced, kInner } part = kOuter;
  const Shape strides = Strides(x.shape, x.layout);
  std::vector<size_t> order;
  for (size_t d = 0; d < x.shape.size(); ++d) {
    if (x.shape[d] != 1) order.push_back(d);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return strides[a] > strides[b]; });
  for (size_t d : order) {
    const bool reduced = kept[d] == 0;
    if (reduced && part == kOuter) part = kReduced;
    if (!reduced && part == kReduced) part = kInner;
    if (reduced && part == kInner) {
      return absl::UnimplementedError("reduced dimensions must lie together in memory");
    }
    (part == kOuter ? split.outer : part == kReduced ? split.reduced : split.inner) *= x.shape[d];
  }
  return split;
}

class ReduceKernel : public Kernel {
 public:
  ReduceKernel(Reduction reduction, const Split& split, const KernelContext& context)
      : split_(split),
        x_bytes_(static_cast<int64_t>(SizeOf(context.input(0).type))),
        y_bytes_(static_cast<int64_t>(SizeOf(context.output().type))),
        reducer_(reduction, context.input(0), context.output(), LoopsFor(context.cpu)) {
    if (split.inner == 1) return;
    for (int64_t i = 0; i < split.reduced; ++i) offsets_.push_back(i * split.inner);
  }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    const int64_t plane = split_.reduced * split_.inner;
    const int64_t bytes = split_.outer * plane * x_bytes_;
    if (split_.inner == 1) {
      ParallelRanges(args.pool, split_.outer, bytes, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          reducer_.Row(x + i * plane * x_bytes_, split_.reduced, y + i * y_bytes_);
        }
      });
      return;
    }
    const int64_t blocks = (split_.inner + kBlock - 1) / kBlock;
    ParallelRanges(args.pool, split_.outer * blocks, bytes, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t column = i % blocks * kBlock, row = i / blocks;
        reducer_.Columns(x + (row * plane + column) * x_bytes_, offsets_.data(), split_.reduced,
                         split_.reduced, y + (row * split_.inner + column) * y_bytes_,
                         std::min(kBlock, split_.inner - column));
      }
    });
  }

 private:
  static constexpr int64_t kBlock = 128;  // columns that one thread takes at a time

  Split split_;
  int64_t x_bytes_, y_bytes_;
  Reducer reducer_;
  std::vector<int64_t> offsets_;
};

std::vector<int> ReducedAxes(const KernelContext& context) {
  if (context.node->type() == OpType::ReduceOptions) {
    return context.node->as<schema::ReduceOptionsT>().axes;
  }
  std::vector<int> axes;
  for (size_t d = 2; d < context.input(0).shape.size(); ++d) axes.push_back(static_cast<int>(d));
  return axes;
}

Reduction ReductionOf(const Node& node) {
  if (node.type() == OpType::GlobalPoolOptions) {
    const schema::PoolKind kind = node.as<schema::GlobalPoolOptionsT>().kind;
    return kind == schema::PoolKind::MAXIMUM ? Reduction::kMaximum : Reduction::kMean;
  }
  switch (node.as<schema::ReduceOptionsT>().kind) {
    case schema::ReduceKind::SUM:
      return Reduction::kSum;
    case schema::ReduceKind::MAXIMUM:
      return Reduction::kMaximum;
    case schema::ReduceKind::MINIMUM:
      return Reduction::kMinimum;
    default:
      return Reduction::kMean;
  }
}

// Whether the dimensions of y that remain of x stand in memory in x's order.
bool KeepsOrder(const Operand& x, const Operand& y, const std::vector<int>& axes) {
  if (y.shape.size() == x.shape.size()) {
    Operand kept = y;
    kept.layout = x.layout;
    return SameOrder(kept, y);
  }
  Operand plain_x = x, plain_y = y;
  plain_x.layout = plain_y.layout = Layout::kPlain;
  return !axes.empty() && SameOrder(x, plain_x) && SameOrder(y, plain_y);
}

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (context.node->type() == OpType::ReduceOptions &&
      context.node->as<schema::ReduceOptionsT>().kind == schema::ReduceKind::PRODUCT) {
    return absl::UnimplementedError("no vector loop for products");
  }
  if (NumElements(x.shape) == 0) return absl::UnimplementedError("x is empty");
  const Reduction reduction = ReductionOf(*context.node);
  const bool sums = reduction == Reduction::kMean || reduction == Reduction::kSum;
  if (!(sums && IsQuantized(x) && IsF32(y))) {
    if (absl::Status s = CheckReducible(x, y); !s.ok()) return s;
  }
  const std::vector<int> axes = ReducedAxes(context);
  if (!KeepsOrder(x, y, axes)) return absl::UnimplementedError("layouts differ");
  const absl::StatusOr<Split> split = SplitOf(x, axes);
  if (!split.ok()) return split.status();
  if (split->reduced < 1 || split->reduced > Reducer::MaxTaps(x.type)) {
    return absl::UnimplementedError(absl::StrCat("it reduces ", split->reduced, " elements"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  const absl::StatusOr<Split> split = SplitOf(context.input(0), ReducedAxes(context));
  if (!split.ok()) return split.status();
  return std::make_unique<ReduceKernel>(ReductionOf(*context.node), *split, context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericGlobalPool = {"generic", generic::Check, generic::Prepare};
const KernelEntry kGenericReduce = {"generic", generic::Check, generic::Prepare};

}  // namespace octet

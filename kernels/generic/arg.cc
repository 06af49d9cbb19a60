#include "kernels/elements.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/lines.h"
#include "kernels/operands.h"

// ArgMax and ArgMin. NaN counts as the extreme, as in numpy.

namespace octet {
namespace generic {
namespace {

// Whether `value`, which stands behind `best`, takes its place.
template <typename T, bool kMaximum, bool kLast>
bool Replaces(T value, T best) {
  const bool better = kMaximum ? value > best : value < best;
  const bool equal = kLast && value == best;
  if constexpr (std::is_floating_point_v<T>) {
    return better || equal || (value != value && (kLast || best == best));
  }
  return better || equal;
}

template <typename T, bool kMaximum, bool kLast>
void FindExtremes(const Lines& lines, const Lines::Block& block, const void* data, int64_t* y) {
  const T* x = static_cast<const T*>(data) + block.x;
  T best[Lines::kBlock];
  int32_t where[Lines::kBlock];
  for (int64_t j = 0; j < block.lines; ++j) {
    best[j] = x[j * block.x_next];
    where[j] = 0;
  }
  const auto look = [&](int64_t i, int64_t j, T value) {
    const bool replaces = Replaces<T, kMaximum, kLast>(value, best[j]);
    best[j] = replaces ? value : best[j];
    where[j] = replaces ? static_cast<int32_t>(i) : where[j];
  };
  if (block.x_next == 1) {
    for (int64_t i = 1; i < lines.count(); ++i) {
      const T* row = x + i * lines.x_step();
      for (int64_t j = 0; j < block.lines; ++j) look(i, j, row[j]);
    }
  } else {
    for (int64_t j = 0; j < block.lines; ++j) {
      const T* line = x + j * block.x_next;
      for (int64_t i = 1; i < lines.count(); ++i) look(i, j, line[i * lines.x_step()]);
    }
  }
  for (int64_t j = 0; j < block.lines; ++j) y[block.y + j * block.y_next] = where[j];
}

using ArgFunction = void (*)(const Lines& lines, const Lines::Block& block, const void* x,
                             int64_t* y);

ArgFunction ArgFunctionOf(DataType type, const schema::ArgOptionsT& options) {
  ArgFunction function = nullptr;
  DispatchComputed(type, [&](auto zero) {
    using T = decltype(zero);
    if (options.kind == schema::ArgKind::MAXIMUM) {
      function = options.last ? FindExtremes<T, true, true> : FindExtremes<T, true, false>;
    } else {
      function = options.last ? FindExtremes<T, false, true> : FindExtremes<T, false, false>;
    }
  });
  return function;
}

class ArgKernel : public Kernel {
 public:
  explicit ArgKernel(const KernelContext& context)
      : lines_(context.input(0), context.output(),
               static_cast<size_t>(context.node->as<schema::ArgOptionsT>().axis)),
        function_(ArgFunctionOf(context.input(0).type, context.node->as<schema::ArgOptionsT>())),
        bytes_(NumElements(context.input(0).shape) *
               static_cast<int64_t>(SizeOf(context.input(0).type))) {}

  void Run(const RunArgs& args) const override {
    auto* y = static_cast<int64_t*>(args.outputs[0]);
    lines_.Run(args.pool, bytes_,
               [&](const Lines::Block& block) { function_(lines_, block, args.inputs[0], y); });
  }

 private:
  Lines lines_;
  ArgFunction function_;
  int64_t bytes_;
};

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const bool ordered = IsF32(x) || IsQuantized(x) || IsPlainInteger(x);
  if (ordered && y.type == DataType::kS64) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("no extremes of ", Describe(x), " as ", Describe(y)));
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<ArgKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kArg = {"reference", generic::Check, generic::Prepare};

}  // namespace octet

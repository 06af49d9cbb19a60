#include "kernels/elements.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/lines.h"
#include "kernels/operands.h"

// Cumulated sums and products. Floats are accumulated in f64 and rounded when they are stored.

namespace octet {
namespace generic {
namespace {

template <typename T, typename Sum, bool kProduct>
void Accumulate(const Lines& lines, const Lines::Block& block, const schema::CumulateOptionsT& o,
                const void* from, void* to) {
  const T* x = static_cast<const T*>(from) + block.x;
  T* y = static_cast<T*>(to) + block.y;
  Sum sums[Lines::kBlock];
  std::fill_n(sums, block.lines, kProduct ? Sum{1} : Sum{0});
  for (int64_t step = 0; step < lines.count(); ++step) {
    const int64_t i = o.reverse ? lines.count() - 1 - step : step;
    const T* row = x + i * lines.x_step();
    T* result = y + i * lines.y_step();
    for (int64_t j = 0; j < block.lines; ++j) {
      const auto value = static_cast<Sum>(row[j * block.x_next]);
      const Sum before = sums[j];
      const Sum after = kProduct ? before * value : before + value;
      sums[j] = after;
      result[j * block.y_next] = static_cast<T>(o.exclusive ? before : after);
    }
  }
}

using CumulateFunction = void (*)(const Lines& lines, const Lines::Block& block,
                                  const schema::CumulateOptionsT& options, const void* x, void* y);

CumulateFunction CumulateFunctionOf(DataType type, schema::CumulateKind kind) {
  CumulateFunction function = nullptr;
  DispatchComputed(type, [&](auto zero) {
    using T = decltype(zero);
    using Sum = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;
    const bool product = kind == schema::CumulateKind::PRODUCT;
    function = product ? Accumulate<T, Sum, true> : Accumulate<T, Sum, false>;
  });
  return function;
}

class CumulateKernel : public Kernel {
 public:
  explicit CumulateKernel(const KernelContext& context)
      : options_(context.node->as<schema::CumulateOptionsT>()),
        lines_(context.input(0), context.output(), static_cast<size_t>(options_.axis)),
        function_(CumulateFunctionOf(context.input(0).type, options_.kind)),
        bytes_(2 * NumElements(context.input(0).shape) *
               static_cast<int64_t>(SizeOf(context.input(0).type))) {}

  void Run(const RunArgs& args) const override {
    lines_.Run(args.pool, bytes_, [&](const Lines::Block& block) {
      function_(lines_, block, options_, args.inputs[0], args.outputs[0]);
    });
  }

 private:
  schema::CumulateOptionsT options_;
  Lines lines_;
  CumulateFunction function_;
  int64_t bytes_;
};

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (x.type == y.type && y.quant == nullptr && (IsF32(x) || IsPlainInteger(x))) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(
      absl::StrCat("no cumulated numbers of ", Describe(x), " as ", Describe(y)));
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<CumulateKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kCumulate = {"reference", generic::Check, generic::Prepare};

}  // namespace octet

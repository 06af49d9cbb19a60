#include "kernels/elements.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/operands.h"

// Cast: one loop per pair of types, between f32 and the reals of 16 bits a vectorized one.
// Quantized operands are cast as the integers that they hold.

namespace octet {
namespace generic {
namespace {

using CastLoop = void (*)(const void* x, void* y, int64_t begin, int64_t end);

template <typename From, typename To>
void CastElements(const void* x, void* y, int64_t begin, int64_t end) {
  const auto* from = static_cast<const From*>(x);
  auto* to = static_cast<To*>(y);
  for (int64_t i = begin; i < end; ++i) to[i] = ConvertTo<To>(from[i]);
}

CastLoop CastLoopOf(DataType from, DataType to) {
  CastLoop loop = nullptr;
  DispatchAny(from, [&](auto x) {
    DispatchAny(to, [&](auto y) { loop = CastElements<decltype(x), decltype(y)>; });
  });
  return loop;
}

class CastKernel : public Kernel {
 public:
  explicit CastKernel(const KernelContext& context)
      : loop_(CastLoopOf(context.input(0).type, context.output().type)),
        count_(NumElements(context.output().shape)) {
    const Operand &x = context.input(0), &y = context.output();
    const HalfLoops& halves = LoopsFor(context.cpu).halves;
    if (IsHalf(x) && IsF32(y)) widen_ = halves.widen(x.type);
    if (IsF32(x) && IsHalf(y)) narrow_ = halves.narrow(y.type);
    const size_t bytes = SizeOf(context.input(0).type) + SizeOf(context.output().type);
    bytes_ = count_ * static_cast<int64_t>(bytes);
  }

  void Run(const RunArgs& args) const override {
    const void* x = args.inputs[0];
    void* y = args.outputs[0];
    ParallelRanges(args.pool, count_, bytes_, [&](int64_t begin, int64_t end) {
      const int64_t n = end - begin;
      if (widen_ != nullptr) {
        widen_(static_cast<const uint16_t*>(x) + begin, static_cast<float*>(y) + begin, n);
      } else if (narrow_ != nullptr) {
        narrow_(static_cast<const float*>(x) + begin, static_cast<uint16_t*>(y) + begin, n);
      } else {
        loop_(x, y, begin, end);
      }
    });
  }

 private:
  CastLoop loop_;
  WidenLoop widen_ = nullptr;    // instead of loop_
  NarrowLoop narrow_ = nullptr;  // instead of loop_
  int64_t count_;
  int64_t bytes_;
};

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (CastLoopOf(x.type, y.type) == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("no conversion from ", Describe(x), " to ", Describe(y)));
  }
  if (!SameOrder(x, y)) return absl::UnimplementedError("layouts differ");
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<CastKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kCast = {"reference", generic::Check, generic::Prepare};

}  // namespace octet

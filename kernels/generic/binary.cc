#include <algorithm>

#include "kernels/elements.h"
#include "kernels/generic/broadcast.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/reals.h"
#include "kernels/generic/typed_loops.h"
#include "kernels/operands.h"

namespace octet {
namespace generic {
namespace {

constexpr int64_t kChunk = BroadcastNest::kChunk;
constexpr int kY = 0, kA = 1, kB = 2;

// The n elements from `x` on, `stride` apart, side by side; in `buffer` unless they are already, or
// are one.
template <typename T>
const T* Gather(const T* x, int64_t stride, int64_t n, T* buffer) {
  if (stride == 0 || stride == 1) return x;
  for (int64_t i = 0; i < n; ++i) buffer[i] = x[i * stride];
  return buffer;
}

BinaryMode ModeOf(const BroadcastNest& nest) {
  if (nest.step(kA) == 0) return kScalarA;
  return nest.step(kB) == 0 ? kScalarB : kBothVectors;
}

class F32Kernel : public Kernel {
 public:
  explicit F32Kernel(const KernelContext& context) : nest_(context) {
    const auto& options = context.node->as<schema::BinaryOptionsT>();
    min_ = options.activation_min;
    max_ = options.activation_max;
    const int mode = nest_.step(kA) == 0 ? kScalarA : nest_.step(kB) == 0 ? kScalarB : kBothVectors;
    loop_ = LoopsFor(context.cpu).binary[static_cast<size_t>(options.kind)][mode];
  }

  void Run(const RunArgs& args) const override {
    const auto* a = static_cast<const float*>(args.inputs[0]);
    const auto* b = static_cast<const float*>(args.inputs[1]);
    auto* y = static_cast<float*>(args.outputs[0]);
    const int64_t bytes = 3 * nest_.count() * static_cast<int64_t>(sizeof(float));
    nest_.Run(args.pool, bytes, [&](const int64_t* at, int64_t n) {
      float a_buffer[kChunk], b_buffer[kChunk];
      loop_(Gather(a + at[kA], nest_.step(kA), n, a_buffer),
            Gather(b + at[kB], nest_.step(kB), n, b_buffer), y + at[kY], n, min_, max_);
    });
  }
  std::string detail() const override { return "f32"; }

 private:
  BroadcastNest nest_;
  BinaryLoop loop_;
  float min_, max_;
};

// Widens both sides to f32, which is exact, combines them and rounds once.
class QuantizedKernel : public Kernel {
 public:
  explicit QuantizedKernel(const KernelContext& context)
      : nest_(context),
        a_(context.input(0), LoopsFor(context.cpu)),
        b_(context.input(1), LoopsFor(context.cpu)),
        y_(context.output(), LoopsFor(context.cpu)) {
    const auto& options = context.node->as<schema::BinaryOptionsT>();
    const Operand& y = context.output();
    loop_ = LoopsFor(context.cpu).int8_binary[static_cast<size_t>(options.kind)];
    factors_ = {a_.scale(), b_.scale(), y_.scale()};
    if (options.kind == schema::BinaryKind::MUL) {
      factors_.y = RequantMultiplier(a_.scale(), b_.scale(), y_.scale());
    } else if (options.kind == schema::BinaryKind::ADD || options.kind == schema::BinaryKind::SUB) {
      factors_.a = ScaleRatio(a_.scale(), y_.scale());
      factors_.b = ScaleRatio(b_.scale(), y_.scale());
    }
    target_ = {y.quant->zero_point(),
               ActivationRange(options.activation_min, options.activation_max, y_.scale(),
                               y.quant->zero_point(), y.type)};
  }

  void Run(const RunArgs& args) const override {
    const auto* a = static_cast<const uint8_t*>(args.inputs[0]);
    const auto* b = static_cast<const uint8_t*>(args.inputs[1]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    nest_.Run(args.pool, 6 * nest_.count() * y_.bytes(), [&](const int64_t* at, int64_t n) {
      float a_real[kChunk], b_real[kChunk], v[kChunk];
      Widen(a_, a + at[kA] * a_.bytes(), nest_.step(kA), n, a_real);
      Widen(b_, b + at[kB] * b_.bytes(), nest_.step(kB), n, b_real);
      loop_(a_real, b_real, v, n, factors_);
      y_.Narrow(v, n, y + at[kY] * y_.bytes(), target_);
    });
  }
  std::string detail() const override { return y_.bytes() == 1 ? "int8" : "int16"; }

 private:
  static void Widen(const Reals& side, const uint8_t* x, int64_t stride, int64_t n, float* real) {
    if (stride == 0) {
      side.Widen(x, 1, real);
      std::fill_n(real, n, real[0]);
      return;
    }
    uint16_t buffer[kChunk];
    const void* from = x;
    if (side.bytes() == 1) {
      from = Gather(x, stride, n, reinterpret_cast<uint8_t*>(buffer));
    } else {
      from = Gather(reinterpret_cast<const uint16_t*>(x), stride, n, buffer);
    }
    side.Widen(from, n, real);
  }

  BroadcastNest nest_;
  Reals a_, b_, y_;
  Int8BinaryLoop loop_;
  Int8Factors factors_;
  IntTarget target_;
};

class CompareKernel : public Kernel {
 public:
  explicit CompareKernel(const KernelContext& context) : nest_(context) {
    const auto kind = context.node->as<schema::BinaryOptionsT>().kind;
    const auto index = static_cast<size_t>(kind) - static_cast<size_t>(schema::BinaryKind::EQUAL);
    loop_ = LoopsFor(context.cpu).compare[index][ModeOf(nest_)];
  }

  void Run(const RunArgs& args) const override {
    const auto* a = static_cast<const float*>(args.inputs[0]);
    const auto* b = static_cast<const float*>(args.inputs[1]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    nest_.Run(args.pool, 9 * nest_.count(), [&](const int64_t* at, int64_t n) {
      float a_buffer[kChunk], b_buffer[kChunk];
      loop_(Gather(a + at[kA], nest_.step(kA), n, a_buffer),
            Gather(b + at[kB], nest_.step(kB), n, b_buffer), y + at[kY], n);
    });
  }
  std::string detail() const override { return "f32 comparison"; }

 private:
  BroadcastNest nest_;
  CompareLoop loop_;
};

// Integers that stand for themselves, and booleans.
class TypedKernel : public Kernel {
 public:
  TypedKernel(const KernelContext& context, TypedBinaryLoop loop)
      : nest_(context),
        loop_(loop),
        x_size_(static_cast<int64_t>(SizeOf(context.input(0).type))),
        y_size_(static_cast<int64_t>(SizeOf(context.output().type))) {}

  void Run(const RunArgs& args) const override {
    const auto* a = static_cast<const uint8_t*>(args.inputs[0]);
    const auto* b = static_cast<const uint8_t*>(args.inputs[1]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    const int64_t bytes = nest_.count() * (2 * x_size_ + y_size_);
    nest_.Run(args.pool, bytes, [&](const int64_t* at, int64_t n) {
      loop_(a + at[kA] * x_size_, nest_.step(kA), b + at[kB] * x_size_, nest_.step(kB),
            y + at[kY] * y_size_, n);
    });
  }
  std::string detail() const override { return "integers"; }

 private:
  BroadcastNest nest_;
  TypedBinaryLoop loop_;
  int64_t x_size_, y_size_;
};

// The loop for operands of integers or booleans; null when they have none.
TypedBinaryLoop TypedLoop(const KernelContext& context) {
  const Operand &a = context.input(0), &b = context.input(1), &y = context.output();
  const auto kind = context.node->as<schema::BinaryOptionsT>().kind;
  const DataType result = kind < schema::BinaryKind::EQUAL ? a.type : DataType::kBool;
  if (!IsWhole(a) || !IsWhole(b) || a.type != b.type || y.type != result) return nullptr;
  return TypedBinaryLoopOf(kind, a.type);
}

bool IsComparison(const KernelContext& context) {
  return IsF32(context.input(0)) && IsF32(context.input(1)) && IsBool(context.output()) &&
         context.node->as<schema::BinaryOptionsT>().kind >= schema::BinaryKind::EQUAL;
}

absl::Status Check(const KernelContext& context) {
  if (IsComparison(context) || TypedLoop(context) != nullptr) return absl::OkStatus();
  const Operand &a = context.input(0), &b = context.input(1), &y = context.output();
  const auto kind = context.node->as<schema::BinaryOptionsT>().kind;
  const int kinds = IsF32(y) ? kBinaryKinds : kInt8BinaryKinds;
  if (static_cast<int>(kind) >= kinds) {
    return absl::UnimplementedError(
        absl::StrCat("no vector loop for ", schema::EnumNameBinaryKind(kind)));
  }
  const bool reals = IsF32(a) && IsF32(b) && IsF32(y);
  if (reals || (IsQuantized(a) && IsQuantized(b) && IsQuantized(y))) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("from ", Describe(a), " and ", Describe(b), " to ",
                                               Describe(y), "; all must be f32 or all quantized"));
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  if (const TypedBinaryLoop loop = TypedLoop(context); loop != nullptr) {
    return std::make_unique<TypedKernel>(context, loop);
  }
  if (IsComparison(context)) return std::make_unique<CompareKernel>(context);
  if (IsF32(context.output())) return std::make_unique<F32Kernel>(context);
  return std::make_unique<QuantizedKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericBinary = {"generic", generic::Check, generic::Prepare};

}  // namespace octet

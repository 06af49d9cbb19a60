#include <algorithm>

#include "kernels/elements.h"
#include "kernels/generic/broadcast.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
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
class Int8Kernel : public Kernel {
 public:
  explicit Int8Kernel(const KernelContext& context)
      : nest_(context), loops_(LoopsFor(context.cpu)), a_{context.input(0)}, b_{context.input(1)} {
    const auto& options = context.node->as<schema::BinaryOptionsT>();
    const Operand& y = context.output();
    const float y_scale = y.quant->scale();
    loop_ = loops_.int8_binary[static_cast<size_t>(options.kind)];
    factors_ = {a_.scale, b_.scale, y_scale};
    if (options.kind == schema::BinaryKind::MUL) {
      factors_.y = RequantMultiplier(a_.scale, b_.scale, y_scale);
    } else if (options.kind == schema::BinaryKind::ADD || options.kind == schema::BinaryKind::SUB) {
      factors_.a = ScaleRatio(a_.scale, y_scale);
      factors_.b = ScaleRatio(b_.scale, y_scale);
    }
    target_ = {y.quant->zero_point(),
               ActivationRange(options.activation_min, options.activation_max, y_scale,
                               y.quant->zero_point(), y.type)};
  }

  void Run(const RunArgs& args) const override {
    const auto* a = static_cast<const uint8_t*>(args.inputs[0]);
    const auto* b = static_cast<const uint8_t*>(args.inputs[1]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    nest_.Run(args.pool, 6 * nest_.count(), [&](const int64_t* at, int64_t n) {
      float a_real[kChunk], b_real[kChunk], v[kChunk];
      Widen(a_, a + at[kA], nest_.step(kA), n, a_real);
      Widen(b_, b + at[kB], nest_.step(kB), n, b_real);
      loop_(a_real, b_real, v, n, factors_);
      loops_.narrow(v, y + at[kY], n, target_);
    });
  }
  std::string detail() const override { return "int8"; }

 private:
  struct Side {
    bool is_signed;
    float scale, zero_point;

    explicit Side(const Operand& x)
        : is_signed(x.type == DataType::kS8),
          scale(x.quant->scale()),
          zero_point(static_cast<float>(x.quant->zero_point())) {}
  };

  void Widen(const Side& side, const uint8_t* x, int64_t stride, int64_t n, float* real) const {
    if (stride == 0) {
      const int32_t q = side.is_signed ? static_cast<int8_t>(*x) : *x;
      std::fill_n(real, n, static_cast<float>(q) - side.zero_point);
      return;
    }
    uint8_t buffer[kChunk];
    x = Gather(x, stride, n, buffer);
    if (side.is_signed) {
      loops_.widen_s8(reinterpret_cast<const int8_t*>(x), real, n, side.zero_point);
    } else {
      loops_.widen_u8(x, real, n, side.zero_point);
    }
  }

  BroadcastNest nest_;
  const Loops& loops_;
  Side a_, b_;
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
  if ((IsF32(a) && IsF32(b) && IsF32(y)) || (IsInt8(a) && IsInt8(b) && IsInt8(y))) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(absl::StrCat("from ", Describe(a), " and ", Describe(b), " to ",
                                               Describe(y), "; all must be f32 or all int8"));
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  if (const TypedBinaryLoop loop = TypedLoop(context); loop != nullptr) {
    return std::make_unique<TypedKernel>(context, loop);
  }
  if (IsComparison(context)) return std::make_unique<CompareKernel>(context);
  if (IsF32(context.output())) return std::make_unique<F32Kernel>(context);
  return std::make_unique<Int8Kernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericBinary = {"generic", generic::Check, generic::Prepare};

}  // namespace octet

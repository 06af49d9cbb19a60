#include <algorithm>

#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/operands.h"

namespace octet {
namespace generic {
namespace {

constexpr int64_t kChunk = 512;  // elements that are worked on at a time; their buffers stay in L1
constexpr int kY = 0, kA = 1, kB = 2;

// The loops over the output, in its order in memory, and the blocks of rows that threads share.
class BinaryNest {
 public:
  explicit BinaryNest(const KernelContext& context) {
    const Operand& y = context.output();
    const size_t rank = y.shape.size();
    Shape strides[3] = {Strides(y.shape, y.layout), {}, {}};
    for (int i : {kA, kB}) {
      const Operand& x = context.input(static_cast<size_t>(i - 1));
      strides[i] = BroadcastStrides(x.shape, Strides(x.shape, x.layout), rank);
    }
    nest_ = MakeNest(y.shape, strides);
    chunks_ = (nest_.inner().size + kChunk - 1) / kChunk;
    count_ = NumElements(y.shape);
  }

  int64_t count() const { return count_; }
  int64_t a_stride() const { return nest_.inner().strides[kA]; }
  int64_t b_stride() const { return nest_.inner().strides[kB]; }

  // Calls fn(y offset, a offset, b offset, n) for n <= kChunk neighbours of the output at a time.
  template <typename Fn>
  void Run(ThreadPool* pool, int64_t bytes, const Fn& fn) const {
    if (count_ == 0) return;
    const int64_t rows = nest_.rows(), size = nest_.inner().size;
    ParallelRanges(pool, rows * chunks_, bytes, [&](int64_t begin, int64_t end) {
      RowWalker row(nest_, begin / chunks_);
      int64_t chunk = begin % chunks_;
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t at = chunk * kChunk;
        fn(row.offset(kY) + at, row.offset(kA) + at * a_stride(), row.offset(kB) + at * b_stride(),
           std::min(kChunk, size - at));
        if (++chunk < chunks_) continue;
        chunk = 0;
        row.Next();
      }
    });
  }

 private:
  Nest nest_;
  int64_t chunks_;
  int64_t count_;
};

// The n elements from `x` on, `stride` apart, side by side; in `buffer` unless they are already, or
// are one.
template <typename T>
const T* Gather(const T* x, int64_t stride, int64_t n, T* buffer) {
  if (stride == 0 || stride == 1) return x;
  for (int64_t i = 0; i < n; ++i) buffer[i] = x[i * stride];
  return buffer;
}

class F32Kernel : public Kernel {
 public:
  explicit F32Kernel(const KernelContext& context) : nest_(context) {
    const auto& options = context.node->as<schema::BinaryOptionsT>();
    min_ = options.activation_min;
    max_ = options.activation_max;
    const int mode = nest_.a_stride() == 0   ? kScalarA
                     : nest_.b_stride() == 0 ? kScalarB
                                             : kBothVectors;
    loop_ = LoopsFor(context.cpu).binary[static_cast<size_t>(options.kind)][mode];
  }

  void Run(const RunArgs& args) const override {
    const auto* a = static_cast<const float*>(args.inputs[0]);
    const auto* b = static_cast<const float*>(args.inputs[1]);
    auto* y = static_cast<float*>(args.outputs[0]);
    const int64_t bytes = 3 * nest_.count() * static_cast<int64_t>(sizeof(float));
    nest_.Run(args.pool, bytes, [&](int64_t y_at, int64_t a_at, int64_t b_at, int64_t n) {
      float a_buffer[kChunk], b_buffer[kChunk];
      loop_(Gather(a + a_at, nest_.a_stride(), n, a_buffer),
            Gather(b + b_at, nest_.b_stride(), n, b_buffer), y + y_at, n, min_, max_);
    });
  }
  std::string detail() const override { return "f32"; }

 private:
  BinaryNest nest_;
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
    nest_.Run(args.pool, 6 * nest_.count(),
              [&](int64_t y_at, int64_t a_at, int64_t b_at, int64_t n) {
                float a_real[kChunk], b_real[kChunk], v[kChunk];
                Widen(a_, a + a_at, nest_.a_stride(), n, a_real);
                Widen(b_, b + b_at, nest_.b_stride(), n, b_real);
                loop_(a_real, b_real, v, n, factors_);
                loops_.narrow(v, y + y_at, n, target_);
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

  BinaryNest nest_;
  const Loops& loops_;
  Side a_, b_;
  Int8BinaryLoop loop_;
  Int8Factors factors_;
  IntTarget target_;
};

absl::Status Check(const KernelContext& context) {
  const Operand &a = context.input(0), &b = context.input(1), &y = context.output();
  const auto kind = context.node->as<schema::BinaryOptionsT>().kind;
  if (kind > schema::BinaryKind::POW) {
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
  if (IsF32(context.output())) return std::make_unique<F32Kernel>(context);
  return std::make_unique<Int8Kernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericBinary = {"generic", generic::Check, generic::Prepare};

}  // namespace octet

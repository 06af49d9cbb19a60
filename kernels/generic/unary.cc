#include <cstring>
#include <limits>

#include "absl/status/statusor.h"
#include "kernels/elements.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/generic/reals.h"
#include "kernels/generic/table.h"
#include "kernels/generic/typed_loops.h"
#include "kernels/operands.h"
#include "kernels/scalar_functions.h"

// Operators that take each element by itself: Unary, Requantize, and Reshape, which changes
// nothing.

namespace octet {
namespace generic {
namespace {

constexpr int64_t kBlock = 1024;  // elements

// Blocks of [0, count), of which each thread takes a run.
template <typename Fn>
void ParallelElements(ThreadPool* pool, int64_t count, int64_t bytes, const Fn& fn) {
  ParallelRanges(pool, (count + kBlock - 1) / kBlock, bytes, [&](int64_t begin, int64_t end) {
    fn(begin * kBlock, std::min(end * kBlock, count));
  });
}

class CopyKernel : public Kernel {
 public:
  explicit CopyKernel(int64_t bytes) : bytes_(bytes) {}

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    ParallelElements(args.pool, bytes_, 2 * bytes_, [&](int64_t begin, int64_t end) {
      std::memcpy(y + begin, x + begin, static_cast<size_t>(end - begin));
    });
  }
  std::string detail() const override { return "copy"; }

 private:
  int64_t bytes_;
};

class TableKernel : public Kernel {
 public:
  TableKernel(const Table& table, int64_t count, const Loops& loops)
      : table_(table), count_(count), loops_(loops) {}

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    ParallelElements(args.pool, count_, 8 * count_, [&](int64_t begin, int64_t end) {
      loops_.lookup(x + begin, y + begin, end - begin, table_.data());
    });
  }
  std::string detail() const override { return "table"; }

 private:
  Table table_;
  int64_t count_;
  const Loops& loops_;
};

class F32Kernel : public Kernel {
 public:
  F32Kernel(const schema::UnaryOptionsT& options, int64_t count, const Loops& loops)
      : loop_(loops.unary[static_cast<size_t>(options.kind)]),
        alpha_(options.alpha),
        beta_(options.beta),
        count_(count) {}

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const float*>(args.inputs[0]);
    auto* y = static_cast<float*>(args.outputs[0]);
    const int64_t bytes = 2 * count_ * static_cast<int64_t>(sizeof(float));
    ParallelElements(args.pool, count_, bytes, [&](int64_t begin, int64_t end) {
      loop_(x + begin, y + begin, end - begin, alpha_, beta_);
    });
  }
  std::string detail() const override { return "f32"; }

 private:
  UnaryLoop loop_;
  float alpha_, beta_;
  int64_t count_;
};

// Quantized numbers of which one side has 16 bits: as f32, which holds them exactly, rounded once.
class RealsKernel : public Kernel {
 public:
  // Without a loop, the numbers stay what they are.
  RealsKernel(const KernelContext& context, UnaryLoop loop, float alpha, float beta)
      : x_(context.input(0), LoopsFor(context.cpu)),
        y_(context.output(), LoopsFor(context.cpu)),
        loop_(loop),
        alpha_(alpha),
        beta_(beta),
        count_(NumElements(context.output().shape)) {}

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    ParallelElements(args.pool, count_, 8 * count_, [&](int64_t begin, int64_t end) {
      float v[kBlock];
      for (int64_t i = begin; i < end; i += kBlock) {
        const int64_t n = std::min(kBlock, end - i);
        x_.Load(x + i * x_.bytes(), n, v);
        if (loop_ != nullptr) loop_(v, v, n, alpha_, beta_);
        y_.Store(v, n, y + i * y_.bytes());
      }
    });
  }
  std::string detail() const override { return "int16"; }

 private:
  Reals x_, y_;
  UnaryLoop loop_;
  float alpha_, beta_;
  int64_t count_;
};

// Functions whose vector loops round each operation as the reference does.
bool IsExact(schema::UnaryKind kind) {
  using Kind = schema::UnaryKind;
  switch (kind) {
    case Kind::IDENTITY:
    case Kind::CLIP:
    case Kind::SQRT:
    case Kind::RECIPROCAL:
    case Kind::ABS:
    case Kind::NEG:
    case Kind::FLOOR:
    case Kind::CEIL:
    case Kind::ROUND:
    case Kind::LEAKY_RELU:
    case Kind::HARD_SIGMOID:
    case Kind::HARD_SWISH:
    case Kind::SIGN:
    case Kind::SOFTSIGN:
    case Kind::THRESHOLDED_RELU:
    case Kind::SHRINK:
      return true;
    default:
      return false;
  }
}

// Integers that stand for themselves, and booleans.
class TypedKernel : public Kernel {
 public:
  TypedKernel(const KernelContext& context, TypedUnaryLoop loop)
      : loop_(loop),
        count_(NumElements(context.output().shape)),
        size_(static_cast<int64_t>(SizeOf(context.output().type))) {
    const auto& options = context.node->as<schema::UnaryOptionsT>();
    if (options.kind != schema::UnaryKind::CLIP) return;
    low_ = ClipBound(context.input(0).type, options.alpha);
    high_ = ClipBound(context.input(0).type, options.beta);
  }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    ParallelElements(args.pool, count_, 2 * count_ * size_, [&](int64_t begin, int64_t end) {
      loop_(x + begin * size_, y + begin * size_, end - begin, low_, high_);
    });
  }
  std::string detail() const override { return "integers"; }

 private:
  TypedUnaryLoop loop_;
  int64_t count_, size_;
  int64_t low_ = 0, high_ = 0;
};

// IS_NAN and IS_INF.
class TestKernel : public Kernel {
 public:
  explicit TestKernel(const KernelContext& context)
      : options_(context.node->as<schema::UnaryOptionsT>()),
        count_(NumElements(context.output().shape)) {}

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const float*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    const bool nan = options_.kind == schema::UnaryKind::IS_NAN;
    const float infinity = std::numeric_limits<float>::infinity();
    const bool low = options_.alpha != 0.0f, high = options_.beta != 0.0f;
    ParallelElements(args.pool, count_, 5 * count_, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const float v = x[i];
        y[i] = nan ? v != v : (low && v == -infinity) || (high && v == infinity);
      }
    });
  }

 private:
  schema::UnaryOptionsT options_;
  int64_t count_;
};

absl::Status CheckOrder(const KernelContext& context) {
  if (SameOrder(context.input(0), context.output())) return absl::OkStatus();
  return absl::UnimplementedError("input and output must have the same layout");
}

absl::Status CheckPair(const Operand& x, const Operand& y) {
  if ((IsF32(x) && IsF32(y)) || (IsQuantized(x) && IsQuantized(y))) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("from ", Describe(x), " to ", Describe(y),
                                               "; both must be f32 or both quantized"));
}

// The loop for operands of integers or booleans; null when they have none.
TypedUnaryLoop TypedLoop(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (!IsWhole(x) || !IsWhole(y) || x.type != y.type) return nullptr;
  return TypedUnaryLoopOf(context.node->as<schema::UnaryOptionsT>().kind, x.type);
}

bool IsTest(const KernelContext& context) {
  const auto kind = context.node->as<schema::UnaryOptionsT>().kind;
  return IsF32(context.input(0)) && IsBool(context.output()) &&
         (kind == schema::UnaryKind::IS_NAN || kind == schema::UnaryKind::IS_INF);
}

absl::Status CheckUnary(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const auto kind = context.node->as<schema::UnaryOptionsT>().kind;
  const bool copies = kind == schema::UnaryKind::IDENTITY && SameNumbers(x, y);
  if (copies || TypedLoop(context) != nullptr || IsTest(context)) return CheckOrder(context);
  if (kBaseLoops.unary[static_cast<size_t>(kind)] == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("no loop of reals for ", schema::EnumNameUnaryKind(kind)));
  }
  if (absl::Status s = CheckPair(x, y); !s.ok()) return s;
  const bool by_table = IsF32(x) || (IsInt8(x) && IsInt8(y));
  if (context.deterministic && !by_table && !IsExact(kind)) {
    return absl::UnimplementedError(absl::StrCat(
        "deterministic: its ", schema::EnumNameUnaryKind(kind), " of 16 bits may be a unit off"));
  }
  return CheckOrder(context);
}

std::unique_ptr<Kernel> MakeCopy(const Operand& y) {
  return std::make_unique<CopyKernel>(NumElements(y.shape) * static_cast<int64_t>(SizeOf(y.type)));
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareUnary(const KernelContext& context) {
  const auto& options = context.node->as<schema::UnaryOptionsT>();
  const Operand &x = context.input(0), &y = context.output();
  const int64_t count = NumElements(y.shape);
  const Loops& loops = LoopsFor(context.cpu);
  if (options.kind == schema::UnaryKind::IDENTITY && SameNumbers(x, y)) return MakeCopy(y);
  if (const TypedUnaryLoop loop = TypedLoop(context); loop != nullptr) {
    return std::make_unique<TypedKernel>(context, loop);
  }
  if (IsTest(context)) return std::make_unique<TestKernel>(context);
  if (IsF32(x)) return std::make_unique<F32Kernel>(options, count, loops);
  if (!IsInt8(x) || !IsInt8(y)) {
    return std::make_unique<RealsKernel>(context, loops.unary[static_cast<size_t>(options.kind)],
                                         options.alpha, options.beta);
  }
  const Table table = MakeTable(x, y, [&](float v) { return UnaryValue(options, v); });
  return std::make_unique<TableKernel>(table, count, loops);
}

absl::Status CheckRequantize(const KernelContext& context) {
  if (!IsQuantized(context.input(0)) || !IsQuantized(context.output())) {
    return absl::UnimplementedError("both operands must be u8, s8 or s16 with one scale");
  }
  return CheckOrder(context);
}

absl::Status CheckReshape(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  for (const Operand* o : {&x, &y}) {
    Operand plain = *o;
    plain.layout = Layout::kPlain;
    if (!SameOrder(*o, plain)) return absl::UnimplementedError("operands must be row-major");
  }
  if (SameNumbers(x, y)) return absl::OkStatus();
  return CheckPair(x, y);
}

absl::StatusOr<std::unique_ptr<Kernel>> PrepareConversion(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (SameNumbers(x, y) || IsF32(x)) return MakeCopy(y);
  if (!IsInt8(x) || !IsInt8(y)) return std::make_unique<RealsKernel>(context, nullptr, 0.0f, 0.0f);
  return std::make_unique<TableKernel>(RequantizeTable(x, y), NumElements(y.shape),
                                       LoopsFor(context.cpu));
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericUnary = {"generic", generic::CheckUnary, generic::PrepareUnary};
const KernelEntry kGenericRequantize = {"generic", generic::CheckRequantize,
                                        generic::PrepareConversion};
const KernelEntry kGenericReshape = {"generic", generic::CheckReshape, generic::PrepareConversion};

}  // namespace octet

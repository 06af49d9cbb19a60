#include <algorithm>
#include <limits>

#include "kernels/elements.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/operands.h"

// Reduce for integers, booleans and f32, over any dimensions in any layout. Sums and products of
// floats are taken in f64, those of integers in 64 bits, and cut when they are stored.

namespace octet {
namespace generic {
namespace {

using Kind = schema::ReduceKind;

constexpr int64_t kBlock = 64;  // neighbouring results that are worked on at a time

template <typename T>
using SumOf = std::conditional_t<std::is_floating_point_v<T>, double,
                                 std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

template <typename T, Kind kKind>
struct Reduction {
  static constexpr bool kExtreme = kKind == Kind::MAXIMUM || kKind == Kind::MINIMUM;
  using State = std::conditional_t<kExtreme, T, SumOf<T>>;

  static State Combine(State a, T x) {
    if constexpr (kKind == Kind::MAXIMUM) return x > a ? x : a;
    if constexpr (kKind == Kind::MINIMUM) return x < a ? x : a;
    const auto b = static_cast<State>(x);
    if constexpr (std::is_floating_point_v<State>) {
      return kKind == Kind::PRODUCT ? a * b : a + b;
    } else {
      const auto u = static_cast<uint64_t>(a), v = static_cast<uint64_t>(b);
      return static_cast<State>(kKind == Kind::PRODUCT ? u * v : u + v);
    }
  }

  // What nothing gives, and sums and products start from.
  static State Start(bool is_bool) {
    using Limits = std::numeric_limits<T>;
    const T lowest = std::is_floating_point_v<T> ? -Limits::infinity() : Limits::min();
    const T highest = std::is_floating_point_v<T> ? Limits::infinity() : Limits::max();
    if (kKind == Kind::MAXIMUM) return static_cast<State>(lowest);
    if (kKind == Kind::MINIMUM) return static_cast<State>(is_bool ? T{1} : highest);
    return kKind == Kind::PRODUCT ? State{1} : State{0};
  }

  static T Result(State state, int64_t count) {
    if constexpr (kKind != Kind::MEAN) return static_cast<T>(state);
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(state / static_cast<double>(count));
    }
    return count == 0 ? T{0} : static_cast<T>(state / static_cast<State>(count));
  }
};

// Which elements make one result: those at `nest`'s offsets in its operand 0.
struct Reduced {
  Nest nest;
  int64_t count;
  bool is_bool;
};

// A block of results: n of them, `y_step` apart, from elements of x that are `x_step` apart.
struct Block {
  int64_t n, x_step, y_step;
};

template <typename T, Kind kKind>
void ReduceBlock(const Reduced& reduced, const Block& block, const void* x_data, int64_t x_at,
                 void* y_data, int64_t y_at) {
  using R = Reduction<T, kKind>;
  const T* x = static_cast<const T*>(x_data) + x_at;
  T* y = static_cast<T*>(y_data) + y_at;
  typename R::State states[kBlock];
  for (int64_t j = 0; j < block.n; ++j) {
    // Extremes start from an element, so that one NaN stays.
    const bool element = R::kExtreme && reduced.count > 0;
    states[j] =
        element ? static_cast<typename R::State>(x[j * block.x_step]) : R::Start(reduced.is_bool);
  }
  if (reduced.count > 0) {
    const int64_t size = reduced.nest.inner().size, step = reduced.nest.inner().strides[0];
    RowWalker row(reduced.nest, 0);
    for (int64_t rows = reduced.nest.rows(); rows > 0; --rows, row.Next()) {
      const T* from = x + row.offset(0);
      if (block.x_step == 1) {
        for (int64_t i = 0; i < size; ++i) {
          const T* elements = from + i * step;
          for (int64_t j = 0; j < block.n; ++j) states[j] = R::Combine(states[j], elements[j]);
        }
        continue;
      }
      for (int64_t j = 0; j < block.n; ++j) {
        const T* elements = from + j * block.x_step;
        auto state = states[j];
        for (int64_t i = 0; i < size; ++i) state = R::Combine(state, elements[i * step]);
        states[j] = state;
      }
    }
  }
  for (int64_t j = 0; j < block.n; ++j) {
    y[j * block.y_step] = R::Result(states[j], reduced.count);
  }
}

using ReduceFunction = void (*)(const Reduced& reduced, const Block& block, const void* x,
                                int64_t x_at, void* y, int64_t y_at);

ReduceFunction ReduceFunctionOf(DataType type, Kind kind) {
  ReduceFunction function = nullptr;
  DispatchComputed(type, [&](auto zero) {
    using T = decltype(zero);
    constexpr ReduceFunction kFunctions[] = {
        ReduceBlock<T, Kind::MEAN>, ReduceBlock<T, Kind::SUM>, ReduceBlock<T, Kind::MAXIMUM>,
        ReduceBlock<T, Kind::MINIMUM>, ReduceBlock<T, Kind::PRODUCT>};
    function = kFunctions[static_cast<size_t>(kind)];
  });
  return function;
}

class TypedReduceKernel : public Kernel {
 public:
  explicit TypedReduceKernel(const KernelContext& context) {
    const auto& options = context.node->as<schema::ReduceOptionsT>();
    const Operand &x = context.input(0), &y = context.output();
    const Shape x_strides = Strides(x.shape, x.layout);
    Shape y_strides = Strides(y.shape, y.layout), kept = x.shape, reduced(x.shape.size(), 1);
    for (const int axis : options.axes) {
      const auto a = static_cast<size_t>(axis);
      std::swap(kept[a], reduced[a]);
      if (!options.keep_dims) y_strides.insert(y_strides.begin() + axis, 0);
    }
    kept_ = MakeNest(kept, {x_strides, y_strides});
    reduced_ = {MakeNest(reduced, {x_strides}), NumElements(reduced), IsBool(x)};
    function_ = ReduceFunctionOf(x.type, options.kind);
    blocks_ = (kept_.inner().size + kBlock - 1) / kBlock;
    units_ = NumElements(kept) == 0 ? 0 : kept_.rows() * blocks_;
    bytes_ = NumElements(x.shape) * static_cast<int64_t>(SizeOf(x.type));
  }

  void Run(const RunArgs& args) const override {
    const Nest::Dimension& inner = kept_.inner();
    ParallelRanges(args.pool, units_, bytes_, [&](int64_t begin, int64_t end) {
      RowWalker row(kept_, begin / blocks_);
      int64_t block = begin % blocks_;
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t at = block * kBlock;
        function_(reduced_, {std::min(kBlock, inner.size - at), inner.strides[0], inner.strides[1]},
                  args.inputs[0], row.offset(0) + at * inner.strides[0], args.outputs[0],
                  row.offset(1) + at * inner.strides[1]);
        if (++block < blocks_) continue;
        block = 0;
        row.Next();
      }
    });
  }

 private:
  Nest kept_;
  Reduced reduced_;
  ReduceFunction function_;
  int64_t blocks_, units_, bytes_;
};

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const auto kind = context.node->as<schema::ReduceOptionsT>().kind;
  const bool extreme = kind == Kind::MAXIMUM || kind == Kind::MINIMUM;
  const bool takes = IsF32(x) || IsPlainInteger(x) || (IsBool(x) && extreme);
  if (takes && x.type == y.type && y.quant == nullptr) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("no ", schema::EnumNameReduceKind(kind), " of ",
                                               Describe(x), " as ", Describe(y)));
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<TypedReduceKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kTypedReduce = {"any axes", generic::Check, generic::Prepare};

}  // namespace octet

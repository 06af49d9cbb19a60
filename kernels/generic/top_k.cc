#include <numeric>

#include "kernels/elements.h"
#include "kernels/generic/generic.h"
#include "kernels/generic/lines.h"
#include "kernels/operands.h"

// TopK. NaN counts as larger than any number.

namespace octet {
namespace generic {
namespace {

template <typename T>
bool Exceeds(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a) return b == b;
  }
  return a > b;
}

// Where the k results of one line come from and go to.
struct Line {
  const void* x;
  int64_t count, step;
  void* values;
  int64_t* indices;
  int64_t k, y_step;
};

template <typename T, bool kLargest>
void TakeTop(const Line& line, int32_t* order) {
  const auto* x = static_cast<const T*>(line.x);
  auto* values = static_cast<T*>(line.values);
  std::iota(order, order + line.count, 0);
  const auto before = [&](int32_t i, int32_t j) {
    const T a = x[i * line.step], b = x[j * line.step];
    if (kLargest ? Exceeds(a, b) : Exceeds(b, a)) return true;
    return i < j && !(kLargest ? Exceeds(b, a) : Exceeds(a, b));
  };
  if (2 * line.k < line.count) {
    std::partial_sort(order, order + line.k, order + line.count, before);
  } else {
    std::sort(order, order + line.count, before);
  }
  for (int64_t i = 0; i < line.k; ++i) {
    values[i * line.y_step] = x[order[i] * line.step];
    line.indices[i * line.y_step] = order[i];
  }
}

using TopKFunction = void (*)(const Line& line, int32_t* order);

TopKFunction TopKFunctionOf(DataType type, bool largest) {
  TopKFunction function = nullptr;
  DispatchComputed(type, [&](auto zero) {
    using T = decltype(zero);
    function = largest ? TakeTop<T, true> : TakeTop<T, false>;
  });
  return function;
}

class TopKKernel : public Kernel {
 public:
  explicit TopKKernel(const KernelContext& context)
      : options_(context.node->as<schema::TopKOptionsT>()),
        lines_(context.input(0), context.output(), static_cast<size_t>(options_.axis)),
        function_(TopKFunctionOf(context.input(0).type, options_.largest)),
        size_(static_cast<int64_t>(SizeOf(context.input(0).type))),
        tasks_(std::max<int64_t>(1, std::min<int64_t>(lines_.units(), context.pool->threads()))) {
    if (lines_.total() * lines_.count() * kWork < kMinBytesPerTask) tasks_ = 1;
  }

  void Run(const RunArgs& args) const override {
    auto* scratch = reinterpret_cast<int32_t*>(args.scratch);
    const int64_t units = lines_.units();
    const auto task = [&](int64_t i) {
      lines_.ForEachBlock(
          units * i / tasks_, units * (i + 1) / tasks_,
          [&](const Lines::Block& block) { Take(block, args, scratch + i * lines_.count()); });
    };
    if (tasks_ == 1) return task(0);
    args.pool->ParallelFor(tasks_, task);
  }

  size_t scratch_bytes() const override {
    return static_cast<size_t>(tasks_ * lines_.count()) * sizeof(int32_t);
  }

 private:
  static constexpr int64_t kWork = 64;  // what sorting an element costs, in bytes to move

  void Take(const Lines::Block& block, const RunArgs& args, int32_t* order) const {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* values = static_cast<uint8_t*>(args.outputs[0]);
    auto* indices = static_cast<int64_t*>(args.outputs[1]);
    for (int64_t j = 0; j < block.lines; ++j) {
      const int64_t from = block.x + j * block.x_next, to = block.y + j * block.y_next;
      function_({x + from * size_, lines_.count(), lines_.x_step(), values + to * size_,
                 indices + to, options_.k, lines_.y_step()},
                order);
    }
  }

  schema::TopKOptionsT options_;
  Lines lines_;
  TopKFunction function_;
  int64_t size_;
  int64_t tasks_;
};

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &values = context.output(0), &indices = context.output(1);
  if (!IsF32(x) && !IsQuantized(x) && !IsPlainInteger(x)) {
    return absl::UnimplementedError(absl::StrCat("no order of ", Describe(x)));
  }
  if (!SameNumbers(x, values) || indices.type != DataType::kS64) {
    return absl::UnimplementedError("values must be numbers like those of x, and indices s64");
  }
  if (!SameOrder(values, indices)) {
    return absl::UnimplementedError("layouts of the outputs differ");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<TopKKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kTopK = {"reference", generic::Check, generic::Prepare};

}  // namespace octet

#include <algorithm>
#include <cmath>

#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/generic/reals.h"
#include "kernels/operands.h"

namespace octet {
namespace generic {
namespace {

// x in memory as [outer, count, inner]; each of outer * inner lines sums to 1.
struct Lines {
  int64_t outer, count, inner;

  explicit Lines(const KernelContext& context) {
    const Operand& x = context.input(0);
    const auto axis = static_cast<size_t>(context.node->as<schema::SoftmaxOptionsT>().axis);
    count = x.shape[axis];
    inner = count == 1 ? 1 : Strides(x.shape, x.layout)[axis];
    outer = count == 0 || inner == 0 ? 0 : NumElements(x.shape) / (count * inner);
  }
};

constexpr int64_t kWorkPerByte = 4;  // exp costs several times what moving an element does

class F32Kernel : public Kernel {
 public:
  explicit F32Kernel(const KernelContext& context)
      : lines_(context),
        loops_(LoopsFor(context.cpu)),
        log_(context.node->as<schema::SoftmaxOptionsT>().log) {}

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const float*>(args.inputs[0]);
    auto* y = static_cast<float*>(args.outputs[0]);
    const int64_t plane = lines_.count * lines_.inner;
    const int64_t blocks = (lines_.inner + kSoftmaxLines - 1) / kSoftmaxLines;
    const int64_t bytes = 2 * lines_.outer * plane * static_cast<int64_t>(sizeof(float));
    ParallelRanges(args.pool, lines_.outer * blocks, kWorkPerByte * bytes,
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) {
                       const int64_t line = i % blocks * kSoftmaxLines;
                       const int64_t at = i / blocks * plane + line;
                       Some(x + at, y + at, std::min(kSoftmaxLines, lines_.inner - line));
                     }
                   });
  }
  std::string detail() const override { return "f32"; }

 private:
  void Some(const float* x, float* y, int64_t lines) const {
    if (lines_.inner > 1) {
      const auto loop = log_ ? loops_.log_softmax_lines : loops_.softmax_lines;
      return loop(x, y, lines_.count, lines_.inner, lines);
    }
    if (log_) return loops_.log_softmax_row(x, y, lines_.count);
    const float sum = loops_.exp_minus(x, y, lines_.count, loops_.row_max(x, lines_.count));
    loops_.divide(y, lines_.count, sum);
  }

  Lines lines_;
  const Loops& loops_;
  bool log_;
};

// There are 256 differences to the largest integer, so exp is a table, and so is the result of each
// line.
class Int8Kernel : public Kernel {
 public:
  explicit Int8Kernel(const KernelContext& context)
      : lines_(context), loops_(LoopsFor(context.cpu)) {
    const Operand &x = context.input(0), &y = context.output();
    flip_ = x.type == DataType::kS8 ? 0x80 : 0;
    y_scale_ = y.quant->scale();
    target_ = {y.quant->zero_point(), RangeOf(y.type)};
    for (int d = 0; d < 256; ++d) exp_[d] = std::exp(x.quant->scale() * static_cast<float>(-d));
  }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    const int64_t plane = lines_.count * lines_.inner, lines = lines_.outer * lines_.inner;
    ParallelRanges(args.pool, lines, kWorkPerByte * lines * (lines_.count + 256),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) {
                       const int64_t at = i / lines_.inner * plane + i % lines_.inner;
                       Line(x + at, y + at);
                     }
                   });
  }
  std::string detail() const override { return "int8"; }

 private:
  void Line(const uint8_t* x, uint8_t* y) const {
    const int64_t count = lines_.count, step = lines_.inner;
    uint8_t max = 0;
    for (int64_t i = 0; i < count; ++i) {
      max = std::max(max, static_cast<uint8_t>(x[i * step] ^ flip_));
    }
    const auto difference = [&](int64_t i) {
      return static_cast<uint8_t>(max - static_cast<uint8_t>(x[i * step] ^ flip_));
    };
    double sums[4] = {};
    for (int64_t i = 0; i < count; ++i) sums[i % 4] += exp_[difference(i)];
    float values[256];
    uint8_t results[256];
    std::copy(exp_, exp_ + 256, values);
    loops_.divide(values, 256, static_cast<float>((sums[0] + sums[1]) + (sums[2] + sums[3])));
    loops_.quantize(values, results, 256, y_scale_, target_);
    for (int64_t i = 0; i < count; ++i) y[i * step] = results[difference(i)];
  }

  Lines lines_;
  const Loops& loops_;
  uint8_t flip_;  // makes s8 compare as u8
  float y_scale_;
  IntTarget target_;
  float exp_[256];  // of -d * scale
};

// Line by line in f32.
class Int16Kernel : public Kernel {
 public:
  explicit Int16Kernel(const KernelContext& context)
      : lines_(context),
        loops_(LoopsFor(context.cpu)),
        x_scale_(context.input(0).quant->scale()),
        y_(context.output(), loops_),
        log_(context.node->as<schema::SoftmaxOptionsT>().log),
        slots_(context.pool->threads()),
        slot_bytes_((lines_.count * kLineBytes + 63) / 64 * 64) {}

  size_t scratch_bytes() const override { return static_cast<size_t>(slots_ * slot_bytes_); }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const int16_t*>(args.inputs[0]);
    auto* y = static_cast<int16_t*>(args.outputs[0]);
    const int64_t plane = lines_.count * lines_.inner, lines = lines_.outer * lines_.inner;
    ParallelTasks(args.pool, slots_, lines, kWorkPerByte * lines * lines_.count * kLineBytes,
                  [&](int64_t task, int64_t begin, int64_t end) {
                    auto* values = reinterpret_cast<float*>(args.scratch + task * slot_bytes_);
                    for (int64_t i = begin; i < end; ++i) {
                      const int64_t at = i / lines_.inner * plane + i % lines_.inner;
                      Line(x + at, values, y + at);
                    }
                  });
  }
  std::string detail() const override { return "int16"; }

 private:
  // Of scratch, per element: a value, a result, and the integer of both.
  static constexpr int64_t kLineBytes = 2 * sizeof(float) + sizeof(int16_t);

  void Line(const int16_t* x, float* v, int16_t* y) const {
    const int64_t count = lines_.count, step = lines_.inner;
    float* result = v + count;
    auto* words = reinterpret_cast<int16_t*>(result + count);
    int16_t max = x[0];
    for (int64_t i = 0; i < count; ++i) max = std::max(max, words[i] = x[i * step]);
    loops_.widen_s16(words, v, count, static_cast<float>(max));
    loops_.scale(v, count, x_scale_);
    if (log_) {
      loops_.log_softmax_row(v, result, count);
    } else {
      loops_.divide(result, count, loops_.exp_minus(v, result, count, 0.0f));
    }
    y_.Store(result, count, words);
    for (int64_t i = 0; i < count; ++i) y[i * step] = words[i];
  }

  Lines lines_;
  const Loops& loops_;
  float x_scale_;
  Reals y_;
  bool log_;
  int64_t slots_, slot_bytes_;
};

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (context.node->as<schema::SoftmaxOptionsT>().log && IsInt8(x)) {
    return absl::UnimplementedError("no loop for the logarithm of 8-bit integers");
  }
  if (IsInt16(x) && IsInt16(y)) {
    if (context.deterministic) {
      return absl::UnimplementedError("deterministic: results of 16 bits may be a unit off");
    }
  } else if (!(IsF32(x) && IsF32(y)) && !(IsInt8(x) && IsInt8(y))) {
    return absl::UnimplementedError(absl::StrCat("from ", Describe(x), " to ", Describe(y),
                                                 "; both must be f32, both int8 or both int16"));
  }
  if (!SameOrder(x, y)) return absl::UnimplementedError("layouts differ");
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  if (IsF32(context.input(0))) return std::make_unique<F32Kernel>(context);
  if (IsInt16(context.input(0))) return std::make_unique<Int16Kernel>(context);
  return std::make_unique<Int8Kernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericSoftmax = {"generic", generic::Check, generic::Prepare};

}  // namespace octet

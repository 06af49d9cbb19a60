#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/operands.h"
#include "kernels/resize_axis.h"

namespace octet {
namespace generic {
namespace {

constexpr int64_t kMaxTaps = 256;  // of all dimensions outside of the line together
constexpr int64_t kAlignment = 64;

// A Resize in the order of memory: lines along the innermost dimension that changes, made of blocks
// of neighbours that stay together, within outer dimensions.
struct Problem {
  struct Outer {
    int64_t y_size, x_stride;  // the stride in elements
    const ResizeAxis* axis;    // null: copied
  };

  std::vector<ResizeAxis> axes;
  std::vector<Outer> outer;  // outermost first
  const ResizeAxis* along = nullptr;
  int64_t lines = 1;  // of y
  int64_t x_count = 1, y_count = 1, block = 1;

  Problem(Problem&&) = default;  // pointers are into `axes`
  explicit Problem(const KernelContext& context) {
    const Operand &x = context.input(0), &y = context.output();
    axes = ResizeAxes(context.node->as<schema::ResizeOptionsT>(), x.shape, y.shape);
    const Shape strides = Strides(x.shape, x.layout);
    for (size_t d : MemoryOrder(x)) {
      const ResizeAxis* axis = Find(d);
      if (axis == nullptr) {
        block *= x.shape[d];
      } else {
        if (along != nullptr) outer.push_back({y_count, line_stride_, along});
        // Whatever was taken for a block lies outside of this line.
        PushCopied(strides[d] * x.shape[d]);
        along = axis;
        line_stride_ = strides[d];
        x_count = x.shape[d];
        y_count = y.shape[d];
        block = 1;
      }
    }
    for (const Outer& o : outer) lines *= o.y_size;
  }

  // Where line `i` of y comes from: offsets into x with their weights. Returns how many.
  int64_t Taps(int64_t i, int64_t* offsets, float* weights) const {
    int64_t taps = 1;
    offsets[0] = 0;
    weights[0] = 1;
    for (size_t d = outer.size(); d-- > 0; i /= outer[d].y_size) {
      const Outer& o = outer[d];
      const int64_t at = i % o.y_size;
      if (o.axis == nullptr) {
        for (int64_t k = 0; k < taps; ++k) offsets[k] += at * o.x_stride;
      } else {
        taps = Multiply(*o.axis, at, o.x_stride, taps, offsets, weights);
      }
    }
    return taps;
  }

  int64_t max_taps() const {
    int64_t taps = 1;
    for (const Outer& o : outer) {
      if (o.axis != nullptr) taps = std::min(taps * o.axis->taps, kMaxTaps + 1);
    }
    return taps;
  }

 private:
  static std::vector<size_t> MemoryOrder(const Operand& x) {
    std::vector<size_t> order;
    const bool last = x.layout == Layout::kChannelsLast && x.shape.size() >= 3;
    for (size_t d = 0; d < x.shape.size(); ++d) {
      if (!last || d != 1) order.push_back(d);
    }
    if (last) order.push_back(1);
    return order;
  }

  const ResizeAxis* Find(size_t d) const {
    for (const ResizeAxis& axis : axes) {
      if (axis.axis == d) return &axis;
    }
    return nullptr;
  }

  void PushCopied(int64_t stride) {
    if (block > 1) outer.push_back({block, stride, nullptr});
  }

  // Each tap so far becomes those of position `at` of `axis`.
  static int64_t Multiply(const ResizeAxis& axis, int64_t at, int64_t stride, int64_t taps,
                          int64_t* offsets, float* weights) {
    const int64_t* index = &axis.index[static_cast<size_t>(at * axis.taps)];
    const float* weight = &axis.weight[static_cast<size_t>(at * axis.taps)];
    for (int64_t t = axis.taps - 1; t >= 0; --t) {
      for (int64_t k = 0; k < taps; ++k) {
        offsets[t * taps + k] = offsets[k] + index[t] * stride;
        weights[t * taps + k] = weights[k] * weight[t];
      }
    }
    return axis.taps * taps;
  }

  int64_t line_stride_ = 0;
};

// Elements by copying them.
class NearestKernel : public Kernel {
 public:
  NearestKernel(Problem problem, const KernelContext& context)
      : p_(std::move(problem)),
        bytes_(static_cast<int64_t>(SizeOf(context.input(0).type))),
        bytes_touched_(2 * NumElements(context.output().shape) * bytes_) {}

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    const int64_t size = p_.y_count * p_.block * bytes_;
    ParallelRanges(args.pool, p_.lines, bytes_touched_, [&](int64_t begin, int64_t end) {
      int64_t previous = -1;
      for (int64_t i = begin; i < end; ++i) {
        int64_t from;
        float weight;
        p_.Taps(i, &from, &weight);
        uint8_t* to = y + i * size;
        if (from == previous) {
          std::memcpy(to, to - size, static_cast<size_t>(size));
        } else {
          Line(x + from * bytes_, to);
        }
        previous = from;
      }
    });
  }
  std::string detail() const override { return "copies"; }

 private:
  void Line(const uint8_t* x, uint8_t* y) const {
    const int64_t size = p_.block * bytes_;
    if (p_.along == nullptr) {
      std::memcpy(y, x, static_cast<size_t>(size));
      return;
    }
    const int64_t* index = p_.along->index.data();
    switch (size) {
      case 1:
        return Gather<uint8_t>(x, index, y);
      case 2:
        return Gather<uint16_t>(x, index, y);
      case 4:
        return Gather<uint32_t>(x, index, y);
      case 8:
        return Gather<uint64_t>(x, index, y);
      default:
        break;
    }
    for (int64_t i = 0; i < p_.y_count; ++i) {
      std::memcpy(y + i * size, x + index[i] * size, static_cast<size_t>(size));
    }
  }

  template <typename T>
  void Gather(const uint8_t* x, const int64_t* index, uint8_t* y) const {
    for (int64_t i = 0; i < p_.y_count; ++i) {
      std::memcpy(y + i * static_cast<int64_t>(sizeof(T)),
                  x + index[i] * static_cast<int64_t>(sizeof(T)), sizeof(T));
    }
  }

  Problem p_;
  int64_t bytes_, bytes_touched_;
};

// Each line of y is a line between lines of x, interpolated along itself. T: of the elements; Sum:
// of what lies between.
template <typename T, typename Sum>
class InterpolationKernel : public Kernel {
 public:
  InterpolationKernel(Problem problem, const KernelContext& context)
      : p_(std::move(problem)),
        loops_(LoopsFor(context.cpu).network),
        slots_(context.pool->threads()),
        work_(NumElements(context.output().shape) * kWork * static_cast<int64_t>(sizeof(Sum))) {
    const int64_t line = p_.x_count * p_.block * static_cast<int64_t>(sizeof(Sum));
    slot_bytes_ = (line + kAlignment - 1) / kAlignment * kAlignment;
    if (context.input(0).quant == nullptr) return;
    const QuantParams &x = *context.input(0).quant, &y = *context.output().quant;
    zero_point_ = x.zero_point();
    unit_ = static_cast<double>(x.scale()) / y.scale();
    target_ = {y.zero_point(), RangeOf(context.output().type)};
  }

  size_t scratch_bytes() const override { return static_cast<size_t>(slots_ * slot_bytes_); }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const T*>(args.inputs[0]);
    auto* y = static_cast<T*>(args.outputs[0]);
    const WeightedBlocks blocks{p_.y_count, p_.block, p_.along->taps, p_.along->index.data(),
                                p_.along->weight.data()};
    ParallelTasks(args.pool, std::min<int64_t>(p_.lines, slots_), p_.lines, work_,
                  [&](int64_t task, int64_t begin, int64_t end) {
                    auto* between = reinterpret_cast<Sum*>(args.scratch + task * slot_bytes_);
                    int64_t offsets[kMaxTaps];
                    float weights[kMaxTaps];
                    for (int64_t i = begin; i < end; ++i) {
                      const int64_t taps = p_.Taps(i, offsets, weights);
                      Line(x, offsets, weights, taps, between, blocks,
                           y + i * p_.y_count * p_.block);
                    }
                  });
  }
  std::string detail() const override { return "tables"; }

 private:
  static constexpr int64_t kWork = 4;  // a sum costs several times what moving an element does

  void Line(const float* x, const int64_t* offsets, const float* weights, int64_t taps,
            float* between, const WeightedBlocks& blocks, float* y) const {
    if (taps == 1 && weights[0] == 1) return loops_.weigh_blocks(x + offsets[0], blocks, y);
    loops_.weigh_rows(x, offsets, weights, taps, between, p_.x_count * p_.block);
    loops_.weigh_blocks(between, blocks, y);
  }
  void Line(const uint8_t* x, const int64_t* offsets, const float* weights, int64_t taps,
            double* between, const WeightedBlocks& blocks, uint8_t* y) const {
    loops_.weigh_rows_u8(x, offsets, weights, taps, between, p_.x_count * p_.block, zero_point_);
    loops_.weigh_blocks_narrow(between, blocks, unit_, y, target_);
  }
  void Line(const int8_t* x, const int64_t* offsets, const float* weights, int64_t taps,
            double* between, const WeightedBlocks& blocks, int8_t* y) const {
    loops_.weigh_rows_s8(x, offsets, weights, taps, between, p_.x_count * p_.block, zero_point_);
    loops_.weigh_blocks_narrow(between, blocks, unit_, reinterpret_cast<uint8_t*>(y), target_);
  }

  Problem p_;
  const NetworkLoops& loops_;
  int64_t slots_, work_, slot_bytes_ = 0;
  double zero_point_ = 0, unit_ = 1;
  IntTarget target_{};
};

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const auto& options = context.node->as<schema::ResizeOptionsT>();
  Operand like_x = y;
  like_x.layout = x.layout;
  if (!SameOrder(y, like_x)) return absl::UnimplementedError("layouts differ");
  if (options.coordinates == schema::ResizeCoordinates::TF_CROP_AND_RESIZE) {
    return absl::UnimplementedError("nothing fast for extrapolation");
  }
  if (options.mode == schema::ResizeMode::NEAREST) {
    return SameNumbers(x, y) ? absl::OkStatus()
                             : absl::UnimplementedError("it copies, but the scales differ");
  }
  const bool one_type = x.type == y.type && ((IsF32(x) && IsF32(y)) || (IsInt8(x) && IsInt8(y)));
  return one_type ? absl::OkStatus()
                  : absl::UnimplementedError(absl::StrCat("nothing fast interpolates from ",
                                                          Describe(x), " to ", Describe(y)));
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  Problem problem(context);
  const DataType type = context.input(0).type;
  const bool copies = problem.along == nullptr && SameNumbers(context.input(0), context.output());
  if (copies || context.node->as<schema::ResizeOptionsT>().mode == schema::ResizeMode::NEAREST) {
    return std::make_unique<NearestKernel>(std::move(problem), context);
  }
  if (problem.along == nullptr) return absl::UnimplementedError("it has nothing to interpolate");
  if (problem.max_taps() > kMaxTaps) {
    return absl::UnimplementedError("a line depends on over 256 others");
  }
  if (type == DataType::kF32) {
    return std::make_unique<InterpolationKernel<float, float>>(std::move(problem), context);
  }
  // Sums of integers are the reference's as long as they are taken one dimension at a time.
  if (problem.axes.size() > 2) return absl::UnimplementedError("over 2 dimensions of integers");
  if (type == DataType::kU8) {
    return std::make_unique<InterpolationKernel<uint8_t, double>>(std::move(problem), context);
  }
  return std::make_unique<InterpolationKernel<int8_t, double>>(std::move(problem), context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericResize = {"generic", generic::Check, generic::Prepare};

}  // namespace octet

#include <algorithm>

#include "kernels/generic/generic.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/generic/reducer.h"

namespace octet {
namespace generic {
namespace {

constexpr int64_t kMaxTaps = 256;  // elements under a window
constexpr int kSpatial = 3;

// The window along one dimension.
struct Axis {
  int64_t x_size = 1, y_size = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;

  // Taps [begin, end) of output position i that lie inside x.
  int64_t First(int64_t i) const {
    const int64_t at = i * stride - pad_begin;
    return at >= 0 ? 0 : std::min(kernel, (-at + dilation - 1) / dilation);
  }
  int64_t End(int64_t i) const {
    const int64_t room = x_size - (i * stride - pad_begin);
    return room <= 0 ? 0 : std::min(kernel, (room + dilation - 1) / dilation);
  }
  // Taps that lie inside x or its padding.
  int64_t Padded(int64_t i) const {
    const int64_t room = x_size + pad_end - (i * stride - pad_begin);
    return room <= 0 ? 0 : std::min(kernel, (room + dilation - 1) / dilation);
  }
};

// Channels last: each tap is a row of neighbouring channels, and so is the output.
class PoolKernel : public Kernel {
 public:
  explicit PoolKernel(const KernelContext& context)
      : bytes_(static_cast<int64_t>(SizeOf(context.input(0).type))),
        reducer_(ReductionOf(context), context.input(0), context.output(), LoopsFor(context.cpu)) {
    const auto& options = context.node->as<schema::PoolOptionsT>();
    const Shape &x = context.input(0).shape, &y = context.output().shape;
    batch_ = x[0];
    channels_ = x[1];
    count_include_pad_ = options.count_include_pad;
    const size_t rank = x.size() - 2;
    for (size_t d = 0; d < rank; ++d) {
      axes_[kSpatial - rank + d] = {x[d + 2],
                                    y[d + 2],
                                    options.kernel[d],
                                    options.strides[d],
                                    options.dilations[d],
                                    options.pads_begin[d],
                                    options.pads_end[d]};
    }
    bytes_touched_ =
        NumElements(y) * NumElements(Shape(options.kernel.begin(), options.kernel.end())) * bytes_;
  }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const uint8_t*>(args.inputs[0]);
    auto* y = static_cast<uint8_t*>(args.outputs[0]);
    const int64_t lines = axes_[0].y_size * axes_[1].y_size;
    ParallelRanges(args.pool, batch_ * lines, bytes_touched_, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / lines, line = i % lines;
        RunLine(
            x + image * axes_[0].x_size * axes_[1].x_size * axes_[2].x_size * channels_ * bytes_,
            line / axes_[1].y_size, line % axes_[1].y_size,
            y + i * axes_[2].y_size * channels_ * bytes_);
      }
    });
  }

 private:
  static Reduction ReductionOf(const KernelContext& context) {
    const bool maximum = context.node->as<schema::PoolOptionsT>().kind == schema::PoolKind::MAXIMUM;
    return maximum ? Reduction::kMaximum : Reduction::kMean;
  }

  void RunLine(const uint8_t* x, int64_t i0, int64_t i1, uint8_t* y) const {
    for (int64_t i2 = 0; i2 < axes_[2].y_size; ++i2) {
      const int64_t at[kSpatial] = {i0, i1, i2};
      int64_t offsets[kMaxTaps];
      const int64_t taps = Taps(at, offsets);
      int64_t divisor = taps;
      if (count_include_pad_) {
        divisor = axes_[0].Padded(i0) * axes_[1].Padded(i1) * axes_[2].Padded(i2);
      }
      reducer_.Columns(x, offsets, taps, divisor, y, channels_);
      y += channels_ * bytes_;
    }
  }

  int64_t Taps(const int64_t at[kSpatial], int64_t* offsets) const {
    int64_t taps = 0;
    const auto position = [&](int d, int64_t tap) {
      return at[d] * axes_[d].stride - axes_[d].pad_begin + tap * axes_[d].dilation;
    };
    for (int64_t a = axes_[0].First(at[0]); a < axes_[0].End(at[0]); ++a) {
      for (int64_t b = axes_[1].First(at[1]); b < axes_[1].End(at[1]); ++b) {
        const int64_t row = position(0, a) * axes_[1].x_size + position(1, b);
        for (int64_t c = axes_[2].First(at[2]); c < axes_[2].End(at[2]); ++c) {
          offsets[taps++] = (row * axes_[2].x_size + position(2, c)) * channels_;
        }
      }
    }
    return taps;
  }

  int64_t bytes_;
  Reducer reducer_;
  Axis axes_[kSpatial];
  int64_t batch_, channels_;
  bool count_include_pad_;
  int64_t bytes_touched_;
};

// Whether every window holds an element of x.
bool WindowsMeetInput(const KernelContext& context) {
  const auto& options = context.node->as<schema::PoolOptionsT>();
  const Shape &x = context.input(0).shape, &y = context.output().shape;
  for (size_t d = 0; d + 2 < x.size(); ++d) {
    const Axis axis = {x[d + 2],
                       y[d + 2],
                       options.kernel[d],
                       options.strides[d],
                       options.dilations[d],
                       options.pads_begin[d],
                       options.pads_end[d]};
    for (int64_t i = 0; i < axis.y_size; ++i) {
      if (axis.First(i) >= axis.End(i)) return false;
    }
  }
  return true;
}

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (absl::Status s = CheckReducible(x, y); !s.ok()) return s;
  for (const Operand* o : {&x, &y}) {
    Operand wanted = *o;
    wanted.layout = Layout::kChannelsLast;
    if (!SameOrder(*o, wanted)) return absl::UnimplementedError("operands must be channels last");
  }
  const auto& kernel = context.node->as<schema::PoolOptionsT>().kernel;
  if (kernel.size() > kSpatial) return absl::UnimplementedError("more than 3 spatial dimensions");
  int64_t taps = 1;
  for (int64_t size : kernel) taps = std::min(taps * size, kMaxTaps + 1);
  if (taps > kMaxTaps) return absl::UnimplementedError("the window has over 256 elements");
  if (!WindowsMeetInput(context)) {
    return absl::UnimplementedError("a window lies in the padding altogether");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  return std::make_unique<PoolKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericPool = {"generic", generic::Check, generic::Prepare};

}  // namespace octet

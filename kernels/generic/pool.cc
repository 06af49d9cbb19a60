#include <algorithm>
#include <vector>

#include "kernels/generic/generic.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/generic/reducer.h"

namespace octet {
namespace generic {
namespace {

constexpr int64_t kMaxTaps = 256;                    // elements under a window
constexpr int64_t kMaxPositions = int64_t{1} << 20;  // per dimension; bounds the memory for them
constexpr int kSpatial = 3;

// The window along one dimension.
struct Axis {
  int64_t x_size = 1, y_size = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;

  // Where output position i's window begins in x; negative in the padding.
  int64_t Begin(int64_t i) const { return i * stride - pad_begin; }
  // Taps that lie before `room` elements from the window's begin.
  int64_t TapsWithin(int64_t room) const {
    return room <= 0 ? 0 : std::min(kernel, (room + dilation - 1) / dilation);
  }
};

// What one output position along an axis sees.
struct Position {
  int64_t begin;       // in x, of tap 0
  int64_t first, end;  // taps inside x
  int64_t padded;      // number of taps inside x or its padding

  Position(const Axis& axis, int64_t i)
      : begin(axis.Begin(i)),
        first(axis.TapsWithin(-begin)),
        end(axis.TapsWithin(axis.x_size - begin)),
        padded(axis.TapsWithin(axis.x_size + axis.pad_end - begin)) {}
};

Axis AxisOf(const KernelContext& context, size_t d) {
  const auto& options = context.node->as<schema::PoolOptionsT>();
  return {context.input(0).shape[d + 2],
          context.output().shape[d + 2],
          options.kernel[d],
          options.strides[d],
          options.dilations[d],
          options.pads_begin[d],
          options.pads_end[d]};
}

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
    for (size_t d = 0; d < rank; ++d) axes_[kSpatial - rank + d] = AxisOf(context, d);
    for (int d = 0; d < kSpatial; ++d) {
      for (int64_t i = 0; i < axes_[d].y_size; ++i) positions_[d].emplace_back(axes_[d], i);
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
    const auto& options = context.node->as<schema::PoolOptionsT>();
    if (options.kind == schema::PoolKind::MAXIMUM) return Reduction::kMaximum;
    return options.ties == schema::TieRule::TO_EVEN ? Reduction::kMean : Reduction::kMeanTiesAway;
  }

  void RunLine(const uint8_t* x, int64_t i0, int64_t i1, uint8_t* y) const {
    const Position &p0 = positions_[0][static_cast<size_t>(i0)],
                   &p1 = positions_[1][static_cast<size_t>(i1)];
    int64_t offsets[kMaxTaps];
    int64_t taps = 0, first = -1, end = -1;
    for (const Position& p2 : positions_[2]) {
      // Neighbours that see the same taps differ in where they begin only.
      if (p2.first != first || p2.end != end) {
        first = p2.first;
        end = p2.end;
        taps = Taps(p0, p1, first, end, offsets);
      }
      const int64_t divisor = count_include_pad_ ? p0.padded * p1.padded * p2.padded : taps;
      reducer_.Columns(x + p2.begin * channels_ * bytes_, offsets, taps, divisor, y, channels_);
      y += channels_ * bytes_;
    }
  }

  // Offsets from where a window begins in its line of x, whose other dimensions are at 0.
  int64_t Taps(const Position& p0, const Position& p1, int64_t first, int64_t end,
               int64_t* offsets) const {
    int64_t taps = 0;
    for (int64_t a = p0.first; a < p0.end; ++a) {
      for (int64_t b = p1.first; b < p1.end; ++b) {
        const int64_t row =
            (p0.begin + a * axes_[0].dilation) * axes_[1].x_size + p1.begin + b * axes_[1].dilation;
        for (int64_t c = first; c < end; ++c) {
          offsets[taps++] = (row * axes_[2].x_size + c * axes_[2].dilation) * channels_;
        }
      }
    }
    return taps;
  }

  int64_t bytes_;
  Reducer reducer_;
  Axis axes_[kSpatial];
  std::vector<Position> positions_[kSpatial];
  int64_t batch_, channels_;
  bool count_include_pad_;
  int64_t bytes_touched_;
};

// Whether every window holds an element of x.
bool WindowsMeetInput(const KernelContext& context) {
  for (size_t d = 0; d + 2 < context.input(0).shape.size(); ++d) {
    const Axis axis = AxisOf(context, d);
    for (int64_t i = 0; i < axis.y_size; ++i) {
      const Position position(axis, i);
      if (position.first >= position.end) return false;
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
  for (int64_t size : y.shape) {
    if (size > kMaxPositions) return absl::UnimplementedError("a dimension is very long");
  }
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

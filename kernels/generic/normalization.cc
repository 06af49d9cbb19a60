#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/generic/generic.h"
#include "kernels/generic/loops.h"
#include "kernels/generic/nest.h"
#include "kernels/generic/parallel.h"
#include "kernels/operands.h"

namespace octet {
namespace generic {
namespace {

using schema::NormalizationKind;

constexpr size_t kX = 0, kScale = 1, kBias = 2;
constexpr int64_t kWork = 4;      // passes over x
constexpr int64_t kBlock = 1024;  // elements summed in f32 before f64 takes over
constexpr int64_t kTile = 64;     // channels summed side by side
constexpr int64_t kTileRows = 64;

const float* Constant(const RunArgs& args, size_t input, bool present) {
  return present ? static_cast<const float*>(args.inputs[input]) : nullptr;
}

// y = (x - mean) * factor.
struct Statistics {
  float mean, factor;
};

// Of n >= 1 neighbours. Long sums are taken in blocks, so that they lose no digits.
Statistics Measure(const NetworkLoops& loops, const float* x, int64_t n, bool centred,
                   float epsilon) {
  double sum = 0, squares = 0;
  const auto blocks = [&](const auto& add) {
    for (int64_t i = 0; i < n; i += kBlock) add(x + i, std::min(kBlock, n - i));
  };
  if (centred) {
    blocks([&](const float* from, int64_t count) { sum += loops.row_deviations(from, count, 0); });
  }
  const auto mean = static_cast<float>(sum / static_cast<double>(n));
  blocks(
      [&](const float* from, int64_t count) { squares += loops.row_squares(from, count, mean); });
  return {mean, static_cast<float>(1 / std::sqrt(squares / static_cast<double>(n) + epsilon))};
}

// LAYER and RMS over rows of neighbours; scale and bias are a row, or absent.
class RowsKernel : public Kernel {
 public:
  explicit RowsKernel(const KernelContext& context) : loops_(LoopsFor(context.cpu).network) {
    const auto& options = context.node->as<schema::NormalizationOptionsT>();
    const Shape& x = context.input(kX).shape;
    size_ = NumElements(Shape(x.begin() + options.axis, x.end()));
    rows_ = size_ == 0 ? 0 : NumElements(x) / size_;
    centred_ = options.kind == NormalizationKind::LAYER;
    epsilon_ = options.epsilon;
    has_scale_ = context.input(kScale).present();
    has_bias_ = context.input(kBias).present();
  }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const float*>(args.inputs[kX]);
    auto* y = static_cast<float*>(args.outputs[0]);
    const float* scale = Constant(args, kScale, has_scale_);
    const float* bias = Constant(args, kBias, has_bias_);
    const int64_t bytes = rows_ * size_ * static_cast<int64_t>(sizeof(float));
    ParallelRanges(args.pool, rows_, kWork * bytes, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const float* from = x + i * size_;
        const Statistics s = Measure(loops_, from, size_, centred_, epsilon_);
        loops_.normalize_row(from, y + i * size_, size_, s.mean, s.factor, scale, bias);
      }
    });
  }
  std::string detail() const override { return "rows"; }

 private:
  const NetworkLoops& loops_;
  int64_t rows_, size_;
  bool centred_, has_scale_, has_bias_;
  float epsilon_;
};

// GROUP where channels are planes.
class PlanesKernel : public Kernel {
 public:
  explicit PlanesKernel(const KernelContext& context) : loops_(LoopsFor(context.cpu).network) {
    const auto& options = context.node->as<schema::NormalizationOptionsT>();
    const Shape& x = context.input(kX).shape;
    groups_ = options.groups;
    channels_ = x[1] / groups_;
    plane_ = NumElements(Shape(x.begin() + 2, x.end()));
    batch_ = channels_ * plane_ == 0 ? 0 : x[0];
    epsilon_ = options.epsilon;
    has_scale_ = context.input(kScale).present();
    has_bias_ = context.input(kBias).present();
  }

  void Run(const RunArgs& args) const override {
    const auto* x = static_cast<const float*>(args.inputs[kX]);
    auto* y = static_cast<float*>(args.outputs[0]);
    const float* scale = Constant(args, kScale, has_scale_);
    const float* bias = Constant(args, kBias, has_bias_);
    const int64_t size = channels_ * plane_, rows = batch_ * groups_;
    const int64_t bytes = rows * size * static_cast<int64_t>(sizeof(float));
    ParallelRanges(args.pool, rows, kWork * bytes, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Statistics s = Measure(loops_, x + i * size, size, true, epsilon_);
        for (int64_t c = 0; c < channels_; ++c) {
          const int64_t channel = i % groups_ * channels_ + c, at = i * size + c * plane_;
          loops_.shift_row(x + at, y + at, plane_, s.mean,
                           scale == nullptr ? s.factor : s.factor * scale[channel],
                           bias == nullptr ? 0.0f : bias[channel]);
        }
      }
    });
  }
  std::string detail() const override { return "planes"; }

 private:
  const NetworkLoops& loops_;
  int64_t batch_, groups_, channels_, plane_;  // channels of a group
  bool has_scale_, has_bias_;
  float epsilon_;
};

// GROUP where the channels of a pixel are neighbours: sums run along each channel by itself.
class PixelsKernel : public Kernel {
 public:
  explicit PixelsKernel(const KernelContext& context) : loops_(LoopsFor(context.cpu).network) {
    const auto& options = context.node->as<schema::NormalizationOptionsT>();
    const Shape& x = context.input(kX).shape;
    groups_ = options.groups;
    channels_ = x[1];
    pixels_ = NumElements(Shape(x.begin() + 2, x.end()));
    batch_ = channels_ * pixels_ == 0 ? 0 : x[0];
    epsilon_ = options.epsilon;
    has_scale_ = context.input(kScale).present();
    has_bias_ = context.input(kBias).present();
  }

  // Per channel: a sum, the mean, the factor and the bias.
  size_t scratch_bytes() const override {
    return static_cast<size_t>(channels_) * (sizeof(double) + 3 * sizeof(float));
  }

  void Run(const RunArgs& args) const override {
    auto* sums = reinterpret_cast<double*>(args.scratch);
    auto* mean = reinterpret_cast<float*>(sums + channels_);
    float *factor = mean + channels_, *shift = factor + channels_;
    const float* scale = Constant(args, kScale, has_scale_);
    const float* bias = Constant(args, kBias, has_bias_);
    const int64_t size = pixels_ * channels_;
    const int64_t bytes = size * static_cast<int64_t>(sizeof(float));
    for (int64_t n = 0; n < batch_; ++n) {
      const float* x = static_cast<const float*>(args.inputs[kX]) + n * size;
      float* y = static_cast<float*>(args.outputs[0]) + n * size;
      std::fill_n(mean, channels_, 0.0f);
      Sum(args.pool, loops_.column_deviations, x, mean, sums);
      ForEachGroup(sums, [&](int64_t c, double m) { mean[c] = static_cast<float>(m); });
      Sum(args.pool, loops_.column_squares, x, mean, sums);
      ForEachGroup(sums, [&](int64_t c, double variance) {
        const auto f = static_cast<float>(1 / std::sqrt(variance + epsilon_));
        factor[c] = scale == nullptr ? f : f * scale[c];
        shift[c] = bias == nullptr ? 0.0f : bias[c];
      });
      ParallelRanges(args.pool, pixels_, 2 * bytes, [&](int64_t begin, int64_t end) {
        const int64_t at = begin * channels_;
        loops_.shift_columns(x + at, y + at, end - begin, channels_, mean, factor, shift);
      });
    }
  }
  std::string detail() const override { return "pixels"; }

 private:
  using ColumnsLoop = void (*)(const float* x, int64_t stride, int64_t rows, int64_t n,
                               const float* mean, float* sums);

  // What `loop` makes of each channel, summed in an order that does not depend on threads.
  void Sum(ThreadPool* pool, ColumnsLoop loop, const float* x, const float* mean,
           double* sums) const {
    const int64_t tiles = (channels_ + kTile - 1) / kTile;
    const int64_t bytes = pixels_ * channels_ * static_cast<int64_t>(sizeof(float));
    ParallelRanges(pool, tiles, bytes, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin * kTile; c < std::min(end * kTile, channels_); c += kTile) {
        const int64_t n = std::min(kTile, channels_ - c);
        float part[kTile];
        std::fill_n(sums + c, n, 0.0);
        for (int64_t row = 0; row < pixels_; row += kTileRows) {
          loop(x + row * channels_ + c, channels_, std::min(kTileRows, pixels_ - row), n, mean + c,
               part);
          for (int64_t i = 0; i < n; ++i) sums[c + i] += part[i];
        }
      }
    });
  }

  // Calls fn(channel, mean of its group) from the channels' sums.
  template <typename Fn>
  void ForEachGroup(const double* sums, const Fn& fn) const {
    const int64_t size = channels_ / groups_;
    for (int64_t first = 0; first < channels_; first += size) {
      double sum = 0;
      for (int64_t c = first; c < first + size; ++c) sum += sums[c];
      const double mean = sum / static_cast<double>(size * pixels_);
      for (int64_t c = first; c < first + size; ++c) fn(c, mean);
    }
  }

  const NetworkLoops& loops_;
  int64_t batch_, groups_, channels_, pixels_;
  bool has_scale_, has_bias_;
  float epsilon_;
};

bool IsPlain(const Operand& o) {
  Operand plain = o;
  plain.layout = Layout::kPlain;
  return SameOrder(o, plain);
}

// Whether a scale or bias has one number per element of a row.
bool IsRow(const Operand& o, const Shape& x, size_t axis) {
  if (!o.present()) return true;
  const size_t inner = x.size() - axis;
  Shape shape = o.shape;
  while (shape.size() > inner && shape.front() == 1) shape.erase(shape.begin());
  return shape == Shape(x.begin() + static_cast<int64_t>(axis), x.end());
}

absl::Status Check(const KernelContext& context) {
  if (absl::Status s = CheckF32(context); !s.ok()) return s;
  const auto& options = context.node->as<schema::NormalizationOptionsT>();
  const Operand &x = context.input(kX), &y = context.output();
  if (!SameOrder(x, y)) return absl::UnimplementedError("layouts differ");
  if (options.kind == NormalizationKind::GROUP) return absl::OkStatus();
  if (!IsPlain(x)) return absl::UnimplementedError("rows must be row-major");
  for (size_t input : {kScale, kBias}) {
    const Operand& o = context.input(input);
    if (IsRow(o, x.shape, static_cast<size_t>(options.axis)) && (!o.present() || IsPlain(o))) {
      continue;
    }
    return absl::UnimplementedError(
        absl::StrCat("a scale or bias of ", ToString(o.shape), " is not one row"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Kernel>> Prepare(const KernelContext& context) {
  if (context.node->as<schema::NormalizationOptionsT>().kind != NormalizationKind::GROUP) {
    return std::make_unique<RowsKernel>(context);
  }
  if (IsPlain(context.input(kX))) return std::make_unique<PlanesKernel>(context);
  return std::make_unique<PixelsKernel>(context);
}

}  // namespace
}  // namespace generic

const KernelEntry kGenericNormalization = {"generic", generic::Check, generic::Prepare};

}  // namespace octet

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/train/product.h"
#include "tools/train/window.h"

// Convolution as matrix products over unrolled patches: the result is w * patches, where `patches`
// has a row for each input channel and tap and a column for each position. With g the gradient of
// the result, that of w is g * patches' and that of the patches w' * g, which are added up where
// they overlap. A 1x1 convolution is its own patches. Depthwise convolutions are plain loops along
// rows.

namespace octet {
namespace {

struct Geometry {
  SlidingWindow window;
  int64_t samples, groups, inputs, outputs;  // channels per group

  explicit Geometry(const OpContext& context) {
    const auto& options = context.node.as<schema::ConvOptionsT>();
    const Shape &x = context.inputs[kX], &w = context.inputs[kW], &y = context.outputs[0];
    window = SlidingWindow::Of(options, absl::MakeConstSpan(w).subspan(2), x, y);
    samples = x[0];
    groups = options.groups;
    inputs = w[1];
    outputs = w[0] / groups;
  }

  ProductShape product() const { return {samples, groups * outputs, window.out_size()}; }
};

void Unroll(const SlidingWindow& window, int64_t channels, const float* x, float* patches) {
  const int64_t positions = window.out_size(), taps = window.taps();
  std::fill_n(patches, channels * taps * positions, 0.0f);
  for (int64_t c = 0; c < channels; ++c) {
    const float* plane = x + c * window.in_size();
    float* rows = patches + c * taps * positions;
    window.ForEachRun([&](int64_t tap, int64_t to, int64_t from, int64_t count) {
      float* row = rows + tap * positions + to;
      for (int64_t i = 0; i < count; ++i) row[i] = plane[from + i * window.strides[2]];
    });
  }
}

void AddRolled(const SlidingWindow& window, int64_t channels, const float* patches, float* x) {
  const int64_t positions = window.out_size(), taps = window.taps();
  for (int64_t c = 0; c < channels; ++c) {
    float* plane = x + c * window.in_size();
    const float* rows = patches + c * taps * positions;
    window.ForEachRun([&](int64_t tap, int64_t from, int64_t to, int64_t count) {
      const float* row = rows + tap * positions + from;
      for (int64_t i = 0; i < count; ++i) plane[to + i * window.strides[2]] += row[i];
    });
  }
}

class DenseConv final : public TrainOp {
 public:
  explicit DenseConv(const Geometry& geometry) : g_(geometry) {}

  size_t scratch() const override {
    return g_.window.is_point() ? 0 : static_cast<size_t>(depth() * positions());
  }

  void Forward(const ForwardArgs& args) const override {
    const Factors factors = FactorsOf(args);
    ForEachGroup([&](int64_t x_at, int64_t w_at, int64_t y_at) {
      const float* patches = Patches(factors.x + x_at, args.scratch);
      Sgemm(g_.outputs, positions(), depth(), factors.alpha, {factors.w + w_at, depth()},
            {patches, positions()}, 0, args.outputs[0] + y_at, positions());
    });
    FinishProduct(g_.product(), args);
  }

  void Backward(const BackwardArgs& args) const override {
    AddBiasAndResidualGradients(g_.product(), args);
    const float* g = args.output_gradients[0];
    const TrainValue& x = args.inputs[kX];
    const RealFactor w = RealFactorOf(args.inputs[kW]);
    float *gx = args.input_gradients[kX], *gw = args.input_gradients[kW];
    ForEachGroup([&](int64_t x_at, int64_t w_at, int64_t y_at) {
      if (gw != nullptr) {
        const float* patches = Patches(x.data + x_at, args.scratch);
        Sgemm(g_.outputs, depth(), positions(), x.scale(), {g + y_at, positions()},
              {patches, positions(), true}, 1, gw + w_at, depth());
      }
      if (gx == nullptr) return;
      const bool point = g_.window.is_point();
      float* patches = point ? gx + x_at : args.scratch;
      Sgemm(depth(), positions(), g_.outputs, w.alpha, {w.data + w_at, depth(), true},
            {g + y_at, positions()}, point ? 1.0f : 0.0f, patches, positions());
      if (!point) AddRolled(g_.window, g_.inputs, patches, gx + x_at);
    });
  }

 private:
  int64_t depth() const { return g_.inputs * g_.window.taps(); }
  int64_t positions() const { return g_.window.out_size(); }

  const float* Patches(const float* x, float* scratch) const {
    if (g_.window.is_point()) return x;
    Unroll(g_.window, g_.inputs, x, scratch);
    return scratch;
  }

  // Calls fn with the offsets of each group of each sample in x, w and y.
  template <typename Fn>
  void ForEachGroup(const Fn& fn) const {
    for (int64_t n = 0; n < g_.samples; ++n) {
      for (int64_t group = 0; group < g_.groups; ++group) {
        const int64_t i = n * g_.groups + group;
        fn(i * g_.inputs * g_.window.in_size(), group * g_.outputs * depth(),
           i * g_.outputs * positions());
      }
    }
  }

  const Geometry g_;
};

// y[i] += factor * x[i * stride]
void AddScaled(float factor, const float* x, int64_t stride, int64_t count, float* y) {
  if (stride == 1) {
    for (int64_t i = 0; i < count; ++i) y[i] += factor * x[i];
  } else {
    for (int64_t i = 0; i < count; ++i) y[i] += factor * x[i * stride];
  }
}

// y[i * stride] += factor * x[i]
void ScatterScaled(float factor, const float* x, int64_t stride, int64_t count, float* y) {
  if (stride == 1) {
    for (int64_t i = 0; i < count; ++i) y[i] += factor * x[i];
  } else {
    for (int64_t i = 0; i < count; ++i) y[i * stride] += factor * x[i];
  }
}

// The sum of g[i] * x[i * stride], in lanes that vector instructions can hold.
float Dot(const float* g, const float* x, int64_t stride, int64_t count) {
  constexpr int64_t kLanes = 16;
  float lanes[kLanes] = {};
  int64_t i = 0;
  if (stride == 1) {
    for (; i + kLanes <= count; i += kLanes) {
      for (int64_t l = 0; l < kLanes; ++l) lanes[l] += g[i + l] * x[i + l];
    }
  }
  float sum = 0;
  for (; i < count; ++i) sum += g[i] * x[i * stride];
  for (float lane : lanes) sum += lane;
  return sum;
}

// One input channel per group.
class DepthwiseConv final : public TrainOp {
 public:
  explicit DepthwiseConv(const Geometry& geometry) : g_(geometry) {}

  void Forward(const ForwardArgs& args) const override {
    const Factors factors = FactorsOf(args);
    const SlidingWindow& window = g_.window;
    ForEachChannel([&](int64_t x_at, int64_t w_at, int64_t y_at) {
      float* y = args.outputs[0] + y_at;
      std::fill_n(y, window.out_size(), 0.0f);
      window.ForEachRun([&](int64_t tap, int64_t to, int64_t from, int64_t count) {
        AddScaled(factors.alpha * factors.w[w_at + tap], factors.x + x_at + from, window.strides[2],
                  count, y + to);
      });
    });
    FinishProduct(g_.product(), args);
  }

  void Backward(const BackwardArgs& args) const override {
    AddBiasAndResidualGradients(g_.product(), args);
    const SlidingWindow& window = g_.window;
    const TrainValue& x = args.inputs[kX];
    const RealFactor w = RealFactorOf(args.inputs[kW]);
    float *gx = args.input_gradients[kX], *gw = args.input_gradients[kW];
    ForEachChannel([&](int64_t x_at, int64_t w_at, int64_t y_at) {
      const float* g = args.output_gradients[0] + y_at;
      window.ForEachRun([&](int64_t tap, int64_t at, int64_t x_offset, int64_t count) {
        if (gw != nullptr) {
          gw[w_at + tap] +=
              x.scale() * Dot(g + at, x.data + x_at + x_offset, window.strides[2], count);
        }
        if (gx == nullptr) return;
        ScatterScaled(w.alpha * w.data[w_at + tap], g + at, window.strides[2], count,
                      gx + x_at + x_offset);
      });
    });
  }

 private:
  // Calls fn with the offsets of each output channel of each sample in x, w and y.
  template <typename Fn>
  void ForEachChannel(const Fn& fn) const {
    const int64_t channels = g_.groups * g_.outputs;
    for (int64_t n = 0; n < g_.samples; ++n) {
      for (int64_t c = 0; c < channels; ++c) {
        fn((n * g_.groups + c / g_.outputs) * g_.window.in_size(), c * g_.window.taps(),
           (n * channels + c) * g_.window.out_size());
      }
    }
  }

  const Geometry g_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakeConv(const OpContext& context) {
  if (context.node.as<schema::ConvOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC) {
    return absl::UnimplementedError("dynamic arithmetic has no scales to train");
  }
  const size_t rank = context.inputs[kX].size();
  if (rank < 3 || rank > 5) {
    return absl::UnimplementedError(absl::StrCat("1 to 3 spatial dimensions, not ", rank, " - 2"));
  }
  const Geometry geometry(context);
  if (geometry.inputs == 1 && geometry.groups > 1) {
    return std::make_unique<DepthwiseConv>(geometry);
  }
  return std::make_unique<DenseConv>(geometry);
}

}  // namespace octet

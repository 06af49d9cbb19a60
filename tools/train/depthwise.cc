#include "tools/train/conv_geometry.h"
#include "tools/train/phases.h"
#include "tools/train/vector_loops.h"

namespace octet {
namespace {

// Channel by channel: with inputs and outputs laid out in phases, each tap is one product of a
// number and a run, backward one more such product and a scalar product.
class DepthwiseConv final : public TrainOp {
 public:
  explicit DepthwiseConv(const ConvGeometry& geometry) : g_(geometry), phases_(geometry.window) {}

  size_t scratch() const override {
    return static_cast<size_t>(2 * phases_.size() + phases_.run());
  }

  void Forward(const ForwardArgs& args) const override {
    const Factors factors = FactorsOf(args);
    float *x = args.scratch, *y = x + phases_.size();
    ForEachChannel([&](int64_t x_at, int64_t w_at, int64_t y_at) {
      phases_.Spread(factors.x + x_at, x);
      std::fill_n(y, phases_.run(), 0.0f);
      for (int64_t tap = 0; tap < phases_.taps(); ++tap) {
        AddScaled(factors.alpha * factors.w[w_at + tap], x + phases_.offset(tap), phases_.run(), y);
      }
      phases_.TakeOutputs(y, args.outputs[0] + y_at);
    });
    FinishProduct(g_.product(), args);
  }

  void Backward(const BackwardArgs& args) const override {
    AddBiasAndResidualGradients(g_.product(), args);
    const TrainValue& x = args.inputs[kX];
    const RealFactor w = RealFactorOf(args.inputs[kW]);
    float *gx = args.input_gradients[kX], *gw = args.input_gradients[kW];
    float *x_run = args.scratch, *gx_run = x_run + phases_.size(), *g_run = gx_run + phases_.size();
    ForEachChannel([&](int64_t x_at, int64_t w_at, int64_t y_at) {
      phases_.SpreadOutputs(args.output_gradients[0] + y_at, g_run);
      if (gw != nullptr) phases_.Spread(x.data + x_at, x_run);
      std::fill_n(gx_run, phases_.size(), 0.0f);
      for (int64_t tap = 0; tap < phases_.taps(); ++tap) {
        const int64_t offset = phases_.offset(tap);
        if (gw != nullptr) {
          gw[w_at + tap] += x.scale() * DotProduct(g_run, x_run + offset, phases_.run());
        }
        if (gx == nullptr) continue;
        AddScaled(w.alpha * w.data[w_at + tap], g_run, phases_.run(), gx_run + offset);
      }
      if (gx != nullptr) phases_.AddBack(gx_run, gx + x_at);
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

  const ConvGeometry g_;
  const Phases phases_;
};

}  // namespace

std::unique_ptr<TrainOp> MakeDepthwiseConv(const ConvGeometry& geometry) {
  return std::make_unique<DepthwiseConv>(geometry);
}

}  // namespace octet

#include "absl/strings/str_cat.h"
#include "tools/train/conv_geometry.h"
#include "tools/train/patches.h"

// Convolution as matrix products over unrolled patches: the result is w * patches, where `patches`
// has a row for each input channel and tap and a column for each position. With g the gradient of
// the result, that of w is g * patches' and that of the patches w' * g, which are added up where
// they overlap. A 1x1 convolution is its own patches.

namespace octet {
namespace {

class DenseConv final : public TrainOp {
 public:
  explicit DenseConv(const ConvGeometry& geometry) : g_(geometry) {}

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

  const ConvGeometry g_;
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
  const ConvGeometry geometry(context);
  if (geometry.inputs == 1 && geometry.groups > 1) {
    return MakeDepthwiseConv(geometry);
  }
  return std::make_unique<DenseConv>(geometry);
}

}  // namespace octet

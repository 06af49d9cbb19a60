#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/train/patches.h"
#include "tools/train/product.h"

// Transposed convolution: what Conv is to its result, this is to its input. The patches that the
// elements of x stand for, w' * x, are added up where they overlap. With g the gradient of the
// result, unrolled into patches, that of x is w * g and that of w is x * g'.

namespace octet {
namespace {

class ConvTranspose final : public TrainOp {
 public:
  explicit ConvTranspose(const OpContext& context) {
    const auto& options = context.node.as<schema::ConvTransposeOptionsT>();
    const Shape &x = context.inputs[kX], &w = context.inputs[kW], &y = context.outputs[0];
    // Positions of the window are elements of x.
    window_ = SlidingWindow::Of(options, absl::MakeConstSpan(w).subspan(2), y, x);
    samples_ = x[0];
    groups_ = options.groups;
    inputs_ = x[1] / groups_;
    outputs_ = w[1];
  }

  size_t scratch() const override { return static_cast<size_t>(depth() * positions()); }

  void Forward(const ForwardArgs& args) const override {
    const Factors factors = FactorsOf(args);
    std::fill_n(args.outputs[0], samples_ * groups_ * outputs_ * window_.in_size(), 0.0f);
    ForEachGroup([&](int64_t x_at, int64_t w_at, int64_t y_at) {
      Sgemm(depth(), positions(), inputs_, factors.alpha, {factors.w + w_at, depth(), true},
            {factors.x + x_at, positions()}, 0, args.scratch, positions());
      AddRolled(window_, outputs_, args.scratch, args.outputs[0] + y_at);
    });
    FinishProduct(product(), args);
  }

  void Backward(const BackwardArgs& args) const override {
    AddBiasAndResidualGradients(product(), args);
    const RealFactor x = RealFactorOf(args.inputs[kX]), w = RealFactorOf(args.inputs[kW]);
    float *gx = args.input_gradients[kX], *gw = args.input_gradients[kW];
    if (gx == nullptr && gw == nullptr) return;
    ForEachGroup([&](int64_t x_at, int64_t w_at, int64_t y_at) {
      const float* patches = args.scratch;
      Unroll(window_, outputs_, args.output_gradients[0] + y_at, args.scratch);
      if (gx != nullptr) {
        Sgemm(inputs_, positions(), depth(), w.alpha, {w.data + w_at, depth()},
              {patches, positions()}, 1, gx + x_at, positions());
      }
      if (gw != nullptr) {
        Sgemm(inputs_, depth(), positions(), x.alpha, {x.data + x_at, positions()},
              {patches, positions(), true}, 1, gw + w_at, depth());
      }
    });
  }

 private:
  int64_t depth() const { return outputs_ * window_.taps(); }
  int64_t positions() const { return window_.out_size(); }
  ProductShape product() const { return {samples_, groups_ * outputs_, window_.in_size()}; }

  // Calls fn with the offsets of each group of each sample in x, w and y.
  template <typename Fn>
  void ForEachGroup(const Fn& fn) const {
    for (int64_t n = 0; n < samples_; ++n) {
      for (int64_t group = 0; group < groups_; ++group) {
        const int64_t i = n * groups_ + group;
        fn(i * inputs_ * positions(), group * inputs_ * depth(), i * outputs_ * window_.in_size());
      }
    }
  }

  SlidingWindow window_;
  int64_t samples_, groups_, inputs_, outputs_;  // channels per group
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakeConvTranspose(const OpContext& context) {
  const size_t rank = context.inputs[kX].size();
  if (rank < 3 || rank > 5) {
    return absl::UnimplementedError(absl::StrCat("1 to 3 spatial dimensions, not ", rank, " - 2"));
  }
  return std::make_unique<ConvTranspose>(context);
}

}  // namespace octet

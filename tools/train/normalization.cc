#include <cmath>

#include "tools/train/broadcast.h"
#include "tools/train/op.h"

// LayerNorm, RMSNorm and GroupNorm: y = (x - mean) / deviation * scale + bias over each row.

namespace octet {
namespace {

using schema::NormalizationKind;
constexpr size_t kScale = 1, kBias = 2;

class Normalization final : public TrainOp {
 public:
  explicit Normalization(const OpContext& context) {
    const auto& options = context.node.as<schema::NormalizationOptionsT>();
    const Shape& x = context.inputs[0];
    rms_ = options.kind == NormalizationKind::RMS;
    epsilon_ = options.epsilon;
    if (options.kind == NormalizationKind::GROUP) {
      // Parameters are per channel; a row holds channels with their spatial dimensions.
      rows_ = x[0] * options.groups;
      row_ = rows_ == 0 ? 0 : NumElements(x) / rows_;
      Shape channels(x.size() - 1, 1);
      channels[0] = x[1];
      SetMaps(context, channels);
      return;
    }
    rows_ = 1;
    for (int d = 0; d < options.axis; ++d) rows_ *= x[static_cast<size_t>(d)];
    row_ = rows_ == 0 ? 0 : NumElements(x) / rows_;
    SetMaps(context, {});
  }

  void Forward(const ForwardArgs& args) const override {
    const TrainValue& x = args.inputs[0];
    const float y_scale = args.output_scales[0] == 0 ? 1.0f : args.output_scales[0];
    for (int64_t r = 0; r < rows_; ++r) {
      const Moments m = MomentsOf(x, r);
      for (int64_t i = r * row_; i < (r + 1) * row_; ++i) {
        const double v =
            (Real(x, i) - m.mean) / m.deviation * Parameter(args.inputs, kScale, i, 1) +
            Parameter(args.inputs, kBias, i, 0);
        args.outputs[0][i] = static_cast<float>(v) / y_scale;
      }
    }
  }

  // With n = (x - mean) / deviation and h = g * scale, the gradient of x is
  // (h - mean(h) - n * mean(h * n)) / deviation over the row; without the middle term for RMS.
  void Backward(const BackwardArgs& args) const override {
    const TrainValue& x = args.inputs[0];
    const float* g = args.output_gradients[0];
    for (int64_t r = 0; r < rows_; ++r) {
      const Moments m = MomentsOf(x, r);
      double mean_h = 0, mean_hn = 0;
      for (int64_t i = r * row_; i < (r + 1) * row_; ++i) {
        const double n = (Real(x, i) - m.mean) / m.deviation;
        const double h = g[i] * Parameter(args.inputs, kScale, i, 1);
        mean_h += h;
        mean_hn += h * n;
        Add(args, kScale, i, g[i] * n);
        Add(args, kBias, i, g[i]);
      }
      float* gx = args.input_gradients[0];
      if (gx == nullptr) continue;
      mean_h = rms_ ? 0 : mean_h / static_cast<double>(row_);
      mean_hn /= static_cast<double>(row_);
      for (int64_t i = r * row_; i < (r + 1) * row_; ++i) {
        const double n = (Real(x, i) - m.mean) / m.deviation;
        const double h = g[i] * Parameter(args.inputs, kScale, i, 1);
        gx[i] += static_cast<float>((h - mean_h - n * mean_hn) / m.deviation);
      }
    }
  }

 private:
  // `shape`: of the parameters; empty: their own.
  void SetMaps(const OpContext& context, const Shape& shape) {
    for (size_t p : {kScale, kBias}) {
      present_[p] = context.has_input(p);
      if (!present_[p]) continue;
      maps_[p] = BroadcastMap(shape.empty() ? context.inputs[p] : shape, context.inputs[0]);
    }
  }

  struct Moments {
    double mean, deviation;
  };

  static double Real(const TrainValue& x, int64_t i) {
    return static_cast<double>(x.scale() * x.data[i]);
  }

  Moments MomentsOf(const TrainValue& x, int64_t row) const {
    double mean = 0, squares = 0;
    if (!rms_) {
      for (int64_t i = row * row_; i < (row + 1) * row_; ++i) mean += Real(x, i);
      mean /= static_cast<double>(row_);
    }
    for (int64_t i = row * row_; i < (row + 1) * row_; ++i) {
      squares += (Real(x, i) - mean) * (Real(x, i) - mean);
    }
    return {mean, std::sqrt(squares / static_cast<double>(row_) + epsilon_)};
  }

  // Parameter `p` of element i of x.
  double Parameter(absl::Span<const TrainValue> inputs, size_t p, int64_t i, double absent) const {
    return present_[p] ? Real(inputs[p], Mapped(maps_[p], i)) : absent;
  }
  void Add(const BackwardArgs& args, size_t p, int64_t i, double gradient) const {
    if (!present_[p] || args.input_gradients[p] == nullptr) return;
    args.input_gradients[p][Mapped(maps_[p], i)] += static_cast<float>(gradient);
  }

  bool rms_;
  double epsilon_;
  int64_t rows_, row_;
  bool present_[3] = {};
  std::vector<int32_t> maps_[3];  // by input: the parameter of each element of x
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakeNormalization(const OpContext& context) {
  return std::make_unique<Normalization>(context);
}

}  // namespace octet

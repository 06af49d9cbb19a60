#include <algorithm>
#include <cmath>

#include "tools/train/op.h"

namespace octet {
namespace {

class Softmax final : public TrainOp {
 public:
  explicit Softmax(const OpContext& context) {
    const auto& options = context.node.as<schema::SoftmaxOptionsT>();
    const Shape& x = context.inputs[0];
    const auto axis = static_cast<size_t>(options.axis);
    log_ = options.log;
    count_ = x[axis];
    for (size_t d = 0; d < axis; ++d) outer_ *= x[d];
    for (size_t d = axis + 1; d < x.size(); ++d) stride_ *= x[d];
  }

  size_t scratch() const override { return static_cast<size_t>(count_); }
  bool reads_inputs() const override { return false; }
  bool reads_outputs() const override { return true; }

  void Forward(const ForwardArgs& args) const override {
    const TrainValue& x = args.inputs[0];
    const float y_scale = args.output_scales[0] == 0 ? 1.0f : args.output_scales[0];
    ForEachLine([&](int64_t begin) {
      const float* line = x.data + begin;
      float largest = line[0];
      for (int64_t i = 1; i < count_; ++i) largest = std::max(largest, line[i * stride_]);
      double sum = 0;
      for (int64_t i = 0; i < count_; ++i) {
        args.scratch[i] = x.scale() * (line[i * stride_] - largest);
        sum += std::exp(args.scratch[i]);
      }
      const auto divisor = static_cast<float>(sum), log_sum = static_cast<float>(std::log(sum));
      for (int64_t i = 0; i < count_; ++i) {
        const float difference = args.scratch[i];
        const float y = log_ ? difference - log_sum : std::exp(difference) / divisor;
        args.outputs[0][begin + i * stride_] = y / y_scale;
      }
    });
  }

  void Backward(const BackwardArgs& args) const override {
    const TrainValue& y = args.outputs[0];
    ForEachLine([&](int64_t begin) {
      const float* g = args.output_gradients[0] + begin;
      float* gx = args.input_gradients[0] + begin;
      const auto real = [&](int64_t i) { return y.scale() * y.data[begin + i * stride_]; };
      double sum = 0;
      for (int64_t i = 0; i < count_; ++i) {
        sum += static_cast<double>(g[i * stride_]) * (log_ ? 1.0f : real(i));
      }
      const auto mean = static_cast<float>(sum);
      for (int64_t i = 0; i < count_; ++i) {
        const int64_t at = i * stride_;
        gx[at] += log_ ? g[at] - std::exp(real(i)) * mean : real(i) * (g[at] - mean);
      }
    });
  }

 private:
  template <typename Fn>
  void ForEachLine(const Fn& fn) const {
    if (count_ == 0) return;
    for (int64_t o = 0; o < outer_; ++o) {
      for (int64_t i = 0; i < stride_; ++i) fn(o * count_ * stride_ + i);
    }
  }

  bool log_;
  int64_t outer_ = 1, count_ = 1, stride_ = 1;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakeSoftmax(const OpContext& context) {
  return std::make_unique<Softmax>(context);
}

}  // namespace octet

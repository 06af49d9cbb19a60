#include <algorithm>

#include "kernels/resize_axis.h"
#include "tools/train/op.h"

// Resize by any filter is linear: an element of the result is a weighted sum of elements of x, and
// the weights are products of one weight per dimension. Backward, the gradient goes back with the
// same weights.

namespace octet {
namespace {

class Resize final : public TrainOp {
 public:
  explicit Resize(const OpContext& context)
      : copies_(context.node.as<schema::ResizeOptionsT>().mode == schema::ResizeMode::NEAREST),
        x_size_(NumElements(context.inputs[0])),
        y_size_(NumElements(context.outputs[0])) {
    const Shape &x = context.inputs[0], &y = context.outputs[0];
    const std::vector<ResizeAxis> axes =
        ResizeAxes(context.node.as<schema::ResizeOptionsT>(), x, y);
    int64_t stride = 1;
    for (size_t d = x.size(); d-- > 0;) {
      Dimension dimension{y[d], 1, {}, {}};
      for (const ResizeAxis& axis : axes) {
        if (axis.axis != d) continue;
        dimension.taps = axis.taps;
        dimension.offsets = axis.index;
        dimension.weights = axis.weight;
      }
      if (dimension.offsets.empty()) {
        for (int64_t i = 0; i < y[d]; ++i) dimension.offsets.push_back(i);
        dimension.weights.assign(dimension.offsets.size(), 1.0f);
      }
      for (int64_t& offset : dimension.offsets) offset *= stride;
      stride *= x[d];
      dimensions_.insert(dimensions_.begin(), std::move(dimension));
    }
  }

  bool reads_inputs() const override { return false; }
  bool moves() const override { return copies_; }

  void Forward(const ForwardArgs& args) const override {
    const TrainValue& x = args.inputs[0];
    const float unit = args.output_scales[0] == 0 ? 1.0f : args.output_scales[0];
    const float factor = x.scale() == unit ? 1.0f : x.scale() / unit;
    float* y = args.outputs[0];
    std::fill_n(y, y_size_, 0.0f);
    ForEachTap(
        [&](int64_t to, int64_t from, float weight) { y[to] += factor * weight * x.data[from]; });
  }

  void Backward(const BackwardArgs& args) const override {
    const float* g = args.output_gradients[0];
    float* gx = args.input_gradients[0];
    ForEachTap([&](int64_t to, int64_t from, float weight) { gx[from] += weight * g[to]; });
  }

 private:
  // Position i of y takes weights[i * taps + t] times what lies at offsets[i * taps + t] of x.
  struct Dimension {
    int64_t size, taps;
    std::vector<int64_t> offsets;
    std::vector<float> weights;
  };

  template <typename Fn>
  void ForEachTap(const Fn& fn) const {
    if (x_size_ == 0 || y_size_ == 0) return;
    Visit(0, 0, 0, 1.0f, fn);
  }

  // All of y's elements from dimension d on, where `row` counts those before it.
  template <typename Fn>
  void Visit(size_t d, int64_t row, int64_t from, float weight, const Fn& fn) const {
    if (d == dimensions_.size()) return fn(row, from, weight);
    const Dimension& dimension = dimensions_[d];
    for (int64_t i = 0; i < dimension.size; ++i) {
      for (int64_t t = 0; t < dimension.taps; ++t) {
        const auto at = static_cast<size_t>(i * dimension.taps + t);
        Visit(d + 1, row * dimension.size + i, from + dimension.offsets[at],
              weight * dimension.weights[at], fn);
      }
    }
  }

  const bool copies_;
  const int64_t x_size_, y_size_;
  std::vector<Dimension> dimensions_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakeResize(const OpContext& context) {
  if (context.node.as<schema::ResizeOptionsT>().coordinates ==
      schema::ResizeCoordinates::TF_CROP_AND_RESIZE) {
    return absl::UnimplementedError("a region that is cut out has no derivative here");
  }
  return std::make_unique<Resize>(context);
}

}  // namespace octet

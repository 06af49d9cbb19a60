#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "runtime/core/numerics.h"
#include "tools/train/op.h"
#include "tools/train/window.h"

// Pooling and reductions: several elements of x become one of y.

namespace octet {
namespace {

enum class Kind { kMaximum, kMinimum, kMean, kSum };

// The elements under a window, channel by channel.
struct WindowElements {
  SlidingWindow window;
  int64_t planes = 0;

  int64_t y_size() const { return planes * window.out_size(); }

  // Calls fn(index into y, index into x) for all pairs.
  template <typename Fn>
  void ForEach(const Fn& fn) const {
    const int64_t stride = window.strides[2];
    for (int64_t p = 0; p < planes; ++p) {
      const int64_t x = p * window.in_size(), y = p * window.out_size();
      window.ForEachRun([&](int64_t, int64_t to, int64_t from, int64_t count) {
        for (int64_t i = 0; i < count; ++i) fn(y + to + i, x + from + i * stride);
      });
    }
  }
};

// All elements along some axes.
struct AxisElements {
  std::vector<int32_t> y_of;  // by element of x
  int64_t results = 0;

  AxisElements(const Shape& x, const std::vector<int32_t>& axes) {
    std::vector<int64_t> strides(x.size(), 0);  // of y, 0 along the axes
    results = 1;
    for (size_t d = x.size(); d-- > 0;) {
      if (std::count(axes.begin(), axes.end(), static_cast<int32_t>(d)) > 0) continue;
      strides[d] = results;
      results *= x[d];
    }
    y_of.resize(static_cast<size_t>(NumElements(x)));
    for (size_t i = 0; i < y_of.size(); ++i) {
      auto rest = static_cast<int64_t>(i);
      int64_t y = 0;
      for (size_t d = x.size(); d-- > 0; rest /= x[d]) y += rest % x[d] * strides[d];
      y_of[i] = static_cast<int32_t>(y);
    }
  }

  int64_t y_size() const { return results; }

  template <typename Fn>
  void ForEach(const Fn& fn) const {
    for (size_t i = 0; i < y_of.size(); ++i) fn(y_of[i], static_cast<int64_t>(i));
  }
};

// Means and sums. `counts` has the divisor of each element of y.
template <typename Elements>
class Average final : public TrainOp {
 public:
  Average(Elements elements, std::vector<int32_t> counts, bool ties_away)
      : elements_(std::move(elements)), counts_(std::move(counts)), ties_away_(ties_away) {}

  bool reads_inputs() const override { return false; }

  void Forward(const ForwardArgs& args) const override {
    const TrainValue& x = args.inputs[0];
    const float y_scale = args.output_scales[0];
    float* y = args.outputs[0];
    std::fill_n(y, elements_.y_size(), 0.0f);
    elements_.ForEach([&](int64_t to, int64_t from) { y[to] += x.data[from]; });
    for (size_t i = 0; i < counts_.size(); ++i) {
      const double n = counts_[i];
      if (!x.quantized()) {
        y[i] = static_cast<float>(y[i] / n);
        if (y_scale != 0) y[i] /= y_scale;
      } else if (ties_away_) {
        const int64_t stored = static_cast<int64_t>(y[i]) + int64_t{counts_[i]} * x.zero_point;
        y[i] = static_cast<float>(AverageTiesAway(stored, counts_[i]) - x.zero_point);
      } else {
        const double unit = y_scale == 0 ? 1.0 : static_cast<double>(y_scale);
        y[i] *= static_cast<float>(static_cast<double>(x.scale()) / (unit * n));
      }
    }
  }

  void Backward(const BackwardArgs& args) const override {
    float* gx = args.input_gradients[0];
    const float* g = args.output_gradients[0];
    elements_.ForEach([&](int64_t to, int64_t from) {
      gx[from] += g[to] / static_cast<float>(counts_[static_cast<size_t>(to)]);
    });
  }

 private:
  const Elements elements_;
  const std::vector<int32_t> counts_;
  const bool ties_away_;
};

// Largest or smallest elements. The first one of equals gets the gradient.
template <typename Elements>
class Extreme final : public TrainOp {
 public:
  Extreme(Elements elements, bool minimum)
      : elements_(std::move(elements)), sign_(minimum ? -1.0f : 1.0f) {}

  size_t scratch() const override { return static_cast<size_t>(elements_.y_size()); }
  bool moves() const override { return true; }

  void Forward(const ForwardArgs& args) const override {
    const TrainValue& x = args.inputs[0];
    float* y = args.outputs[0];
    Find(x.data, y);
    const float y_scale = args.output_scales[0];
    if (x.scale() == (y_scale == 0 ? 1.0f : y_scale)) return;
    for (int64_t i = 0; i < elements_.y_size(); ++i) {
      y[i] = x.scale() * y[i];
      if (y_scale != 0) y[i] /= y_scale;
    }
  }

  void Backward(const BackwardArgs& args) const override {
    const float* x = args.inputs[0].data;
    const float* g = args.output_gradients[0];
    float* extremes = args.scratch;
    Find(x, extremes);
    elements_.ForEach([&](int64_t to, int64_t from) {
      if (x[from] != extremes[to]) return;
      args.input_gradients[0][from] += g[to];
      extremes[to] = std::numeric_limits<float>::quiet_NaN();  // equal to nothing
    });
  }

 private:
  void Find(const float* x, float* extremes) const {
    std::fill_n(extremes, elements_.y_size(), -sign_ * std::numeric_limits<float>::infinity());
    elements_.ForEach([&](int64_t to, int64_t from) {
      if (sign_ * x[from] > sign_ * extremes[to]) extremes[to] = x[from];
    });
  }

  const Elements elements_;
  const float sign_;
};

template <typename Elements>
std::unique_ptr<TrainOp> MakeReduction(Kind kind, Elements elements, std::vector<int32_t> counts,
                                       bool ties_away = false) {
  if (kind == Kind::kMaximum || kind == Kind::kMinimum) {
    return std::make_unique<Extreme<Elements>>(std::move(elements), kind == Kind::kMinimum);
  }
  if (kind == Kind::kSum) std::fill(counts.begin(), counts.end(), 1);
  return std::make_unique<Average<Elements>>(std::move(elements), std::move(counts), ties_away);
}

std::unique_ptr<TrainOp> MakeAxisReduction(Kind kind, const Shape& x,
                                           const std::vector<int32_t>& axes) {
  AxisElements elements(x, axes);
  const auto results = static_cast<size_t>(elements.y_size());
  const int64_t each = elements.results == 0 ? 0 : NumElements(x) / elements.results;
  return MakeReduction(kind, std::move(elements),
                       std::vector<int32_t>(results, static_cast<int32_t>(each)));
}

// How many elements each mean of a window is taken over.
std::vector<int32_t> WindowCounts(const WindowElements& elements, bool include_pad) {
  WindowElements plane = elements;
  plane.planes = 1;
  if (include_pad) {
    // Seen from x with its padding as elements of its own.
    for (size_t d = 0; d < 3; ++d) {
      plane.window.in[d] += plane.window.pads[d] + plane.window.pads_end[d];
      plane.window.pads[d] = 0;
    }
  }
  std::vector<int32_t> counts(static_cast<size_t>(plane.y_size()), 0);
  plane.ForEach([&](int64_t to, int64_t) { ++counts[static_cast<size_t>(to)]; });
  std::vector<int32_t> all;
  for (int64_t p = 0; p < elements.planes; ++p) all.insert(all.end(), counts.begin(), counts.end());
  return all;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrainOp>> MakePool(const OpContext& context) {
  const auto& options = context.node.as<schema::PoolOptionsT>();
  const Shape& x = context.inputs[0];
  if (x.size() < 3 || x.size() > 5) {
    return absl::UnimplementedError(
        absl::StrCat("1 to 3 spatial dimensions, not ", x.size(), " - 2"));
  }
  WindowElements elements{SlidingWindow::Of(options, options.kernel, x, context.outputs[0]),
                          x[0] * x[1]};
  if (options.kind == schema::PoolKind::MAXIMUM) {
    return MakeReduction(Kind::kMaximum, std::move(elements), {});
  }
  std::vector<int32_t> counts = WindowCounts(elements, options.count_include_pad);
  return MakeReduction(Kind::kMean, std::move(elements), std::move(counts),
                       options.ties == schema::TieRule::AWAY_FROM_ZERO);
}

absl::StatusOr<std::unique_ptr<TrainOp>> MakeGlobalPool(const OpContext& context) {
  const bool maximum =
      context.node.as<schema::GlobalPoolOptionsT>().kind == schema::PoolKind::MAXIMUM;
  std::vector<int32_t> axes;
  for (size_t d = 2; d < context.inputs[0].size(); ++d) axes.push_back(static_cast<int32_t>(d));
  return MakeAxisReduction(maximum ? Kind::kMaximum : Kind::kMean, context.inputs[0], axes);
}

absl::StatusOr<std::unique_ptr<TrainOp>> MakeReduce(const OpContext& context) {
  const auto& options = context.node.as<schema::ReduceOptionsT>();
  switch (options.kind) {
    case schema::ReduceKind::MEAN:
      return MakeAxisReduction(Kind::kMean, context.inputs[0], options.axes);
    case schema::ReduceKind::SUM:
      return MakeAxisReduction(Kind::kSum, context.inputs[0], options.axes);
    case schema::ReduceKind::MAXIMUM:
      return MakeAxisReduction(Kind::kMaximum, context.inputs[0], options.axes);
    case schema::ReduceKind::MINIMUM:
      return MakeAxisReduction(Kind::kMinimum, context.inputs[0], options.axes);
    default:
      return absl::UnimplementedError("products of elements have no derivative here");
  }
}

}  // namespace octet

#include <limits>

#include "kernels/elements.h"
#include "kernels/reference/reference.h"
#include "kernels/reference/window.h"
#include "kernels/scalar_functions.h"

namespace octet {
namespace reference {
namespace {

// Reduces elements of x to one of y, whatever both types are. Maxima are taken of x's own numbers
// and stored by value, means and sums in one rounding.
class Reducer {
 public:
  // kMeanTiesAway: of integers whose result has the same scale and zero point.
  enum class Kind { kMaximum, kMinimum, kMean, kMeanTiesAway, kSum, kProduct };

  Reducer(Kind kind, const Numbers& x) : kind_(kind), x_(x) { Reset(); }

  void Reset() {
    count_ = 0;
    sum_ = 0;
    int_sum_ = 0;
    product_ = 1;
  }

  void Take(int64_t offset) {
    const bool first = count_++ == 0;
    if (kind_ == Kind::kMean || kind_ == Kind::kMeanTiesAway || kind_ == Kind::kSum) {
      if (x_.type() == DataType::kF32) {
        sum_ += x_.Real(offset);
      } else {
        int_sum_ += x_.Int(offset) - x_.zero_point();
      }
      return;
    }
    const float value = x_.Real(offset);
    if (kind_ == Kind::kProduct) {
      product_ *= value;
      return;
    }
    const bool better = kind_ == Kind::kMaximum ? value > best_ : value < best_;
    if (first || better) best_ = value;
  }

  // `divisor`: how many elements a mean is taken over. Nothing was taken: what the schema says.
  void Store(Numbers& y, int64_t offset, int64_t divisor) const {
    if (kind_ == Kind::kProduct) return y.SetReal(offset, static_cast<float>(product_));
    if (kind_ == Kind::kMaximum || kind_ == Kind::kMinimum) {
      const float infinity = std::numeric_limits<float>::infinity();
      const float nothing = kind_ == Kind::kMaximum ? -infinity : infinity;
      return y.SetReal(offset, count_ > 0 ? best_ : nothing);
    }
    if (kind_ == Kind::kMeanTiesAway) {
      const int64_t stored = int_sum_ + divisor * x_.zero_point();
      return y.SetInt(offset, static_cast<int32_t>(AverageTiesAway(stored, divisor)));
    }
    const double n = kind_ == Kind::kMean ? static_cast<double>(divisor) : 1;
    if (x_.type() == DataType::kF32) return y.SetReal(offset, static_cast<float>(sum_ / n));
    const double scale = x_.scale();
    if (y.type() == DataType::kF32) {
      return y.SetReal(offset, static_cast<float>(int_sum_) * static_cast<float>(scale / n));
    }
    const float v = static_cast<float>(int_sum_) *
                    static_cast<float>(scale / (static_cast<double>(y.scale()) * n));
    y.SetInt(offset, RoundAndClamp(v, y.zero_point(), RangeOf(y.type())));
  }

 private:
  Kind kind_;
  const Numbers& x_;
  int64_t count_ = 0;
  double sum_ = 0;
  int64_t int_sum_ = 0;
  double product_ = 1;
  float best_ = 0;
};

Reducer::Kind KindOf(const schema::PoolOptionsT& options) {
  if (options.kind == schema::PoolKind::MAXIMUM) return Reducer::Kind::kMaximum;
  return options.ties == schema::TieRule::TO_EVEN ? Reducer::Kind::kMean
                                                  : Reducer::Kind::kMeanTiesAway;
}

void ComputePool(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::PoolOptionsT>();
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const Window window{Shape(options.kernel.begin(), options.kernel.end()), &options.strides,
                      &options.dilations, &options.pads_begin, &options.pads_end};
  const Shape x_spatial = Spatial(x.shape());
  Reducer reducer(KindOf(options), x);
  ForEachIndex(y.shape(), [&](const Shape& at) {
    reducer.Reset();
    const int64_t image = at[0] * x.strides()[0] + at[1] * x.strides()[1];
    int64_t inside = 0;
    const int64_t padded =
        window.ForEachTap(x_spatial, Spatial(at), [&](const Shape&, const Shape& position) {
          reducer.Take(image + SpatialOffset(x.strides(), position));
          ++inside;
        });
    reducer.Store(y, y.Offset(at), options.count_include_pad ? padded : inside);
  });
}

// The same for integers that stand for themselves, whose sums and products wrap around, and
// booleans. Means are rounded towards 0.
class WholeReducer {
 public:
  WholeReducer(schema::ReduceKind kind, const Numbers& x) : kind_(kind), x_(x) { Reset(); }

  void Reset() {
    count_ = 0;
    DispatchWhole(x_.type(), [this](auto zero) {
      using T = decltype(zero);
      const bool is_bool = x_.type() == DataType::kBool;
      const T highest = is_bool ? T{1} : std::numeric_limits<T>::max();
      const T start = kind_ == schema::ReduceKind::MAXIMUM   ? std::numeric_limits<T>::min()
                      : kind_ == schema::ReduceKind::MINIMUM ? highest
                      : kind_ == schema::ReduceKind::PRODUCT ? T{1}
                                                             : T{0};
      result_ = static_cast<int64_t>(start);
    });
  }

  void Take(int64_t offset) {
    ++count_;
    result_ = BinaryInteger(Combine(), x_.type(), result_, x_.Whole(offset));
  }

  void Store(Numbers& y, int64_t offset, int64_t) const {
    const bool mean = kind_ == schema::ReduceKind::MEAN;
    y.SetWhole(offset,
               mean ? BinaryInteger(schema::BinaryKind::DIV, x_.type(), result_, count_) : result_);
  }

 private:
  schema::BinaryKind Combine() const {
    switch (kind_) {
      case schema::ReduceKind::MAXIMUM:
        return schema::BinaryKind::MAXIMUM;
      case schema::ReduceKind::MINIMUM:
        return schema::BinaryKind::MINIMUM;
      case schema::ReduceKind::PRODUCT:
        return schema::BinaryKind::MUL;
      default:
        return schema::BinaryKind::ADD;
    }
  }

  schema::ReduceKind kind_;
  const Numbers& x_;
  int64_t count_ = 0;
  int64_t result_ = 0;
};

// Reduces `axes` of x. The dimensions of y that remain stand in the order of x's.
template <typename ReducerType>
void ReduceAxes(ReducerType& reducer, const std::vector<int>& axes, bool keep_dims,
                const Numbers& x, Numbers& y) {
  Shape kept = x.shape(), reduced(x.shape().size(), 1);
  for (int axis : axes) {
    const auto a = static_cast<size_t>(axis);
    std::swap(kept[a], reduced[a]);
  }
  std::vector<bool> vanishes(kept.size(), false);
  if (!keep_dims) {
    for (int axis : axes) vanishes[static_cast<size_t>(axis)] = true;
  }
  ForEachIndex(kept, [&](const Shape& at) {
    reducer.Reset();
    const int64_t begin = x.Offset(at);
    ForEachIndex(reduced, [&](const Shape& index) { reducer.Take(begin + x.Offset(index)); });
    Shape target;
    for (size_t i = 0; i < at.size(); ++i) {
      if (!vanishes[i]) target.push_back(at[i]);
    }
    reducer.Store(y, y.Offset(target), NumElements(reduced));
  });
}

void ComputeGlobalPool(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::GlobalPoolOptionsT>();
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  std::vector<int> axes;
  for (size_t i = 2; i < x.shape().size(); ++i) axes.push_back(static_cast<int>(i));
  const bool maximum = options.kind == schema::PoolKind::MAXIMUM;
  Reducer reducer(maximum ? Reducer::Kind::kMaximum : Reducer::Kind::kMean, x);
  ReduceAxes(reducer, axes, true, x, y);
}

Reducer::Kind KindOf(schema::ReduceKind kind) {
  switch (kind) {
    case schema::ReduceKind::MEAN:
      return Reducer::Kind::kMean;
    case schema::ReduceKind::SUM:
      return Reducer::Kind::kSum;
    case schema::ReduceKind::MAXIMUM:
      return Reducer::Kind::kMaximum;
    case schema::ReduceKind::MINIMUM:
      return Reducer::Kind::kMinimum;
    case schema::ReduceKind::PRODUCT:
      return Reducer::Kind::kProduct;
  }
  return Reducer::Kind::kMean;
}

void ComputeReduce(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::ReduceOptionsT>();
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  if (IsWhole(problem.inputs[0])) {
    WholeReducer reducer(options.kind, x);
    return ReduceAxes(reducer, options.axes, options.keep_dims, x, y);
  }
  Reducer reducer(KindOf(options.kind), x);
  ReduceAxes(reducer, options.axes, options.keep_dims, x, y);
}

absl::Status CheckReduce(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const auto kind = context.node->as<schema::ReduceOptionsT>().kind;
  const bool extreme = kind == schema::ReduceKind::MAXIMUM || kind == schema::ReduceKind::MINIMUM;
  if (!IsWhole(x)) return CheckReal(context);
  if (x.type != y.type || y.quant != nullptr || (IsBool(x) && !extreme)) {
    return absl::UnimplementedError(absl::StrCat("no ", schema::EnumNameReduceKind(kind), " of ",
                                                 Describe(x), " as ", Describe(y)));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace reference

const KernelEntry kReferencePool = {"reference", CheckReal,
                                    reference::PrepareWith<reference::ComputePool>};
const KernelEntry kReferenceGlobalPool = {"reference", CheckReal,
                                          reference::PrepareWith<reference::ComputeGlobalPool>};
const KernelEntry kReferenceReduce = {"reference", reference::CheckReduce,
                                      reference::PrepareWith<reference::ComputeReduce>};

}  // namespace octet

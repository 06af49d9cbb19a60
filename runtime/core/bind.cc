#include "runtime/core/bind.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "runtime/core/half.h"
#include "runtime/core/infer_rules.h"
#include "runtime/core/operators.h"

namespace octet {
namespace {

using infer::Invalid;

int64_t WholeNumber(double value) {
  constexpr double kLimit = 9.2e18;
  return value == value ? static_cast<int64_t>(std::min(std::max(value, -kLimit), kLimit)) : 0;
}

template <typename Result, typename T, typename Fn>
std::vector<Result> Convert(const Tensor& constant, const Fn& convert) {
  const absl::Span<const T> from = constant.data.as<T>();
  std::vector<Result> result;
  result.reserve(from.size());
  for (const T value : from) result.push_back(convert(value));
  return result;
}

// Calls convert on each element as the C++ type of the constant's numbers.
template <typename Result, typename Fn>
std::vector<Result> Elements(const Tensor& constant, const Fn& convert) {
  switch (constant.type) {
    case DataType::kF32:
      return Convert<Result, float>(constant, convert);
    case DataType::kF64:
      return Convert<Result, double>(constant, convert);
    case DataType::kF16:
      return Convert<Result, uint16_t>(constant,
                                       [&](uint16_t half) { return convert(HalfToFloat(half)); });
    case DataType::kBF16:
      return Convert<Result, uint16_t>(
          constant, [&](uint16_t half) { return convert(BFloat16ToFloat(half)); });
    case DataType::kS8:
      return Convert<Result, int8_t>(constant, convert);
    case DataType::kU8:
    case DataType::kBool:
      return Convert<Result, uint8_t>(constant, convert);
    case DataType::kS16:
      return Convert<Result, int16_t>(constant, convert);
    case DataType::kU16:
      return Convert<Result, uint16_t>(constant, convert);
    case DataType::kS32:
      return Convert<Result, int32_t>(constant, convert);
    case DataType::kU32:
      return Convert<Result, uint32_t>(constant, convert);
    case DataType::kS64:
      return Convert<Result, int64_t>(constant, convert);
    case DataType::kU64:
      return Convert<Result, uint64_t>(constant, convert);
    case DataType::kUnknown:
      break;
  }
  return {};
}

struct ToInteger {
  int64_t operator()(double value) const { return WholeNumber(value); }
  int64_t operator()(float value) const { return WholeNumber(value); }
  int64_t operator()(uint64_t value) const {
    constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
    return static_cast<int64_t>(std::min(value, kMax));
  }
  template <typename T>
  int64_t operator()(T value) const {
    return static_cast<int64_t>(value);
  }
};

// The value inputs of one node while they move into its options.
class Binder {
 public:
  Binder(Node& node, absl::Span<const Tensor* const> values, const Shape& x)
      : node_(node), values_(values), x_(x) {}

  absl::Status Bind() {
    switch (node_.type()) {
      case OpType::SplitOptions:
        return Take(1, node_.as<schema::SplitOptionsT>().sizes);
      case OpType::ReshapeOptions:
        return BindReshape();
      case OpType::PadOptions:
        return BindPads();
      case OpType::ReduceOptions:
        return BindReduce();
      case OpType::SliceOptions:
        return BindSlice();
      case OpType::ExpandOptions:
        return Take(1, node_.as<schema::ExpandOptionsT>().shape);
      case OpType::TileOptions:
        return Take(1, node_.as<schema::TileOptionsT>().repeats);
      case OpType::RangeOptions:
        return BindRange();
      case OpType::TopKOptions:
        return TakeOne(1, node_.as<schema::TopKOptionsT>().k);
      case OpType::CumulateOptions:
        return BindCumulate();
      case OpType::OneHotOptions:
        return TakeOne(2, node_.as<schema::OneHotOptionsT>().depth);
      case OpType::TriluOptions:
        return TakeOne(1, node_.as<schema::TriluOptionsT>().k);
      case OpType::ResizeOptions:
        return BindResize();
      default:
        return absl::InternalError("its value inputs have no options");
    }
  }

 private:
  bool Has(size_t i) const { return node_.input(i) != kNoTensor; }

  absl::Status Take(size_t i, std::vector<int64_t>& to) {
    if (Has(i)) to = IntegersOf(*values_[i]);
    return absl::OkStatus();
  }

  absl::Status TakeOne(size_t i, int64_t& to) {
    if (!Has(i)) return absl::OkStatus();
    const std::vector<int64_t> numbers = IntegersOf(*values_[i]);
    if (numbers.size() != 1) {
      return Invalid(InputName(node_.type(), i), " has ", numbers.size(), " numbers, not 1");
    }
    to = numbers[0];
    return absl::OkStatus();
  }

  absl::StatusOr<int> Axis(int64_t axis) const {
    const auto rank = static_cast<int64_t>(x_.size());
    if (axis < -rank || axis >= rank) {
      return Invalid("axis ", axis, " does not exist in x, ", ToString(x_));
    }
    return static_cast<int>(axis < 0 ? axis + rank : axis);
  }

  absl::Status TakeAxes(size_t i, std::vector<int32_t>& to) {
    to.clear();
    for (const int64_t number : IntegersOf(*values_[i])) {
      const absl::StatusOr<int> axis = Axis(number);
      if (!axis.ok()) return axis.status();
      to.push_back(*axis);
    }
    return absl::OkStatus();
  }

  absl::Status BindReshape() {
    std::vector<int64_t>& shape = node_.as<schema::ReshapeOptionsT>().shape;
    shape = IntegersOf(*values_[1]);
    for (const int64_t size : shape) {
      if (size < -1) return Invalid("shape has the entry ", size);
    }
    return absl::OkStatus();
  }

  absl::Status BindPads() {
    auto& options = node_.as<schema::PadOptionsT>();
    const std::vector<int64_t> pads = IntegersOf(*values_[1]);
    if (pads.size() != 2 * x_.size()) {
      return Invalid("there are ", pads.size(), " pads for x, ", ToString(x_));
    }
    const auto middle = pads.begin() + static_cast<ptrdiff_t>(x_.size());
    options.pads_begin.assign(pads.begin(), middle);
    options.pads_end.assign(middle, pads.end());
    return absl::OkStatus();
  }

  absl::Status BindReduce() {
    auto& options = node_.as<schema::ReduceOptionsT>();
    if (absl::Status status = TakeAxes(1, options.axes); !status.ok()) return status;
    std::sort(options.axes.begin(), options.axes.end());
    if (options.axes.empty() && !options.empty_is_none) {
      options.axes.resize(x_.size());
      std::iota(options.axes.begin(), options.axes.end(), 0);
      // A scalar has nothing to reduce.
      options.empty_is_none = x_.empty();
    }
    return absl::OkStatus();
  }

  absl::Status BindSlice() {
    auto& options = node_.as<schema::SliceOptionsT>();
    absl::Status status = Take(1, options.starts);
    status.Update(Take(2, options.ends));
    if (Has(3)) status.Update(TakeAxes(3, options.axes));
    status.Update(Take(4, options.steps));
    if (options.axes.empty() && !options.starts.empty()) {
      options.axes.resize(options.starts.size());
      std::iota(options.axes.begin(), options.axes.end(), 0);
    }
    return status;
  }

  absl::Status BindRange() {
    auto& options = node_.as<schema::RangeOptionsT>();
    double* const to[] = {&options.start, &options.limit, &options.delta};
    for (size_t i = 0; i < 3; ++i) {
      if (!Has(i)) continue;
      const std::vector<double> numbers = RealsOf(*values_[i]);
      if (numbers.size() != 1)
        return Invalid("it has ", numbers.size(), " numbers in place of one");
      *to[i] = numbers[0];
    }
    return absl::OkStatus();
  }

  absl::Status BindCumulate() {
    int64_t number = 0;
    if (absl::Status status = TakeOne(1, number); !status.ok()) return status;
    const absl::StatusOr<int> axis = Axis(number);
    if (axis.ok()) node_.as<schema::CumulateOptionsT>().axis = *axis;
    return axis.status();
  }

  absl::Status BindResize() {
    auto& options = node_.as<schema::ResizeOptionsT>();
    const auto take = [&](size_t i, std::vector<float>& to) {
      if (!Has(i)) return;
      const std::vector<double> numbers = RealsOf(*values_[i]);
      to.assign(numbers.begin(), numbers.end());
    };
    take(1, options.scales);
    take(3, options.roi);
    return Take(2, options.sizes);
  }

  Node& node_;
  const absl::Span<const Tensor* const> values_;
  const Shape& x_;
};

}  // namespace

std::vector<int64_t> IntegersOf(const Tensor& constant) {
  return Elements<int64_t>(constant, ToInteger());
}

std::vector<double> RealsOf(const Tensor& constant) {
  return Elements<double>(constant, [](auto value) { return static_cast<double>(value); });
}

absl::Status BindValues(Node& node, absl::Span<const Tensor* const> values, const Shape& x) {
  if (IsBound(node)) return absl::OkStatus();
  if (absl::Status status = Binder(node, values, x).Bind(); !status.ok()) return status;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (IsValueInput(node.type(), i)) node.inputs[i] = kNoTensor;
  }
  while (!node.inputs.empty() && node.inputs.back() == kNoTensor) node.inputs.pop_back();
  return absl::OkStatus();
}

}  // namespace octet

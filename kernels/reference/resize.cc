#include <cmath>
#include <limits>
#include <type_traits>

#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"
#include "kernels/resize_axis.h"

namespace octet {
namespace reference {
namespace {

// Calls fn with a zero of the elements' type: f32 or integers.
template <typename Fn>
void Dispatch(DataType type, const Fn& fn) {
  switch (type) {
    case DataType::kF32:
      return fn(float{});
    case DataType::kU8:
    case DataType::kBool:
      return fn(uint8_t{});
    case DataType::kS8:
      return fn(int8_t{});
    case DataType::kU16:
      return fn(uint16_t{});
    case DataType::kS16:
      return fn(int16_t{});
    case DataType::kU32:
      return fn(uint32_t{});
    case DataType::kS32:
      return fn(int32_t{});
    case DataType::kU64:
      return fn(uint64_t{});
    default:
      return fn(int64_t{});
  }
}

// `value` as the nearest T, half to even.
template <typename T>
T Rounded(double value) {
  if (std::is_floating_point<T>::value) return static_cast<T>(value);
  const double rounded = std::nearbyint(value);
  if (!(rounded > static_cast<double>(std::numeric_limits<T>::min()))) {
    return std::numeric_limits<T>::min();
  }
  // The highest number of 64 bits is none of f64: the next one is.
  if (rounded >= static_cast<double>(std::numeric_limits<T>::max())) {
    return std::numeric_limits<T>::max();
  }
  return static_cast<T>(rounded);
}

// One element of y as a sum over elements of x.
class Resizer {
 public:
  Resizer(const Problem& problem, const RunArgs& args)
      : options_(problem.node->as<schema::ResizeOptionsT>()),
        axes_(ResizeAxes(options_, problem.inputs[0].shape, problem.outputs[0].shape)),
        x_(problem.In(0, args)),
        y_(problem.Out(0, args)),
        copy_(problem.inputs[0], problem.outputs[0]),
        quantized_(problem.inputs[0].quant != nullptr) {}

  template <typename T>
  void ComputeAs() {
    ForEachIndex(y_.shape(), [&](const Shape& at) {
      const int64_t to = y_.Offset(at);
      Shape from = at;
      bool outside = false;
      for (const ResizeAxis& axis : axes_) {
        outside = outside || axis.Outside(at[axis.axis]);
        from[axis.axis] = 0;
      }
      if (options_.mode == schema::ResizeMode::NEAREST && !outside) {
        for (const ResizeAxis& axis : axes_) {
          from[axis.axis] = axis.index[static_cast<size_t>(at[axis.axis])];
        }
        return copy_(x_, x_.Offset(from), y_, to);
      }
      if (quantized_) {
        const double unit = outside ? 1 : static_cast<double>(x_.scale()) / y_.scale();
        const double sum = outside
                               ? options_.extrapolation_value / y_.scale()
                               : unit * Sum<T>(axes_.size(), at, x_.Offset(from), x_.zero_point());
        return y_.SetInt(
            to, RoundAndClamp(static_cast<float>(sum), y_.zero_point(), RangeOf(y_.type())));
      }
      const double sum =
          outside ? options_.extrapolation_value : Sum<T>(axes_.size(), at, x_.Offset(from), 0);
      reinterpret_cast<T*>(y_.data())[to] = Rounded<T>(sum);
    });
  }

 private:
  // Sums over the first `count` dimensions that change.
  template <typename T>
  double Sum(size_t count, const Shape& at, int64_t offset, int32_t zero_point) const {
    if (count == 0) {
      return static_cast<double>(reinterpret_cast<const T*>(x_.data())[offset]) - zero_point;
    }
    const ResizeAxis& axis = axes_[count - 1];
    double sum = 0;
    for (int64_t t = 0; t < axis.taps; ++t) {
      const auto tap = static_cast<size_t>(at[axis.axis] * axis.taps + t);
      sum += static_cast<double>(axis.weight[tap]) *
             Sum<T>(count - 1, at, offset + axis.index[tap] * x_.strides()[axis.axis], zero_point);
    }
    return sum;
  }

  const schema::ResizeOptionsT& options_;
  std::vector<ResizeAxis> axes_;
  Numbers x_, y_;
  ElementCopy copy_;
  bool quantized_;
};

void Compute(const Problem& problem, const RunArgs& args) {
  Resizer resizer(problem, args);
  Dispatch(problem.inputs[0].type, [&](auto zero) { resizer.ComputeAs<decltype(zero)>(); });
}

absl::Status Check(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  const auto& options = context.node->as<schema::ResizeOptionsT>();
  if (!SameNumbers(x, y) && !(IsReal(x) && x.type == y.type && IsReal(y))) {
    return absl::UnimplementedError(absl::StrCat("from ", Describe(x), " to ", Describe(y)));
  }
  const bool copies = options.mode == schema::ResizeMode::NEAREST &&
                      options.coordinates != schema::ResizeCoordinates::TF_CROP_AND_RESIZE;
  if (x.type == DataType::kBool && !copies) {
    return absl::UnimplementedError("booleans can be repeated, but not interpolated");
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceResize = {"reference", reference::Check,
                                      reference::PrepareWith<reference::Compute>};

}  // namespace octet

#include <cmath>
#include <limits>

#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"

namespace octet {
namespace reference {
namespace {

// x - max along a line of `count` elements, in reals. Of integers the difference is taken before
// scaling, where it is exact.
class Differences {
 public:
  Differences(const Numbers& x, int64_t begin, int64_t count, int64_t stride)
      : x_(x), begin_(begin), stride_(stride) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = begin + i * stride;
      if (x.type() == DataType::kF32) {
        max_ = std::max(max_, x.Real(at));
      } else {
        max_int_ = std::max(max_int_, x.Int(at));
      }
    }
  }

  float operator()(int64_t i) const {
    const int64_t at = begin_ + i * stride_;
    if (x_.type() == DataType::kF32) return x_.Real(at) - max_;
    return x_.scale() * static_cast<float>(x_.Int(at) - max_int_);
  }

 private:
  const Numbers& x_;
  int64_t begin_, stride_;
  float max_ = -std::numeric_limits<float>::infinity();
  int32_t max_int_ = std::numeric_limits<int32_t>::min();
};

void Compute(const Problem& problem, const RunArgs& args) {
  const auto& options = problem.node->as<schema::SoftmaxOptionsT>();
  const auto axis = static_cast<size_t>(options.axis);
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const int64_t count = x.shape()[axis];
  Shape lines = x.shape();
  lines[axis] = std::min<int64_t>(count, 1);
  ForEachIndex(lines, [&](const Shape& at) {
    const Differences difference(x, x.Offset(at), count, x.strides()[axis]);
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += std::exp(difference(i));
    const auto divisor = static_cast<float>(sum);
    if (options.log) {
      const auto log_sum = static_cast<float>(std::log(sum));
      for (int64_t i = 0; i < count; ++i) {
        y.SetReal(y.Offset(at) + i * y.strides()[axis], difference(i) - log_sum);
      }
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      y.SetReal(y.Offset(at) + i * y.strides()[axis], std::exp(difference(i)) / divisor);
    }
  });
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceSoftmax = {"reference", CheckReal,
                                       reference::PrepareWith<reference::Compute>};

}  // namespace octet

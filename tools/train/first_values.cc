#include "tools/train/first_values.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tools/train/real_graph.h"

namespace octet {
namespace {

// How far from its integer a number is put, in units: a little less than a half, so that no
// rounding of products and quotients takes it to the next one.
constexpr double kReach = 0.49;

// The ends of a type, where everything beyond is rounded to.
std::pair<int32_t, int32_t> EndsOf(DataType type) {
  switch (type) {
    case DataType::kU8:
      return {0, 255};
    case DataType::kS8:
      return {-127, 127};
    case DataType::kS16:
      return {-32767, 32767};
    default:
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
  }
}

}  // namespace

std::vector<float> WithinCells(const Tensor& t, std::vector<float> values) {
  size_t inner = 1, channels = 1;
  if (!t.quant->per_tensor()) {
    const auto axis = static_cast<size_t>(t.quant->axis);
    channels = static_cast<size_t>(t.shape[axis]);
    for (size_t d = axis + 1; d < t.shape.size(); ++d) inner *= static_cast<size_t>(t.shape[d]);
  }
  const auto [low, high] = EndsOf(t.type);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t s = i / inner % channels;
    const float scale = t.quant->scales[s];
    const int32_t q = IntegerAt(t, i);
    const double at = static_cast<double>(q) - t.quant->zero_points[s], units = values[i] / scale;
    const bool beyond = (q >= high && units > at) || (q <= low && units < at);
    if (beyond || std::nearbyint(units) == at) continue;
    values[i] = static_cast<float>(scale * std::clamp(units, at - kReach, at + kReach));
  }
  return values;
}

}  // namespace octet

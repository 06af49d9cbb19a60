#include "tools/train/first_values.h"

#include <cmath>
#include <limits>
#include <utility>

#include "tools/train/real_graph.h"

namespace octet {
namespace {

// The ends of a type, where everything beyond is rounded to.
std::pair<int64_t, int64_t> EndsOf(DataType type) {
  switch (type) {
    case DataType::kU8:
      return {0, 255};
    case DataType::kS8:
      return {-127, 127};
    case DataType::kS16:
      return {-32767, 32767};
    default:
      return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  }
}

}  // namespace

std::vector<float> KeepIntegers(const Tensor& t, std::vector<float> values) {
  const std::vector<float> stored = RealConstant(t);
  const ScaleIndex index(t);
  const auto [low, high] = EndsOf(t.type);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t s = index(i);
    const int64_t q = IntegerAt(t, i);
    const auto at = static_cast<float>(q - t.quant->zero_points[s]);
    // In f32, as TrainedWeights::Update rounds them: next to a tie, more digits would tell
    // otherwise.
    const float units = values[i] / t.quant->scales[s];
    const bool beyond = (q >= high && units > at) || (q <= low && units < at);
    if (!beyond && std::nearbyint(units) != at) values[i] = stored[i];
  }
  return values;
}

}  // namespace octet

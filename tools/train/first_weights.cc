#include "tools/train/first_weights.h"

#include <algorithm>
#include <cmath>

#include "tools/train/real_graph.h"

namespace octet {
namespace {

// In steps: what may lie between an integer and a number that rounds to it, and between an integer
// and the number that learned rounding made it from.
constexpr float kWithin = 0.49f, kFar = 1.01f;
constexpr double kFewFar = 0.01;

}  // namespace

std::vector<float> FirstWeights(const Tensor& stored, absl::Span<const float> real) {
  std::vector<float> own = RealConstant(stored), nearest(own.size());
  int32_t low = 0, high = 0;
  for (size_t i = 0; i < own.size(); ++i) {
    low = std::min(low, IntegerAt(stored, i));
    high = std::max(high, IntegerAt(stored, i));
  }
  size_t far = 0;
  const ScaleIndex index(stored);
  for (size_t i = 0; i < own.size(); ++i) {
    const float scale = stored.quant->scales[index(i)];
    const float steps = (real[i] - own[i]) / scale;
    const int32_t q = IntegerAt(stored, i);
    // The ends of the range stand for all that lies beyond.
    const bool beyond = (q == low && steps < 0) || (q == high && steps > 0);
    far += !beyond && std::abs(steps) > kFar;
    nearest[i] = beyond ? real[i] : own[i] + scale * std::clamp(steps, -kWithin, kWithin);
  }
  const bool related = static_cast<double>(far) <= kFewFar * static_cast<double>(own.size());
  return related ? nearest : own;
}

}  // namespace octet

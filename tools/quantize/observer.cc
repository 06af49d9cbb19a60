#include "tools/quantize/observer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"

namespace octet {
namespace {

// Integers in the order of the floats they stand for: negative numbers, zeros, positive numbers,
// with the NaNs beyond the infinities at both ends. Their minimum and maximum vectorize, and show
// NaNs.
int32_t OrderedKey(float value) {
  int32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

float FromOrderedKey(int32_t key) {
  const int32_t bits = key ^ ((key >> 31) & 0x7fffffff);
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

}  // namespace

Range Union(const Range& a, const Range& b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max)};
}

absl::Status MinMaxObserver::Observe(absl::Span<const float> values) {
  if (values.empty()) return absl::OkStatus();
  int32_t low = std::numeric_limits<int32_t>::max();
  int32_t high = std::numeric_limits<int32_t>::min();
  for (const float value : values) {
    const int32_t key = OrderedKey(value);
    low = std::min(low, key);
    high = std::max(high, key);
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (low <= OrderedKey(-kInfinity) || high >= OrderedKey(kInfinity)) {
    const float bad = low <= OrderedKey(-kInfinity) ? FromOrderedKey(low) : FromOrderedKey(high);
    return absl::InvalidArgumentError(bad == bad ? "an infinite value" : "a value that is NaN");
  }
  const Range seen = {FromOrderedKey(low), FromOrderedKey(high)};
  range_ = range_ ? Union(*range_, seen) : seen;
  return absl::OkStatus();
}

absl::StatusOr<ObserverFactory> ObserversOf(absl::string_view calibrator) {
  if (calibrator == "minmax") {
    return ObserverFactory([] { return std::make_unique<MinMaxObserver>(); });
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown calibrator '", calibrator, "'; there is: minmax"));
}

}  // namespace octet

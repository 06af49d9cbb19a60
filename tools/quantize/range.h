#ifndef OCTET_TOOLS_QUANTIZE_RANGE_H_
#define OCTET_TOOLS_QUANTIZE_RANGE_H_

#include <algorithm>
#include <limits>

namespace octet {

// Real values that a quantized tensor should be able to hold.
struct Range {
  float min = 0;
  float max = 0;
  bool symmetric = false;  // 0 shall be stored as 0, and as many values lie below it as above

  friend bool operator==(const Range& a, const Range& b) {
    return a.min == b.min && a.max == b.max && a.symmetric == b.symmetric;
  }
};

// The smallest range that holds both; symmetric when one of them is.
inline Range Union(const Range& a, const Range& b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max), a.symmetric || b.symmetric};
}

// Whether both ends are numbers and in order.
inline bool IsValid(const Range& range) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  return range.min <= range.max && range.min >= -kLargest && range.max <= kLargest;
}

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_RANGE_H_

#ifndef OCTET_TOOLS_QUANTIZE_HISTOGRAM_H_
#define OCTET_TOOLS_QUANTIZE_HISTOGRAM_H_

#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "tools/quantize/range.h"

namespace octet {

// How often values occurred, in bins of equal width. Bins are 2^exponent wide and 0 is an edge
// between two of them; the exponent is the smallest one at which kMaxBins bins cover 0 and all
// values. When the values outgrow the bins, the width doubles and neighbours merge, which is exact:
// the histogram depends on the values alone, neither on their order nor on how they were split into
// calls, and its size does not depend on their number.
//
// Zeros are counted apart. Quantization represents 0 exactly, and after a ReLU most values are 0.
struct Histogram {
  static constexpr int kMaxBins = 2048;  // more than half of them are in use
  static constexpr int kMinExponent = -126;
  static constexpr int kMaxExponent = 127;

  int64_t zeros = 0;
  int exponent = kMinExponent;
  // Bin i counts the values other than 0 in [first + i, first + i + 1) * 2^exponent. Bins end with
  // those that hold the smallest value or 0, and the largest value or 0.
  int64_t first = 0;
  std::vector<int64_t> counts;

  int64_t bins() const { return static_cast<int64_t>(counts.size()); }
  double width() const { return std::ldexp(1.0, exponent); }

  // Counts `values`, which are finite and lie within `extremes`.
  void Add(absl::Span<const float> values, const Range& extremes);

  friend bool operator==(const Histogram& a, const Histogram& b) {
    return a.zeros == b.zeros && a.exponent == b.exponent && a.first == b.first &&
           a.counts == b.counts;
  }

 private:
  void Cover(const Range& extremes);
};

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_HISTOGRAM_H_

#ifndef OCTET_TOOLS_EVALUATE_METRICS_H_
#define OCTET_TOOLS_EVALUATE_METRICS_H_

#include <cstdint>

#include "absl/types/span.h"

namespace octet {

// Index of the largest value, the first one of equals. Requires a value.
int64_t ArgMax(absl::Span<const float> values);

// Whether `index` is among the `k` largest values; of equal values the first ones count. False when
// there is no such index.
bool InTop(absl::Span<const float> values, int64_t index, int k);

// 10 * log10(sum of reference^2 / sum of (reference - output)^2) over all values added. Infinite
// when there is no difference.
class SignalToNoise {
 public:
  // Requires spans of equal size.
  void Add(absl::Span<const float> reference, absl::Span<const float> output);
  double decibels() const;

 private:
  double signal_ = 0;
  double noise_ = 0;
};

// Cosine of the angle between two vectors of equal size; 1 when both are zero, 0 when one is.
double Cosine(absl::Span<const float> a, absl::Span<const float> b);

}  // namespace octet

#endif  // OCTET_TOOLS_EVALUATE_METRICS_H_

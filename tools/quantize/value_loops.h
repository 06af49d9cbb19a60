#ifndef OCTET_TOOLS_QUANTIZE_VALUE_LOOPS_H_
#define OCTET_TOOLS_QUANTIZE_VALUE_LOOPS_H_

#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/numerics.h"

namespace octet {

// Writes what is left of `values` after quantizing and dequantizing them to `result`, which is as
// long. `params` has one scale; integers are within `integers`, which are at most 16 bits wide.
void RoundValues(absl::Span<const float> values, const QuantParams& params, IntRange integers,
                 absl::Span<float> result);

// Sums of squares, of the values and of the differences from `others`, which is as long.
struct Squares {
  double values = 0;
  double differences = 0;
};
Squares SquaresOf(absl::Span<const float> values, absl::Span<const float> others);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_VALUE_LOOPS_H_

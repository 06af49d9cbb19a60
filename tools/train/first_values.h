#ifndef OCTET_TOOLS_TRAIN_FIRST_VALUES_H_
#define OCTET_TOOLS_TRAIN_FIRST_VALUES_H_

#include <vector>

#include "runtime/core/graph.h"

namespace octet {

// Real numbers for training to begin with: those next to `values` that are rounded to the integers
// of `t`, a quantized constant of as many elements. Where `values` are what the integers were
// rounded from, they are the result; where the integers were chosen otherwise (learned rounding,
// corrected biases, another program's quantizer), the choice stays, and what training learns starts
// from there.
std::vector<float> WithinCells(const Tensor& t, std::vector<float> values);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_FIRST_VALUES_H_

#ifndef OCTET_TOOLS_TRAIN_FIRST_VALUES_H_
#define OCTET_TOOLS_TRAIN_FIRST_VALUES_H_

#include <vector>

#include "runtime/core/graph.h"

namespace octet {

// Real numbers for training to begin with, all of which are rounded to the integers of `t`, a
// quantized constant of as many elements: those of `values` that are, and in place of the others
// what the integer stands for. So integers that were chosen otherwise than by rounding to nearest
// (learned rounding, corrected biases, another program's quantizer) are where training begins. They
// are put in the middle of what is rounded to them, not next to the number that they replace:
// there, the first small step would undo the choice.
std::vector<float> KeepIntegers(const Tensor& t, std::vector<float> values);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_FIRST_VALUES_H_

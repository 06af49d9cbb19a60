#ifndef OCTET_TOOLS_TRAIN_FIRST_WEIGHTS_H_
#define OCTET_TOOLS_TRAIN_FIRST_WEIGHTS_H_

#include <vector>

#include "absl/types/span.h"
#include "runtime/core/graph.h"

namespace octet {

// The real weights that training of a quantized layer begins with: they round to the integers that
// `stored` holds, and are as near as that allows to `real`, the weights that the layer was
// quantized from, in the same order. A weight that rounding to the nearest integer would have given
// another one, because the integers were learned, begins next to where it would.
//
// Where the channels of the layer were scaled before it was quantized, `real` has nothing to say:
// when more than a hundredth of the integers is further from it than any rounding is, the result is
// what the integers stand for.
std::vector<float> FirstWeights(const Tensor& stored, absl::Span<const float> real);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_FIRST_WEIGHTS_H_

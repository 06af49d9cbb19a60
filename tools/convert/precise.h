#ifndef OCTET_TOOLS_CONVERT_PRECISE_H_
#define OCTET_TOOLS_CONVERT_PRECISE_H_

#include <cstddef>
#include <vector>

#include "runtime/core/graph.h"

namespace octet {

// Whether a real input is never worth 16 bits: biases, scales, masks, coordinates and sizes, which
// are small and meet sums in f32.
bool IsPreciseInput(const Node& node, size_t slot);

// Per tensor, whether it is computed and must stay f32 in a network of 16 bits:
//  - what only precise inputs read, and what leads nowhere else through elementwise operators and
//    movement, such as a mask of -3.4e38;
//  - what passes between sums, squares, roots, exponentials, powers and divisors: an epsilon of
//    1e-12, a square beyond 65504 or a sum of many numbers would not survive rounding to 16 bits.
std::vector<bool> PreciseTensors(const Graph& graph);

}  // namespace octet

#endif  // OCTET_TOOLS_CONVERT_PRECISE_H_

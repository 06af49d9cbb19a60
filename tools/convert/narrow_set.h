#ifndef OCTET_TOOLS_CONVERT_NARROW_SET_H_
#define OCTET_TOOLS_CONVERT_NARROW_SET_H_

#include <set>
#include <string>
#include <vector>

#include "runtime/core/graph.h"

namespace octet {

// A part of a graph that gets real numbers of 16 bits.
struct NarrowSet {
  std::vector<bool> nodes;
  std::vector<bool> tensors;  // that it writes and reads, and nothing else does
};

// The part around the operators of those names: with operators all of whose real inputs come from
// the part and all of whose results it reads. Tensors at its border belong to it where the other
// side converts anyway, or writes sums: Quantize, Dequantize and quantized products. `precise`:
// PreciseTensors(graph), which stay out, as do inputs and outputs of the graph.
NarrowSet FindNarrowSet(const Graph& graph, const std::set<std::string>& names,
                        const std::vector<bool>& precise);

}  // namespace octet

#endif  // OCTET_TOOLS_CONVERT_NARROW_SET_H_

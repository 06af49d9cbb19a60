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
// the part and all of whose results it reads. Tensors at its beginning belong to it where the other
// side converts anyway, or has sums in f32: Dequantize and quantized products. Those at its end,
// which Quantize may read, do not: rounding them twice costs accuracy and gains nothing. `precise`:
// PreciseTensors(graph), which stay out, as do inputs and outputs of the graph.
NarrowSet FindNarrowSet(const Graph& graph, const std::set<std::string>& names,
                        const std::vector<bool>& precise);

}  // namespace octet

#endif  // OCTET_TOOLS_CONVERT_NARROW_SET_H_

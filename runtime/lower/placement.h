#ifndef OCTET_RUNTIME_LOWER_PLACEMENT_H_
#define OCTET_RUNTIME_LOWER_PLACEMENT_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"
#include "kernels/kernel.h"
#include "runtime/core/graph.h"
#include "runtime/lower/layout.h"

namespace octet {

// Where a tensor's bytes lie: `offset` bytes into buffer `buffer`. Constants have no buffer.
struct Place {
  int buffer = -1;
  size_t offset = 0;
};

// Which tensors share memory. Buffers are numbered from 0; several tensors in one buffer are views
// of the same bytes.
struct Placement {
  std::vector<Place> places;         // per tensor
  std::vector<size_t> buffer_sizes;  // bytes
  std::vector<bool> is_view;         // per node: nothing is left to compute
};

// Gives every computed tensor a place. Reshape, identity, Split, Concat, Slice, and Cast, Expand,
// Tile and Pad that change nothing become views where their bytes already lie as the result needs
// them: no quantization parameters change, all dimensions that are outside of the split or joined
// one in memory are 1, and what is cut out is one piece of memory at a multiple of 64 bytes.
Placement PlaceTensors(const Graph& graph, absl::Span<const Shape> shapes,
                       absl::Span<const NodeLayouts> layouts);

// First and last node that uses each buffer. Graph inputs are alive from -1 on; buffers of graph
// inputs and outputs stay alive until after the last node.
struct Lifetime {
  int first = -1;
  int last = -1;
};
std::vector<Lifetime> BufferLifetimes(const Graph& graph, const Placement& placement);

}  // namespace octet

#endif  // OCTET_RUNTIME_LOWER_PLACEMENT_H_

#ifndef OCTET_TOOLS_TRAIN_BROADCAST_H_
#define OCTET_TOOLS_TRAIN_BROADCAST_H_

#include <cstdint>
#include <vector>

#include "octet/types.h"

namespace octet {

// For each element of a tensor of shape `y`, in row-major order, the element of one of shape `x`
// that broadcasts to it as in numpy. Empty when the shapes are equal.
std::vector<int32_t> BroadcastMap(const Shape& x, const Shape& y);

// What a map says of element i; an empty one leaves it.
inline int64_t Mapped(const std::vector<int32_t>& map, int64_t i) {
  return map.empty() ? i : map[static_cast<size_t>(i)];
}

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_BROADCAST_H_

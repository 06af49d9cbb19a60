#ifndef OCTET_KERNELS_RESIZE_AXIS_H_
#define OCTET_KERNELS_RESIZE_AXIS_H_

#include <cstdint>
#include <vector>

#include "octet/types.h"
#include "runtime/core/graph.h"

namespace octet {

// How a Resize makes one dimension of y out of x's: output position i is the sum over t of
// weight[i * taps + t] times x at index[i * taps + t].
struct ResizeAxis {
  size_t axis = 0;
  int64_t taps = 1;
  std::vector<int64_t> index;  // inside x
  std::vector<float> weight;
  std::vector<bool> outside;  // positions that take the extrapolation value; empty: none

  bool Outside(int64_t i) const { return !outside.empty() && outside[static_cast<size_t>(i)]; }
};

// The dimensions that change, in order of the options' axes. Those that a Resize only copies are
// left out. x and y are shapes by InferShapes' rule.
std::vector<ResizeAxis> ResizeAxes(const schema::ResizeOptionsT& options, const Shape& x,
                                   const Shape& y);

}  // namespace octet

#endif  // OCTET_KERNELS_RESIZE_AXIS_H_

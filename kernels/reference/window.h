#ifndef OCTET_KERNELS_REFERENCE_WINDOW_H_
#define OCTET_KERNELS_REFERENCE_WINDOW_H_

#include <cstdint>
#include <vector>

#include "kernels/reference/problem.h"

namespace octet {
namespace reference {

// Where a convolution's or pooling's window lies, over any number of spatial dimensions.
struct Window {
  Shape kernel;
  const std::vector<int32_t>* strides;
  const std::vector<int32_t>* dilations;
  const std::vector<int32_t>* pads_begin;
  const std::vector<int32_t>* pads_end;

  // Calls inside(tap, at) for each element under the window of output position y that lies inside
  // x: its index into the kernel and into x's spatial dimensions. Returns how many elements of x
  // and its padding the window covers.
  template <typename Fn>
  int64_t ForEachTap(const Shape& x_spatial, const Shape& y_position, const Fn& inside) const {
    int64_t padded = 0;
    Shape at(kernel.size());
    ForEachIndex(kernel, [&](const Shape& tap) {
      bool in_x = true, in_padding = true;
      for (size_t d = 0; d < tap.size(); ++d) {
        at[d] = y_position[d] * (*strides)[d] - (*pads_begin)[d] + tap[d] * (*dilations)[d];
        in_x = in_x && at[d] >= 0 && at[d] < x_spatial[d];
        in_padding = in_padding && at[d] < x_spatial[d] + (*pads_end)[d];
      }
      padded += in_padding;
      if (in_x) inside(tap, at);
    });
    return padded;
  }
};

// The part of an offset that comes from the spatial dimensions, which stand at `at`.
inline int64_t SpatialOffset(const Shape& strides, const Shape& at) {
  int64_t offset = 0;
  for (size_t d = 0; d < at.size(); ++d) offset += at[d] * strides[d + 2];
  return offset;
}

// The dimensions after the first two.
inline Shape Spatial(const Shape& shape) { return Shape(shape.begin() + 2, shape.end()); }

}  // namespace reference
}  // namespace octet

#endif  // OCTET_KERNELS_REFERENCE_WINDOW_H_

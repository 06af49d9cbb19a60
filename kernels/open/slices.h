#ifndef OCTET_KERNELS_OPEN_SLICES_H_
#define OCTET_KERNELS_OPEN_SLICES_H_

#include <cstdint>
#include <cstring>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kernels/open/open.h"

namespace octet {

inline absl::Status NoMemoryForResult() {
  return absl::ResourceExhaustedError("there is no memory for its result");
}

// A row-major tensor seen as [outer, count, inner] bytes around one axis.
struct Slices {
  Shape shape;  // of the tensor, a vector where it is seen as one
  size_t axis;
  int64_t outer, count;
  size_t inner;  // bytes

  // `axis` -1: the tensor is seen as a vector. InvalidArgument when there is no such axis.
  static absl::StatusOr<Slices> Of(const OpenOperand& x, int axis) {
    Slices slices{x.shape, 0, 1, 0, SizeOf(x.type)};
    if (axis == -1) {
      slices.shape = {NumElements(x.shape)};
    } else if (axis < -1 || static_cast<size_t>(axis) >= x.shape.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis is ", axis, ", but x is ", ToString(x.shape)));
    } else {
      slices.axis = static_cast<size_t>(axis);
    }
    for (size_t i = 0; i < slices.axis; ++i) slices.outer *= slices.shape[i];
    slices.count = slices.shape[slices.axis];
    for (size_t i = slices.axis + 1; i < slices.shape.size(); ++i) {
      slices.inner *= static_cast<size_t>(slices.shape[i]);
    }
    return slices;
  }

  // The tensor's shape with another number of slices.
  Shape With(int64_t slices) const {
    Shape result = shape;
    result[axis] = slices;
    return result;
  }

  const uint8_t* At(const OpenOperand& x, int64_t o, int64_t i) const {
    return static_cast<const uint8_t*>(x.data) + static_cast<size_t>(o * count + i) * inner;
  }

  // Writes the slices with the indices `chosen` one behind the other along the axis.
  template <typename Indices>
  void Copy(const OpenOperand& x, const Indices& chosen, void* to) const {
    auto* out = static_cast<uint8_t*>(to);
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i : chosen) {
        std::memcpy(out, At(x, o, i), inner);
        out += inner;
      }
    }
  }
};

}  // namespace octet

#endif  // OCTET_KERNELS_OPEN_SLICES_H_

#ifndef OCTET_TYPES_H_
#define OCTET_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"

namespace octet {

// Element types. The values are those of the model file (schema/model.fbs).
enum class DataType : uint16_t {
  kUnknown = 0,
  kF32 = 1,
  kF16 = 2,
  kBF16 = 3,
  kS8 = 4,
  kU8 = 5,
  kS16 = 6,
  kS32 = 7,
  kS64 = 8,
  kBool = 9,
  kF64 = 10,
  kU16 = 11,
  kU32 = 12,
  kU64 = 13,
};

// Bytes of one element; 0 for kUnknown.
size_t SizeOf(DataType type);

// "f32", "u8", ...; "unknown" for any other value.
absl::string_view Name(DataType type);

// Sizes of a tensor's dimensions, outermost first. Empty: a scalar. -1 stands for a size that is
// known only when the model runs.
using Shape = absl::InlinedVector<int64_t, 6>;

// Product of the dimensions; 1 for a scalar. Requires that no dimension is negative.
int64_t NumElements(const Shape& shape);

// "1x3x224x224"; "scalar" for a scalar; "?" stands for -1.
std::string ToString(const Shape& shape);

// x = scale * (q - zero_point). With axis < 0 there is one scale and one zero_point for the tensor,
// otherwise one of each per index along `axis`.
struct QuantParams {
  std::vector<float> scales;
  std::vector<int32_t> zero_points;  // as many as scales
  int axis = -1;

  float scale() const { return scales[0]; }
  int32_t zero_point() const { return zero_points[0]; }
  bool per_tensor() const { return axis < 0; }
  bool operator==(const QuantParams& o) const {
    return axis == o.axis && scales == o.scales && zero_points == o.zero_points;
  }
  bool operator!=(const QuantParams& o) const { return !(*this == o); }
};

}  // namespace octet

#endif  // OCTET_TYPES_H_

#ifndef OCTET_TOOLS_DATA_ARRAY_H_
#define OCTET_TOOLS_DATA_ARRAY_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/types.h"

namespace octet {

// A dense, row-major array that owns its bytes.
struct Array {
  DataType type = DataType::kUnknown;
  Shape shape;
  std::vector<uint8_t> bytes;  // NumElements(shape) * SizeOf(type)

  template <typename T>
  absl::Span<const T> as() const {
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <typename T>
  absl::Span<T> as() {
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
};

// An array of zeros. Requires sizes that are not negative.
Array MakeArray(DataType type, Shape shape);

// An array that copies `values`; T must be the element type of `type`.
template <typename T>
Array ArrayOf(DataType type, const Shape& shape, absl::Span<const T> values) {
  Array array;
  array.type = type;
  array.shape = shape;
  array.bytes.resize(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return array;
}

using NamedArrays = std::vector<std::pair<std::string, Array>>;

// The same values as another type: real numbers and integers become real numbers, rounded half to
// even; integers become other integers as long as every value fits (OutOfRange names the first that
// does not); bool counts as 0 and 1. InvalidArgument for real numbers that would become integers.
absl::StatusOr<Array> ConvertArray(const Array& array, DataType type);

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_ARRAY_H_

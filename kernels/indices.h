#ifndef OCTET_KERNELS_INDICES_H_
#define OCTET_KERNELS_INDICES_H_

#include <cstdint>

#include "kernels/kernel.h"

namespace octet {

// The elements of an s32 or s64 operand, in the order in which they lie in memory.
class Indices {
 public:
  Indices(DataType type, const void* data) : wide_(type == DataType::kS64), data_(data) {}

  int64_t operator[](int64_t i) const {
    return wide_ ? static_cast<const int64_t*>(data_)[i] : static_cast<const int32_t*>(data_)[i];
  }

 private:
  bool wide_;
  const void* data_;
};

// What `index` means in a dimension of `size`, where negative indices count from the end. Reports
// one that lies outside and returns -1.
inline int64_t ResolveIndex(int64_t index, int64_t size, RunError* error) {
  const int64_t resolved = index < 0 ? index + size : index;
  if (resolved >= 0 && resolved < size) return resolved;
  error->Report("an index", index, -size, size - 1);
  return -1;
}

}  // namespace octet

#endif  // OCTET_KERNELS_INDICES_H_

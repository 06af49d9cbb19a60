#ifndef OCTET_RUNTIME_FORMAT_LAYOUT_H_
#define OCTET_RUNTIME_FORMAT_LAYOUT_H_

#include <cstdint>

// Numbers of the file layout that schema/model.fbs describes.

namespace octet {

inline constexpr uint64_t kSizePrefix = 4;  // bytes of the tables' size before the tables
inline constexpr uint64_t kWeightAlignment =
    64;  // of the weights in the file, and of tensors in them

inline constexpr uint64_t AlignWeights(uint64_t offset) {
  return (offset + kWeightAlignment - 1) / kWeightAlignment * kWeightAlignment;
}

}  // namespace octet

#endif  // OCTET_RUNTIME_FORMAT_LAYOUT_H_

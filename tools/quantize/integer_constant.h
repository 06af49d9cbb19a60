#ifndef OCTET_TOOLS_QUANTIZE_INTEGER_CONSTANT_H_
#define OCTET_TOOLS_QUANTIZE_INTEGER_CONSTANT_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "runtime/core/graph.h"

namespace octet {

// The bytes of `values`, cut to the width of `type`, which holds them all. Little endian.
template <typename T>
Constant IntegerConstant(const std::vector<T>& values, DataType type) {
  const size_t size = SizeOf(type);
  std::vector<uint8_t> bytes(values.size() * size);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<int64_t>(values[i]);
    std::memcpy(bytes.data() + i * size, &value, size);
  }
  return Constant::Own(std::move(bytes));
}

// The type of a quantized layer's bias: s16 activations make sums that s32 may not hold.
inline DataType BiasType(DataType activations) {
  return activations == DataType::kS16 ? DataType::kS64 : DataType::kS32;
}

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_INTEGER_CONSTANT_H_

#ifndef OCTET_KERNELS_PAD_VALUE_H_
#define OCTET_KERNELS_PAD_VALUE_H_

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "kernels/operands.h"

namespace octet {

constexpr size_t kPadValueInput = 2;

// The SizeOf(y.type) bytes of PadOptions.value as an element of y. Integers cut the fraction off
// and wrap around.
inline void StorePadValue(float value, const Operand& y, uint8_t* bytes) {
  if (IsF32(y)) {
    std::memcpy(bytes, &value, sizeof(value));
    return;
  }
  constexpr float kLimit = 9.2e18f;
  int64_t whole = static_cast<int64_t>(std::min(std::max(value, -kLimit), kLimit));
  if (y.quant != nullptr) {
    whole = QuantizeValue(value, y.quant->scale(), y.quant->zero_point(), RangeOf(y.type));
  } else if (y.type == DataType::kBool) {
    whole = value != 0.0f;
  }
  std::memcpy(bytes, &whole, SizeOf(y.type));
}

}  // namespace octet

#endif  // OCTET_KERNELS_PAD_VALUE_H_

#ifndef OCTET_KERNELS_GENERIC_TABLE_H_
#define OCTET_KERNELS_GENERIC_TABLE_H_

#include <array>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "kernels/operands.h"

namespace octet {
namespace generic {

// The output byte for each input byte.
using Table = std::array<uint8_t, 256>;

// The integer that an 8-bit operand's byte stands for.
inline int32_t IntOfByte(DataType type, uint8_t byte) {
  return type == DataType::kS8 ? static_cast<int8_t>(byte) : byte;
}

// The table of `function`, of reals, between two int8 operands.
Table MakeTable(const Operand& x, const Operand& y, absl::FunctionRef<float(float)> function);

// From x's numbers to y's.
Table RequantizeTable(const Operand& x, const Operand& y);

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_TABLE_H_

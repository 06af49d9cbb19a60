#include "kernels/generic/table.h"

namespace octet {
namespace generic {

Table MakeTable(const Operand& x, const Operand& y, absl::FunctionRef<float(float)> function) {
  Table table;
  for (size_t byte = 0; byte < table.size(); ++byte) {
    const int32_t q = IntOfByte(x.type, static_cast<uint8_t>(byte));
    const float value = function(DequantizeValue(q, x.quant->scale(), x.quant->zero_point()));
    table[byte] = static_cast<uint8_t>(
        QuantizeValue(value, y.quant->scale(), y.quant->zero_point(), RangeOf(y.type)));
  }
  return table;
}

Table RequantizeTable(const Operand& x, const Operand& y) {
  return MakeTable(x, y, [](float value) { return value; });
}

}  // namespace generic
}  // namespace octet

#include "runtime/lower/widen.h"

#include <utility>
#include <vector>

#include "runtime/core/half.h"

namespace octet {
namespace {

Constant Widen(const Constant& narrow, float (*to_float)(uint16_t)) {
  const absl::Span<const uint16_t> values = narrow.as<uint16_t>();
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  auto* out = reinterpret_cast<float*>(bytes.data());
  for (size_t i = 0; i < values.size(); ++i) out[i] = to_float(values[i]);
  return Constant::Own(std::move(bytes));
}

}  // namespace

void WidenConstants(Graph& graph) {
  for (Tensor& tensor : graph.tensors) {
    if (!tensor.is_constant()) continue;
    if (tensor.type == DataType::kF16) {
      tensor.data = Widen(tensor.data, HalfToFloat);
    } else if (tensor.type == DataType::kBF16) {
      tensor.data = Widen(tensor.data, BFloat16ToFloat);
    } else {
      continue;
    }
    tensor.type = DataType::kF32;
  }
}

}  // namespace octet

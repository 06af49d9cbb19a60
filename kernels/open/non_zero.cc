#include <vector>

#include "kernels/open/slices.h"

namespace octet {
namespace {

template <typename T>
void FindNonZero(const OpenOperand& x, std::vector<int64_t>& found) {
  const absl::Span<const T> elements = x.as<T>();
  for (size_t i = 0; i < elements.size(); ++i) {
    if (elements[i] != T{0}) found.push_back(static_cast<int64_t>(i));
  }
}

}  // namespace

absl::Status RunNonZero(const Node&, absl::Span<const OpenOperand> inputs, OpenResults& results) {
  const OpenOperand& x = inputs[0];
  std::vector<int64_t> found;
  if (x.type == DataType::kF32) {
    FindNonZero<float>(x, found);
  } else {
    // Integers and booleans are 0 where their bytes are.
    switch (SizeOf(x.type)) {
      case 1:
        FindNonZero<uint8_t>(x, found);
        break;
      case 2:
        FindNonZero<uint16_t>(x, found);
        break;
      case 4:
        FindNonZero<uint32_t>(x, found);
        break;
      default:
        FindNonZero<uint64_t>(x, found);
    }
  }
  const auto count = static_cast<int64_t>(found.size());
  auto* y =
      static_cast<int64_t*>(results.Allocate(0, {static_cast<int64_t>(x.shape.size()), count}));
  if (y == nullptr) return NoMemoryForResult();
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = found[static_cast<size_t>(i)];
    for (size_t d = x.shape.size(); d-- > 0;) {
      y[static_cast<int64_t>(d) * count + i] = rest % x.shape[d];
      rest /= x.shape[d];
    }
  }
  return absl::OkStatus();
}

}  // namespace octet

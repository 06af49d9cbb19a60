#include "kernels/onednn/saturation.h"

#include <algorithm>

namespace octet {
namespace onednn {

bool PairSumsFit(int64_t rows, int64_t length,
                 absl::FunctionRef<int8_t(int64_t row, int64_t i)> weight) {
  // 255 * 128 = 32640 fits in 16 bits, 255 * 129 does not; negative sums have the same bound.
  constexpr int kLargest = 128;
  for (int64_t row = 0; row < rows; ++row) {
    int before = 0;
    for (int64_t i = 0; i < length; ++i) {
      const int now = weight(row, i);
      if (std::max(before, 0) + std::max(now, 0) > kLargest) return false;
      if (std::min(before, 0) + std::min(now, 0) < -kLargest) return false;
      before = now;
    }
  }
  return true;
}

}  // namespace onednn
}  // namespace octet

#include "kernels/onednn/saturation.h"

#include <algorithm>

namespace octet {
namespace onednn {

WeightRows ConvWeightRows(const Shape& filter, int64_t groups) {
  const int64_t outputs = filter[0], channels = filter[1];
  int64_t taps = 1;
  for (size_t d = 2; d < filter.size(); ++d) taps *= filter[d];
  if (groups > 1 && channels == 1) {
    return {outputs * taps, 1, [](int64_t row, int64_t) { return row; }};
  }
  return {outputs, taps * channels, [=](int64_t row, int64_t i) {
            return (row * channels + i % channels) * taps + i / channels;
          }};
}

WeightRows MatMulWeightRows(const Shape& b, bool transpose_b) {
  const size_t rank = b.size();
  const int64_t depth = b[rank - (transpose_b ? 1 : 2)];
  const int64_t columns = b[rank - (transpose_b ? 2 : 1)];
  int64_t batches = 1;
  for (size_t d = 0; d + 2 < rank; ++d) batches *= b[d];
  const int64_t along_depth = transpose_b ? 1 : columns;
  const int64_t along_columns = transpose_b ? depth : 1;
  return {batches * columns, depth, [=](int64_t row, int64_t i) {
            return row / columns * depth * columns + row % columns * along_columns +
                   i * along_depth;
          }};
}

bool PairSumsFit(int64_t rows, int64_t length,
                 absl::FunctionRef<int8_t(int64_t row, int64_t i)> weight) {
  // 255 * 128 = 32640 fits in 16 bits, 255 * 129 does not; negative sums have the same bound.
  constexpr int kLargest = kLargestPairSum;
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

bool PairSumsFit(const WeightRows& rows, absl::Span<const int8_t> weights) {
  return PairSumsFit(rows.rows, rows.length, [&](int64_t row, int64_t i) {
    return weights[static_cast<size_t>(rows.index(row, i))];
  });
}

}  // namespace onednn
}  // namespace octet

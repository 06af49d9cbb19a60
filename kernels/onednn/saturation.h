#ifndef OCTET_KERNELS_ONEDNN_SATURATION_H_
#define OCTET_KERNELS_ONEDNN_SATURATION_H_

#include <cstdint>
#include <functional>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "octet/types.h"

namespace octet {
namespace onednn {

// Where the weights of a product lie: `rows` independent reductions of `length` weights each, in
// the order in which neighbours meet. Row r belongs to output channel r, except for a depthwise
// filter, whose rows hold one weight each, and for a MatMul's batches, which follow each other.
struct WeightRows {
  int64_t rows = 0;
  int64_t length = 0;
  std::function<int64_t(int64_t row, int64_t i)> index;  // into the constant
};

// Of a filter [M, C / groups, kernel...]. Input channels of one tap are neighbours; where there are
// few of them, so are the last channel of a tap and the first of the next.
WeightRows ConvWeightRows(const Shape& filter, int64_t groups);

// Of b [..., K, N], or [..., N, K] with transpose_b.
WeightRows MatMulWeightRows(const Shape& b, bool transpose_b);

// CPUs without VNNI multiply u8 by s8 and add two neighbouring products in 16 bits, where the sum
// saturates. True when no two neighbours of these weights can reach that for any u8 values, so that
// the sums are exact. There are `rows` independent reductions of `length` weights each; weight(row,
// i) is one of them, in the order in which neighbours meet.
bool PairSumsFit(int64_t rows, int64_t length,
                 absl::FunctionRef<int8_t(int64_t row, int64_t i)> weight);

// The same for all weights of a product.
bool PairSumsFit(const WeightRows& rows, absl::Span<const int8_t> weights);

// The largest sum of two neighbours of one sign that 16 bits hold after multiplication with 255.
inline constexpr int kLargestPairSum = 128;

}  // namespace onednn
}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_SATURATION_H_

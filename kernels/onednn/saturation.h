#ifndef OCTET_KERNELS_ONEDNN_SATURATION_H_
#define OCTET_KERNELS_ONEDNN_SATURATION_H_

#include <cstdint>

#include "absl/functional/function_ref.h"

namespace octet {
namespace onednn {

// CPUs without VNNI multiply u8 by s8 and add two neighbouring products in 16 bits, where the sum
// saturates. True when no two neighbours of these weights can reach that for any u8 values, so that
// the sums are exact. There are `rows` independent reductions of `length` weights each; weight(row,
// i) is one of them, in the order in which neighbours meet.
bool PairSumsFit(int64_t rows, int64_t length,
                 absl::FunctionRef<int8_t(int64_t row, int64_t i)> weight);

}  // namespace onednn
}  // namespace octet

#endif  // OCTET_KERNELS_ONEDNN_SATURATION_H_

#ifndef OCTET_KERNELS_GENERIC_HALF_LOOPS_H_
#define OCTET_KERNELS_GENERIC_HALF_LOOPS_H_

#include <cstdint>

#include "octet/types.h"

// Loops between f32 and the real types of 16 bits, a part of Loops. They round to nearest, ties to
// even (runtime/core/half.h).

namespace octet {
namespace generic {

using WidenLoop = void (*)(const uint16_t* x, float* y, int64_t n);
using NarrowLoop = void (*)(const float* x, uint16_t* y, int64_t n);

struct HalfLoops {
  WidenLoop widen_f16, widen_bf16;
  NarrowLoop narrow_f16, narrow_bf16;

  // `type` is kF16 or kBF16.
  WidenLoop widen(DataType type) const { return type == DataType::kF16 ? widen_f16 : widen_bf16; }
  NarrowLoop narrow(DataType type) const {
    return type == DataType::kF16 ? narrow_f16 : narrow_bf16;
  }
};

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_HALF_LOOPS_H_

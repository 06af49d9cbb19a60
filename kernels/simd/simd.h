#ifndef OCTET_KERNELS_SIMD_SIMD_H_
#define OCTET_KERNELS_SIMD_SIMD_H_

#include "kernels/kernel.h"

// Our own vector kernels. They give the reference's bits on every instruction set, for any number
// of threads.

namespace octet {

// 8-bit depthwise convolution: as many groups as channels, kernels up to 7x7, not dilated.
extern const KernelEntry kSimdDepthwise;

// 8-bit convolution, dense or grouped.
extern const KernelEntry kSimdConv;

// 8-bit matrix product with a constant right side.
extern const KernelEntry kSimdMatMul;

}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_SIMD_H_

#ifndef OCTET_KERNELS_SIMD_SIMD_H_
#define OCTET_KERNELS_SIMD_SIMD_H_

#include "kernels/kernel.h"

// Our own vector kernels. They give the reference's bits on every instruction set, for any number
// of threads.

namespace octet {

// All of 8-bit or s16 activations but where said otherwise.

// Depthwise convolution: as many groups as channels, kernels up to 7x7, not dilated.
extern const KernelEntry kSimdDepthwise;

// Convolution, dense or grouped. Declines where oneDNN is faster, except in deterministic
// mode.
extern const KernelEntry kSimdConv;
// As kSimdConv, for all instruction sets: to stand after oneDNN, whose sums may saturate without
// VNNI.
extern const KernelEntry kSimdConvExact;

// Matrix product with a constant right side; the same two rows.
extern const KernelEntry kSimdMatMul;
extern const KernelEntry kSimdMatMulExact;

// DYNAMIC arithmetic: f32 activations quantized row by row, s8 weights. Convolutions, dense or
// grouped; matrix products with a constant right side; attention.
extern const KernelEntry kSimdConvDynamic;
extern const KernelEntry kSimdMatMulDynamic;
extern const KernelEntry kSimdAttentionDynamic;

}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_SIMD_H_

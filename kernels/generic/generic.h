#ifndef OCTET_KERNELS_GENERIC_GENERIC_H_
#define OCTET_KERNELS_GENERIC_GENERIC_H_

#include "kernels/kernel.h"

// Fast kernels of our own for everything that is not a product of matrices, f32 and u8 / s8.
// Integers are those of the reference; floats depend on neither instruction set, threads nor batch.

namespace octet {

extern const KernelEntry kGenericPool;
extern const KernelEntry kGenericGlobalPool;
extern const KernelEntry kGenericBinary;
extern const KernelEntry kGenericUnary;
extern const KernelEntry kGenericConcat;
extern const KernelEntry kGenericSplit;
extern const KernelEntry kGenericReshape;
extern const KernelEntry kGenericTranspose;
extern const KernelEntry kGenericSoftmax;
extern const KernelEntry kGenericPad;
extern const KernelEntry kGenericReduce;
extern const KernelEntry kGenericQuantize;
extern const KernelEntry kGenericDequantize;
extern const KernelEntry kGenericRequantize;
extern const KernelEntry kGenericSlice;
extern const KernelEntry kGenericExpand;
extern const KernelEntry kGenericTile;
extern const KernelEntry kGenericDepthToSpace;
extern const KernelEntry kGenericSpaceToDepth;
extern const KernelEntry kGenericGather;
extern const KernelEntry kGenericGatherElements;
extern const KernelEntry kGenericGatherND;
extern const KernelEntry kGenericScatterElements;
extern const KernelEntry kGenericScatterND;
extern const KernelEntry kGenericReverseSequence;
extern const KernelEntry kGenericWhere;
extern const KernelEntry kGenericEinsum;
extern const KernelEntry kTypedMatMul;
extern const KernelEntry kTypedReduce;

// Simple and exact, so that they are the reference as well.
extern const KernelEntry kCast;
extern const KernelEntry kArg;
extern const KernelEntry kTopK;
extern const KernelEntry kCumulate;
extern const KernelEntry kRange;
extern const KernelEntry kOneHot;
extern const KernelEntry kTrilu;
extern const KernelEntry kGenericResize;
extern const KernelEntry kGenericNormalization;

}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_GENERIC_H_

#ifndef OCTET_KERNELS_REFERENCE_REFERENCE_H_
#define OCTET_KERNELS_REFERENCE_REFERENCE_H_

#include "kernels/kernel.h"

// The oracle: every operator of the model file for every legal combination of types, in any layout,
// written for plainness. Their integers define what the specification's words mean; other kernels
// are tested against them. Real sums are accumulated in f64, so that they err less than the kernels
// under test.

namespace octet {

extern const KernelEntry kReferenceConv;
extern const KernelEntry kReferenceMatMul;
extern const KernelEntry kReferencePool;
extern const KernelEntry kReferenceGlobalPool;
extern const KernelEntry kReferenceBinary;
extern const KernelEntry kReferenceUnary;
extern const KernelEntry kReferenceConcat;
extern const KernelEntry kReferenceSplit;
extern const KernelEntry kReferenceReshape;
extern const KernelEntry kReferenceTranspose;
extern const KernelEntry kReferenceSoftmax;
extern const KernelEntry kReferencePad;
extern const KernelEntry kReferenceReduce;
extern const KernelEntry kReferenceQuantize;
extern const KernelEntry kReferenceDequantize;
extern const KernelEntry kReferenceRequantize;
extern const KernelEntry kReferenceSlice;
extern const KernelEntry kReferenceExpand;
extern const KernelEntry kReferenceTile;
extern const KernelEntry kReferenceDepthToSpace;
extern const KernelEntry kReferenceSpaceToDepth;
extern const KernelEntry kReferenceGather;
extern const KernelEntry kReferenceGatherElements;
extern const KernelEntry kReferenceGatherND;
extern const KernelEntry kReferenceScatterElements;
extern const KernelEntry kReferenceScatterND;
extern const KernelEntry kReferenceReverseSequence;
extern const KernelEntry kReferenceShapeOf;
extern const KernelEntry kReferenceRecurrent;
extern const KernelEntry kReferenceWhere;
extern const KernelEntry kReferenceEinsum;
extern const KernelEntry kReferenceResize;
extern const KernelEntry kReferenceConvTranspose;
extern const KernelEntry kReferenceNormalization;
extern const KernelEntry kReferenceLrn;
extern const KernelEntry kReferenceGridSample;
extern const KernelEntry kReferenceRoiAlign;
extern const KernelEntry kReferenceAttention;

}  // namespace octet

#endif  // OCTET_KERNELS_REFERENCE_REFERENCE_H_

#ifndef OCTET_KERNELS_TESTING_CASES_H_
#define OCTET_KERNELS_TESTING_CASES_H_

#include <vector>

#include "kernels/testing/kernel_test_util.h"

namespace octet::testing {

// Cases that every kernel of the operator must get right or decline: random ones and the edges (1 x
// 1 pictures, odd sizes, windows larger than the picture, ties, saturation, tiny scales), in f32,
// u8 and s8. The same in every call. Empty for an operator without kernels.
std::vector<KernelCase> CasesFor(OpType type);

// The pieces of CasesFor, by operator.
std::vector<KernelCase> ConvCases();
std::vector<KernelCase> MatMulCases();
std::vector<KernelCase> PoolCases();
std::vector<KernelCase> GlobalPoolCases();
std::vector<KernelCase> ReduceCases();
std::vector<KernelCase> BinaryCases();
std::vector<KernelCase> UnaryCases();
std::vector<KernelCase> SoftmaxCases();
std::vector<KernelCase> ConcatCases();
std::vector<KernelCase> SplitCases();
std::vector<KernelCase> ReshapeCases();
std::vector<KernelCase> TransposeCases();
std::vector<KernelCase> PadCases();
std::vector<KernelCase> QuantizeCases();
std::vector<KernelCase> DequantizeCases();
std::vector<KernelCase> RequantizeCases();
std::vector<KernelCase> SliceCases();
std::vector<KernelCase> GatherCases();
std::vector<KernelCase> GatherElementsCases();
std::vector<KernelCase> GatherNDCases();
std::vector<KernelCase> ScatterElementsCases();
std::vector<KernelCase> ScatterNDCases();
std::vector<KernelCase> ExpandCases();
std::vector<KernelCase> TileCases();
std::vector<KernelCase> DepthToSpaceCases();
std::vector<KernelCase> SpaceToDepthCases();
std::vector<KernelCase> ShapeOfCases();
std::vector<KernelCase> ReverseSequenceCases();
std::vector<KernelCase> RecurrentCases();
std::vector<KernelCase> CastCases();
std::vector<KernelCase> WhereCases();
std::vector<KernelCase> RangeCases();
std::vector<KernelCase> ArgCases();
std::vector<KernelCase> TopKCases();
std::vector<KernelCase> CumulateCases();
std::vector<KernelCase> OneHotCases();
std::vector<KernelCase> TriluCases();
std::vector<KernelCase> EinsumCases();
// Of integers that stand for themselves, and booleans.
std::vector<KernelCase> TypedMatMulCases();
std::vector<KernelCase> TypedBinaryCases();
std::vector<KernelCase> TypedUnaryCases();
std::vector<KernelCase> TypedReduceCases();
std::vector<KernelCase> ResizeCases();
std::vector<KernelCase> ConvTransposeCases();
std::vector<KernelCase> NormalizationCases();
std::vector<KernelCase> LrnCases();
std::vector<KernelCase> GridSampleCases();
std::vector<KernelCase> RoiAlignCases();
std::vector<KernelCase> AttentionCases();

// The f32 cases of an operator with `type`, f16 or bf16, in place of f32: numbers are rounded.
// Biases of products and masks of attention stay f32, as kernels want them. Without the cases that
// have functions behind them.
std::vector<KernelCase> HalfCasesFor(OpType op, DataType type);

}  // namespace octet::testing

#endif  // OCTET_KERNELS_TESTING_CASES_H_

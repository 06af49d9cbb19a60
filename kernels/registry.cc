#include <vector>

#include "kernels/generic/generic.h"
#include "kernels/kernel.h"
#include "kernels/onednn/rows.h"
#include "kernels/reference/reference.h"
#include "kernels/simd/simd.h"

namespace octet {
namespace {

struct OperatorRows {
  OpType type;
  LayoutRule layout;
  std::vector<KernelEntry> rows;  // best first
};

// A static of a function, because it copies objects of other files.
const std::vector<OperatorRows>& Operators() {
  static const auto* const operators = new std::vector<OperatorRows>{
      {OpType::ConvOptions,
       LayoutRule::kChannelsLast,
       {kSimdDepthwise, kSimdConv, kOnednnConv, kSimdConvExact, kSimdConvDynamic, kReferenceConv}},
      {OpType::MatMulOptions,
       LayoutRule::kPlain,
       {kSimdMatMul, kOnednnMatMul, kSimdMatMulExact, kSimdMatMulDynamic, kTypedMatMul,
        kReferenceMatMul}},
      {OpType::PoolOptions, LayoutRule::kChannelsLast, {kGenericPool, kOnednnPool, kReferencePool}},
      {OpType::GlobalPoolOptions,
       LayoutRule::kChannelsLast,
       {kGenericGlobalPool, kOnednnPool, kReferenceGlobalPool}},
      {OpType::BinaryOptions, LayoutRule::kSame, {kGenericBinary, kReferenceBinary}},
      {OpType::UnaryOptions, LayoutRule::kSame, {kGenericUnary, kReferenceUnary}},
      {OpType::ConcatOptions, LayoutRule::kSame, {kGenericConcat, kReferenceConcat}},
      {OpType::SplitOptions, LayoutRule::kSame, {kGenericSplit, kReferenceSplit}},
      {OpType::ReshapeOptions, LayoutRule::kPlain, {kGenericReshape, kReferenceReshape}},
      {OpType::TransposeOptions, LayoutRule::kAny, {kGenericTranspose, kReferenceTranspose}},
      {OpType::SoftmaxOptions, LayoutRule::kSame, {kGenericSoftmax, kReferenceSoftmax}},
      {OpType::PadOptions, LayoutRule::kSame, {kGenericPad, kReferencePad}},
      {OpType::ReduceOptions, LayoutRule::kSame, {kGenericReduce, kTypedReduce, kReferenceReduce}},
      {OpType::QuantizeOptions, LayoutRule::kAny, {kGenericQuantize, kReferenceQuantize}},
      {OpType::DequantizeOptions, LayoutRule::kAny, {kGenericDequantize, kReferenceDequantize}},
      {OpType::RequantizeOptions, LayoutRule::kSame, {kGenericRequantize, kReferenceRequantize}},
      {OpType::SliceOptions, LayoutRule::kSame, {kGenericSlice, kReferenceSlice}},
      {OpType::GatherOptions, LayoutRule::kPlain, {kGenericGather, kReferenceGather}},
      {OpType::GatherElementsOptions,
       LayoutRule::kPlain,
       {kGenericGatherElements, kReferenceGatherElements}},
      {OpType::GatherNDOptions, LayoutRule::kPlain, {kGenericGatherND, kReferenceGatherND}},
      {OpType::ScatterElementsOptions,
       LayoutRule::kPlain,
       {kGenericScatterElements, kReferenceScatterElements}},
      {OpType::ScatterNDOptions, LayoutRule::kPlain, {kGenericScatterND, kReferenceScatterND}},
      {OpType::ExpandOptions, LayoutRule::kSame, {kGenericExpand, kReferenceExpand}},
      {OpType::TileOptions, LayoutRule::kSame, {kGenericTile, kReferenceTile}},
      {OpType::DepthToSpaceOptions,
       LayoutRule::kSame,
       {kGenericDepthToSpace, kReferenceDepthToSpace}},
      {OpType::SpaceToDepthOptions,
       LayoutRule::kSame,
       {kGenericSpaceToDepth, kReferenceSpaceToDepth}},
      {OpType::RecurrentOptions, LayoutRule::kPlain, {kReferenceRecurrent}},
      {OpType::ShapeOfOptions, LayoutRule::kAny, {kReferenceShapeOf}},
      {OpType::ReverseSequenceOptions,
       LayoutRule::kSame,
       {kGenericReverseSequence, kReferenceReverseSequence}},
      {OpType::CastOptions, LayoutRule::kSame, {kCast}},
      {OpType::WhereOptions, LayoutRule::kSame, {kGenericWhere, kReferenceWhere}},
      {OpType::RangeOptions, LayoutRule::kPlain, {kRange}},
      {OpType::ArgOptions, LayoutRule::kSame, {kArg}},
      {OpType::TopKOptions, LayoutRule::kSame, {kTopK}},
      {OpType::CumulateOptions, LayoutRule::kSame, {kCumulate}},
      {OpType::OneHotOptions, LayoutRule::kPlain, {kOneHot}},
      {OpType::TriluOptions, LayoutRule::kPlain, {kTrilu}},
      {OpType::EinsumOptions, LayoutRule::kPlain, {kGenericEinsum, kReferenceEinsum}},
      {OpType::ResizeOptions, LayoutRule::kSame, {kGenericResize, kReferenceResize}},
      {OpType::ConvTransposeOptions,
       LayoutRule::kChannelsLast,
       {kOnednnConvTranspose, kReferenceConvTranspose}},
      {OpType::NormalizationOptions,
       LayoutRule::kSame,
       {kGenericNormalization, kReferenceNormalization}},
      {OpType::LrnOptions, LayoutRule::kSame, {kReferenceLrn}},
      {OpType::GridSampleOptions, LayoutRule::kPlain, {kReferenceGridSample}},
      {OpType::RoiAlignOptions, LayoutRule::kPlain, {kReferenceRoiAlign}},
      {OpType::AttentionOptions,
       LayoutRule::kPlain,
       {kOnednnAttention, kSimdAttentionDynamic, kReferenceAttention}},
  };
  return *operators;
}

const OperatorRows* Find(OpType type) {
  for (const OperatorRows& op : Operators()) {
    if (op.type == type) return &op;
  }
  return nullptr;
}

}  // namespace

LayoutRule LayoutRuleOf(OpType type) {
  const OperatorRows* op = Find(type);
  return op == nullptr ? LayoutRule::kPlain : op->layout;
}

absl::Span<const KernelEntry> KernelsFor(OpType type) {
  const OperatorRows* op = Find(type);
  return op == nullptr ? absl::Span<const KernelEntry>() : absl::MakeConstSpan(op->rows);
}

absl::Span<const OpType> OpsWithKernels() {
  static const auto* const types = [] {
    auto* result = new std::vector<OpType>();
    for (const OperatorRows& op : Operators()) result->push_back(op.type);
    return result;
  }();
  return *types;
}

}  // namespace octet

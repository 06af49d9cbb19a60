#include "kernels/testing/cases.h"

namespace octet::testing {
namespace {

std::vector<KernelCase> Joined(std::vector<KernelCase> cases, std::vector<KernelCase> more) {
  for (KernelCase& c : more) cases.push_back(std::move(c));
  return cases;
}

}  // namespace

std::vector<KernelCase> CasesFor(OpType type) {
  switch (type) {
    case OpType::ConvOptions:
      return ConvCases();
    case OpType::MatMulOptions:
      return Joined(MatMulCases(), TypedMatMulCases());
    case OpType::PoolOptions:
      return PoolCases();
    case OpType::GlobalPoolOptions:
      return GlobalPoolCases();
    case OpType::BinaryOptions:
      return Joined(BinaryCases(), TypedBinaryCases());
    case OpType::UnaryOptions:
      return Joined(UnaryCases(), TypedUnaryCases());
    case OpType::ConcatOptions:
      return ConcatCases();
    case OpType::SplitOptions:
      return SplitCases();
    case OpType::ReshapeOptions:
      return ReshapeCases();
    case OpType::TransposeOptions:
      return TransposeCases();
    case OpType::SoftmaxOptions:
      return SoftmaxCases();
    case OpType::PadOptions:
      return PadCases();
    case OpType::ReduceOptions:
      return Joined(ReduceCases(), TypedReduceCases());
    case OpType::QuantizeOptions:
      return QuantizeCases();
    case OpType::DequantizeOptions:
      return DequantizeCases();
    case OpType::RequantizeOptions:
      return RequantizeCases();
    case OpType::SliceOptions:
      return SliceCases();
    case OpType::GatherOptions:
      return GatherCases();
    case OpType::GatherElementsOptions:
      return GatherElementsCases();
    case OpType::GatherNDOptions:
      return GatherNDCases();
    case OpType::ScatterElementsOptions:
      return ScatterElementsCases();
    case OpType::ScatterNDOptions:
      return ScatterNDCases();
    case OpType::ExpandOptions:
      return ExpandCases();
    case OpType::TileOptions:
      return TileCases();
    case OpType::DepthToSpaceOptions:
      return DepthToSpaceCases();
    case OpType::SpaceToDepthOptions:
      return SpaceToDepthCases();
    case OpType::ShapeOfOptions:
      return ShapeOfCases();
    case OpType::ReverseSequenceOptions:
      return ReverseSequenceCases();
    case OpType::RecurrentOptions:
      return RecurrentCases();
    case OpType::CastOptions:
      return CastCases();
    case OpType::WhereOptions:
      return WhereCases();
    case OpType::RangeOptions:
      return RangeCases();
    case OpType::ArgOptions:
      return ArgCases();
    case OpType::TopKOptions:
      return TopKCases();
    case OpType::CumulateOptions:
      return CumulateCases();
    case OpType::OneHotOptions:
      return OneHotCases();
    case OpType::TriluOptions:
      return TriluCases();
    case OpType::EinsumOptions:
      return EinsumCases();
    case OpType::ResizeOptions:
      return ResizeCases();
    case OpType::ConvTransposeOptions:
      return ConvTransposeCases();
    case OpType::NormalizationOptions:
      return NormalizationCases();
    case OpType::LrnOptions:
      return LrnCases();
    case OpType::GridSampleOptions:
      return GridSampleCases();
    case OpType::RoiAlignOptions:
      return RoiAlignCases();
    case OpType::AttentionOptions:
      return AttentionCases();
    default:
      return {};
  }
}

}  // namespace octet::testing

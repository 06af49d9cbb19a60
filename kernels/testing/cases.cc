#include "kernels/testing/cases.h"

namespace octet::testing {

std::vector<KernelCase> CasesFor(OpType type) {
  switch (type) {
    case OpType::ConvOptions:
      return ConvCases();
    case OpType::MatMulOptions:
      return MatMulCases();
    case OpType::PoolOptions:
      return PoolCases();
    case OpType::GlobalPoolOptions:
      return GlobalPoolCases();
    case OpType::BinaryOptions:
      return BinaryCases();
    case OpType::UnaryOptions:
      return UnaryCases();
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
      return ReduceCases();
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
    default:
      return {};
  }
}

}  // namespace octet::testing

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
    default:
      return {};
  }
}

}  // namespace octet::testing

#include "tools/train/op.h"

#include "absl/strings/str_cat.h"

namespace octet {

absl::StatusOr<std::unique_ptr<TrainOp>> MakeTrainOp(const OpContext& context) {
  switch (context.node.type()) {
    case OpType::ConvOptions:
      return MakeConv(context);
    case OpType::ConvTransposeOptions:
      return MakeConvTranspose(context);
    case OpType::MatMulOptions:
      return MakeMatMul(context);
    case OpType::PoolOptions:
      return MakePool(context);
    case OpType::GlobalPoolOptions:
      return MakeGlobalPool(context);
    case OpType::ReduceOptions:
      return MakeReduce(context);
    case OpType::ResizeOptions:
      return MakeResize(context);
    case OpType::BinaryOptions:
      return MakeBinary(context);
    case OpType::UnaryOptions:
      return MakeUnary(context);
    case OpType::AttentionOptions:
      return MakeAttention(context);
    case OpType::SoftmaxOptions:
      return MakeSoftmax(context);
    case OpType::NormalizationOptions:
      return MakeNormalization(context);
    case OpType::ConcatOptions:
    case OpType::SplitOptions:
    case OpType::ReshapeOptions:
    case OpType::TransposeOptions:
    case OpType::PadOptions:
    case OpType::SliceOptions:
    case OpType::GatherOptions:
    case OpType::ExpandOptions:
    case OpType::TileOptions:
    case OpType::DepthToSpaceOptions:
    case OpType::SpaceToDepthOptions:
      return MakeMovement(context);
    case OpType::QuantizeOptions:
    case OpType::DequantizeOptions:
    case OpType::RequantizeOptions:
      return MakeConversion(context);
    default:
      return absl::UnimplementedError(
          absl::StrCat(std::string(Name(context.node.type())), " has no derivative here"));
  }
}

}  // namespace octet

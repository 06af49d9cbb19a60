#include "runtime/lower/arithmetic.h"

#include "absl/strings/str_cat.h"
#include "kernels/operands.h"

namespace octet {
namespace {

bool SumsProducts(OpType type) {
  switch (type) {
    case OpType::ConvOptions:
    case OpType::MatMulOptions:
    case OpType::ConvTransposeOptions:
    case OpType::AttentionOptions:
    case OpType::EinsumOptions:
    case OpType::RecurrentOptions:
      return true;
    default:
      return false;
  }
}

bool IsConversion(const KernelContext& context) {
  switch (context.node->type()) {
    case OpType::QuantizeOptions:
    case OpType::DequantizeOptions:
    case OpType::RequantizeOptions:
      return true;
    case OpType::CastOptions:
      return context.input(0).type != context.output().type;
    default:
      return false;
  }
}

bool IsDynamic(const Node& node) {
  switch (node.type()) {
    case OpType::ConvOptions:
      return node.as<schema::ConvOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC;
    case OpType::MatMulOptions:
      return node.as<schema::MatMulOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC;
    case OpType::AttentionOptions:
      return node.as<schema::AttentionOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC;
    default:
      return false;
  }
}

std::string NameOf(DataType type) { return std::string(Name(type)); }

ArithmeticInfo OfProduct(const KernelContext& context, bool widened) {
  const Operand &x = context.input(0), &w = context.input(1);
  if (IsDynamic(*context.node)) return {"u8 x s8", "s32"};
  if (x.quant != nullptr) return {absl::StrCat(Name(x.type), " x ", Name(w.type)), "s32"};
  if (!IsF32(x) && !IsHalf(x)) return {NameOf(x.type), NameOf(x.type)};
  if (widened || IsF32(x)) return {"f32", "f32"};
  const bool f16_sums = context.accumulate_f16 && x.type == DataType::kF16;
  return {NameOf(x.type), f16_sums ? "f16" : "f32"};
}

}  // namespace

bool MovesElements(const Node& node) {
  switch (node.type()) {
    case OpType::ConcatOptions:
    case OpType::SplitOptions:
    case OpType::ReshapeOptions:
    case OpType::TransposeOptions:
    case OpType::SliceOptions:
    case OpType::GatherOptions:
    case OpType::GatherElementsOptions:
    case OpType::GatherNDOptions:
    case OpType::ExpandOptions:
    case OpType::TileOptions:
    case OpType::DepthToSpaceOptions:
    case OpType::SpaceToDepthOptions:
    case OpType::ReverseSequenceOptions:
      return true;
    case OpType::ResizeOptions: {
      const auto& options = node.as<schema::ResizeOptionsT>();
      return options.mode == schema::ResizeMode::NEAREST &&
             options.coordinates != schema::ResizeCoordinates::TF_CROP_AND_RESIZE;
    }
    default:
      return false;
  }
}

ArithmeticInfo DescribeArithmetic(const KernelContext& context, bool widened) {
  const Node& node = *context.node;
  if (SumsProducts(node.type())) return OfProduct(context, widened);
  const Operand& x = context.input(0);
  ArithmeticInfo info;
  info.conversion = IsConversion(context);
  if (info.conversion) {
    info.computed = absl::StrCat(Name(x.type), " to ", Name(context.output().type));
  } else if (MovesElements(node) && !widened) {
    info.computed = NameOf(context.output().type);
  } else if (IsF32(x) || IsHalf(x) || x.quant != nullptr) {
    info.computed = "f32";
  } else {
    info.computed = NameOf(x.type);
  }
  return info;
}

}  // namespace octet

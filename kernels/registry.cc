#include <vector>

#include "kernels/kernel.h"
#include "kernels/onednn/rows.h"
#include "kernels/reference/reference.h"

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
      {OpType::ConvOptions, LayoutRule::kChannelsLast, {kOnednnConv, kReferenceConv}},
      {OpType::MatMulOptions, LayoutRule::kPlain, {kOnednnMatMul, kReferenceMatMul}},
      {OpType::PoolOptions, LayoutRule::kChannelsLast, {kReferencePool}},
      {OpType::GlobalPoolOptions, LayoutRule::kChannelsLast, {kReferenceGlobalPool}},
      {OpType::BinaryOptions, LayoutRule::kSame, {kReferenceBinary}},
      {OpType::UnaryOptions, LayoutRule::kSame, {kReferenceUnary}},
      {OpType::ConcatOptions, LayoutRule::kSame, {kReferenceConcat}},
      {OpType::SplitOptions, LayoutRule::kSame, {kReferenceSplit}},
      {OpType::ReshapeOptions, LayoutRule::kPlain, {kReferenceReshape}},
      {OpType::TransposeOptions, LayoutRule::kAny, {kReferenceTranspose}},
      {OpType::SoftmaxOptions, LayoutRule::kSame, {kReferenceSoftmax}},
      {OpType::PadOptions, LayoutRule::kSame, {kReferencePad}},
      {OpType::ReduceOptions, LayoutRule::kSame, {kReferenceReduce}},
      {OpType::QuantizeOptions, LayoutRule::kAny, {kReferenceQuantize}},
      {OpType::DequantizeOptions, LayoutRule::kAny, {kReferenceDequantize}},
      {OpType::RequantizeOptions, LayoutRule::kSame, {kReferenceRequantize}},
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

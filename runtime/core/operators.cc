#include "runtime/core/operators.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace octet {
namespace {

constexpr int kAny = OperatorArity::kAny;

struct OperatorInfo {
  OpType type;
  OperatorArity arity;
  const char* input_names[4];
};

constexpr OperatorInfo kOperators[] = {
    {OpType::ConvOptions, {2, 4, 1}, {"x", "w", "bias", "residual"}},
    {OpType::MatMulOptions, {2, 4, 1}, {"a", "b", "bias", "residual"}},
    {OpType::PoolOptions, {1, 1, 1}, {"x"}},
    {OpType::GlobalPoolOptions, {1, 1, 1}, {"x"}},
    {OpType::BinaryOptions, {2, 2, 1}, {"a", "b"}},
    {OpType::UnaryOptions, {1, 1, 1}, {"x"}},
    {OpType::ConcatOptions, {1, kAny, 1}, {}},
    {OpType::SplitOptions, {1, 1, kAny}, {"x"}},
    {OpType::ReshapeOptions, {1, 1, 1}, {"x"}},
    {OpType::TransposeOptions, {1, 1, 1}, {"x"}},
    {OpType::SoftmaxOptions, {1, 1, 1}, {"x"}},
    {OpType::PadOptions, {1, 1, 1}, {"x"}},
    {OpType::ReduceOptions, {1, 1, 1}, {"x"}},
    {OpType::QuantizeOptions, {1, 1, 1}, {"x"}},
    {OpType::DequantizeOptions, {1, 1, 1}, {"x"}},
    {OpType::RequantizeOptions, {1, 1, 1}, {"x"}},
};

const OperatorInfo* Find(OpType type) {
  const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators),
                                   [type](const OperatorInfo& info) { return info.type == type; });
  return found == std::end(kOperators) ? nullptr : found;
}

std::string CountText(int least, int most) {
  if (most == kAny) return absl::StrCat("at least ", least);
  if (least == most) return absl::StrCat(least);
  return absl::StrCat(least, " to ", most);
}

}  // namespace

OperatorArity ArityOf(OpType type) {
  const OperatorInfo* info = Find(type);
  return info == nullptr ? OperatorArity{0, 0, 0} : info->arity;
}

std::string InputName(OpType type, size_t index) {
  const OperatorInfo* info = Find(type);
  if (info != nullptr && index < 4 && info->input_names[index] != nullptr) {
    return info->input_names[index];
  }
  return absl::StrCat("input ", index);
}

absl::Status CheckArity(const Node& node) {
  const OperatorInfo* info = Find(node.type());
  if (info == nullptr || node.options.value == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("it has options of unknown type ", static_cast<int>(node.type()),
                     "; the file is damaged, or a newer version of Octet wrote it"));
  }
  const OperatorArity& arity = info->arity;
  const size_t required = static_cast<size_t>(arity.required_inputs);
  const bool too_many =
      arity.max_inputs != kAny && node.inputs.size() > static_cast<size_t>(arity.max_inputs);
  if (node.inputs.size() < required || too_many) {
    return absl::InvalidArgumentError(
        absl::StrCat("it has ", node.inputs.size(), " inputs, not ",
                     CountText(arity.required_inputs, arity.max_inputs)));
  }
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const bool optional = arity.max_inputs != kAny && i >= required;
    if (node.inputs[i] == kNoTensor && !optional) {
      return absl::InvalidArgumentError(
          absl::StrCat(InputName(node.type(), i), " is absent, but it is not optional"));
    }
  }
  const bool outputs_fit = arity.outputs == kAny
                               ? !node.outputs.empty()
                               : node.outputs.size() == static_cast<size_t>(arity.outputs);
  if (!outputs_fit) {
    return absl::InvalidArgumentError(
        absl::StrCat("it has ", node.outputs.size(), " outputs, not ",
                     CountText(arity.outputs == kAny ? 1 : arity.outputs, arity.outputs)));
  }
  return absl::OkStatus();
}

absl::Status CheckShape(const Shape& shape, bool open) {
  if (shape.size() > kMaxRank) {
    return absl::InvalidArgumentError(
        absl::StrCat("its rank is ", shape.size(), ", but at most ", kMaxRank, " is supported"));
  }
  int64_t elements = 1;
  for (int64_t size : shape) {
    if (size == -1 && open) continue;
    if (size < 0 || size > kMaxDimension) {
      return absl::InvalidArgumentError(absl::StrCat("its shape ", ToString(shape),
                                                     " has the size ", size, ", outside [0, ",
                                                     kMaxDimension, "]"));
    }
    // Sizes of 0 are left out, so that products of some of the sizes fit too.
    if (size > 0 && elements > kMaxElements / size) {
      return absl::InvalidArgumentError(absl::StrCat("its shape ", ToString(shape),
                                                     " has more than ", kMaxElements, " elements"));
    }
    if (size > 0) elements *= size;
  }
  return absl::OkStatus();
}

}  // namespace octet

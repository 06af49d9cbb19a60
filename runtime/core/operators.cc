#include "runtime/core/operators.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace octet {
namespace {

constexpr int kAny = OperatorArity::kAny;

// Which inputs are *value* inputs, as a set of bits.
constexpr unsigned Bits() { return 0; }
template <typename... Rest>
constexpr unsigned Bits(int first, Rest... rest) {
  return (1u << first) | Bits(rest...);
}

struct OperatorInfo {
  OpType type;
  OperatorArity arity;
  const char* input_names;  // separated by commas; further inputs have numbers
  unsigned value_inputs = 0;
};

constexpr OperatorInfo kOperators[] = {
    {OpType::ConvOptions, {2, 4, 1}, "x,w,bias,residual"},
    {OpType::MatMulOptions, {2, 4, 1}, "a,b,bias,residual"},
    {OpType::PoolOptions, {1, 1, 1}, "x"},
    {OpType::GlobalPoolOptions, {1, 1, 1}, "x"},
    {OpType::BinaryOptions, {2, 2, 1}, "a,b"},
    {OpType::UnaryOptions, {1, 1, 1}, "x"},
    {OpType::ConcatOptions, {1, kAny, 1}, ""},
    {OpType::SplitOptions, {1, 2, kAny}, "x,sizes", Bits(1)},
    {OpType::ReshapeOptions, {1, 2, 1}, "x,shape", Bits(1)},
    {OpType::TransposeOptions, {1, 1, 1}, "x"},
    {OpType::SoftmaxOptions, {1, 1, 1}, "x"},
    {OpType::PadOptions, {1, 3, 1}, "x,pads,value", Bits(1)},
    {OpType::ReduceOptions, {1, 2, 1}, "x,axes", Bits(1)},
    {OpType::QuantizeOptions, {1, 1, 1}, "x"},
    {OpType::DequantizeOptions, {1, 1, 1}, "x"},
    {OpType::RequantizeOptions, {1, 1, 1}, "x"},
    {OpType::CastOptions, {1, 1, 1}, "x"},
    {OpType::WhereOptions, {3, 3, 1}, "condition,a,b"},
    {OpType::SliceOptions, {1, 5, 1}, "x,starts,ends,axes,steps", Bits(1, 2, 3, 4)},
    {OpType::GatherOptions, {2, 2, 1}, "x,indices"},
    {OpType::GatherElementsOptions, {2, 2, 1}, "x,indices"},
    {OpType::GatherNDOptions, {2, 2, 1}, "x,indices"},
    {OpType::ScatterElementsOptions, {3, 3, 1}, "x,indices,updates"},
    {OpType::ScatterNDOptions, {3, 3, 1}, "x,indices,updates"},
    {OpType::ExpandOptions, {1, 2, 1}, "x,shape", Bits(1)},
    {OpType::TileOptions, {1, 2, 1}, "x,repeats", Bits(1)},
    {OpType::DepthToSpaceOptions, {1, 1, 1}, "x"},
    {OpType::SpaceToDepthOptions, {1, 1, 1}, "x"},
    {OpType::ShapeOfOptions, {1, 1, 1}, "x"},
    {OpType::RangeOptions, {0, 3, 1}, "start,limit,delta", Bits(0, 1, 2)},
    {OpType::ArgOptions, {1, 1, 1}, "x"},
    {OpType::TopKOptions, {1, 2, 2}, "x,k", Bits(1)},
    {OpType::CumulateOptions, {1, 2, 1}, "x,axis", Bits(1)},
    {OpType::OneHotOptions, {2, 3, 1}, "indices,values,depth", Bits(2)},
    {OpType::TriluOptions, {1, 2, 1}, "x,k", Bits(1)},
    {OpType::ReverseSequenceOptions, {2, 2, 1}, "x,lengths"},
    {OpType::EinsumOptions, {1, kAny, 1}, ""},
    {OpType::NonZeroOptions, {1, 1, 1}, "x"},
    {OpType::CompressOptions, {2, 2, 1}, "x,condition"},
    {OpType::UniqueOptions, {1, 1, 4}, "x"},
    {OpType::NonMaxSuppressionOptions, {2, 5, 1}, "boxes,scores,count,overlap,least score"},
    {OpType::ConvTransposeOptions, {2, 3, 1}, "x,w,bias"},
    {OpType::NormalizationOptions, {1, 3, 1}, "x,scale,bias"},
    {OpType::LrnOptions, {1, 1, 1}, "x"},
    {OpType::ResizeOptions, {1, 4, 1}, "x,scales,sizes,roi", Bits(1, 2, 3)},
    {OpType::GridSampleOptions, {2, 2, 1}, "x,grid"},
    {OpType::RoiAlignOptions, {3, 3, 1}, "x,rois,batch indices"},
    {OpType::AttentionOptions, {3, 4, 1}, "q,k,v,mask"},
    {OpType::RecurrentOptions, {3, 8, kAny}, "x,w,r,bias,lengths,h0,c0,peepholes"},
    {OpType::IfOptions, {1, kAny, kAny}, "condition"},
    {OpType::LoopOptions, {2, kAny, kAny}, "rounds,condition"},
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

bool IsValueInput(OpType type, size_t index) {
  const OperatorInfo* info = Find(type);
  return info != nullptr && index < 32 && ((info->value_inputs >> index) & 1u) != 0;
}

bool IsBound(const Node& node) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] != kNoTensor && IsValueInput(node.type(), i)) return false;
  }
  return true;
}

bool HasOpenResult(OpType type) {
  switch (type) {
    case OpType::NonZeroOptions:
    case OpType::CompressOptions:
    case OpType::UniqueOptions:
    case OpType::NonMaxSuppressionOptions:
    case OpType::IfOptions:
    case OpType::LoopOptions:
      return true;
    default:
      return false;
  }
}

std::string InputName(OpType type, size_t index) {
  const OperatorInfo* info = Find(type);
  if (info != nullptr && info->input_names[0] != '\0') {
    const std::vector<std::string> names = absl::StrSplit(info->input_names, ',');
    if (index < names.size()) return names[index];
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

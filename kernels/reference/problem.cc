#include "kernels/reference/problem.h"

#include <cstring>

#include "kernels/elements.h"

namespace octet {
namespace reference {
namespace {

template <typename T>
T Load(const uint8_t* data, int64_t offset) {
  T value;
  std::memcpy(&value, data + offset * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <typename T>
void Store(uint8_t* data, int64_t offset, T value) {
  std::memcpy(data + offset * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

class ReferenceKernel : public Kernel {
 public:
  ReferenceKernel(const KernelContext& context, ComputeFunction compute) : compute_(compute) {
    problem_.node = context.node;
    problem_.inputs.assign(context.inputs.begin(), context.inputs.end());
    problem_.outputs.assign(context.outputs.begin(), context.outputs.end());
  }

  void Run(const RunArgs& args) const override { compute_(problem_, args); }

 private:
  Problem problem_;
  ComputeFunction compute_;
};

}  // namespace

Numbers::Numbers(const Operand& operand, const void* data)
    : type_(operand.type),
      shape_(operand.shape),
      strides_(Strides(operand.shape, operand.layout)),
      quant_(operand.quant),
      data_(static_cast<uint8_t*>(const_cast<void*>(data))) {}

int32_t Numbers::Int(int64_t offset) const {
  switch (type_) {
    case DataType::kU8:
      return Load<uint8_t>(data_, offset);
    case DataType::kS8:
      return Load<int8_t>(data_, offset);
    case DataType::kS16:
      return Load<int16_t>(data_, offset);
    default:
      return Load<int32_t>(data_, offset);
  }
}

void Numbers::SetInt(int64_t offset, int32_t value) {
  switch (type_) {
    case DataType::kU8:
      return Store(data_, offset, static_cast<uint8_t>(value));
    case DataType::kS8:
      return Store(data_, offset, static_cast<int8_t>(value));
    case DataType::kS16:
      return Store(data_, offset, static_cast<int16_t>(value));
    default:
      return Store(data_, offset, value);
  }
}

int64_t Numbers::Whole(int64_t offset) const {
  int64_t value = 0;
  DispatchWhole(
      type_, [&](auto zero) { value = static_cast<int64_t>(Load<decltype(zero)>(data_, offset)); });
  return value;
}

void Numbers::SetWhole(int64_t offset, int64_t value) {
  DispatchWhole(type_, [&](auto zero) {
    using T = decltype(zero);
    Store(data_, offset, static_cast<T>(value));
  });
}

float Numbers::Real(int64_t offset) const {
  if (type_ == DataType::kF32) return Load<float>(data_, offset);
  if (type_ == DataType::kF16) return Value(Load<Half>(data_, offset));
  if (type_ == DataType::kBF16) return Value(Load<BFloat16>(data_, offset));
  if (quant_ == nullptr) {
    const int64_t whole = Whole(offset);
    return type_ == DataType::kU64 ? static_cast<float>(static_cast<uint64_t>(whole))
                                   : static_cast<float>(whole);
  }
  return DequantizeValue(Int(offset), scale(), zero_point());
}

void Numbers::SetReal(int64_t offset, float value) {
  if (type_ == DataType::kF32) return Store(data_, offset, value);
  if (type_ == DataType::kF16) return Store(data_, offset, ConvertTo<Half>(value));
  if (type_ == DataType::kBF16) return Store(data_, offset, ConvertTo<BFloat16>(value));
  SetInt(offset, QuantizeValue(value, scale(), zero_point(), RangeOf(type_)));
}

int64_t BroadcastOffset(const Numbers& x, const Shape& at) {
  const size_t lead = at.size() - x.shape().size();
  int64_t offset = 0;
  for (size_t i = 0; i < x.shape().size(); ++i) {
    if (x.shape()[i] != 1) offset += at[lead + i] * x.strides()[i];
  }
  return offset;
}

std::unique_ptr<Kernel> MakeKernel(const KernelContext& context, ComputeFunction compute) {
  return std::make_unique<ReferenceKernel>(context, compute);
}

ElementCopy::ElementCopy(const Operand& from, const Operand& to)
    : bytes_(SameNumbers(from, to) ? SizeOf(from.type) : 0) {}

void ElementCopy::operator()(const Numbers& from, int64_t from_offset, Numbers& to,
                             int64_t to_offset) const {
  if (bytes_ == 0) return to.SetReal(to_offset, from.Real(from_offset));
  std::memcpy(to.data() + static_cast<size_t>(to_offset) * bytes_,
              from.data() + static_cast<size_t>(from_offset) * bytes_, bytes_);
}

absl::Status CheckCopy(const Operand& from, const Operand& to) {
  if (SameNumbers(from, to) || (IsReal(from) && IsReal(to))) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("elements of ", Describe(from), " cannot become ", Describe(to)));
}

}  // namespace reference
}  // namespace octet

#include "kernels/reference/problem.h"
#include "kernels/reference/reference.h"

namespace octet {
namespace reference {
namespace {

// Scale and zero point of the element at an index, for one scale per tensor or per channel.
struct Scales {
  const QuantParams& quant;

  size_t At(const Shape& index) const {
    return quant.per_tensor() ? 0 : static_cast<size_t>(index[static_cast<size_t>(quant.axis)]);
  }
};

absl::Status CheckScales(const Operand& o) {
  const bool known = o.type == DataType::kU8 || o.type == DataType::kS8 ||
                     o.type == DataType::kS16 || o.type == DataType::kS32;
  size_t count = 1;
  if (known && o.quant != nullptr && !o.quant->per_tensor()) {
    const auto axis = static_cast<size_t>(o.quant->axis);
    count = axis < o.shape.size() ? static_cast<size_t>(o.shape[axis]) : 0;
  }
  if (known && o.quant != nullptr && o.quant->scales.size() == count &&
      o.quant->zero_points.size() == count) {
    return absl::OkStatus();
  }
  return absl::UnimplementedError(
      absl::StrCat("the integers must be u8, s8, s16 or s32 with scales, not ", Describe(o)));
}

absl::Status CheckQuantize(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (!IsF32(x)) return absl::UnimplementedError(absl::StrCat("x must be f32, not ", Describe(x)));
  if (y.type == DataType::kS32) return absl::UnimplementedError("y must have at most 16 bits");
  return CheckScales(y);
}

absl::Status CheckDequantize(const KernelContext& context) {
  const Operand &x = context.input(0), &y = context.output();
  if (!IsF32(y)) return absl::UnimplementedError(absl::StrCat("y must be f32, not ", Describe(y)));
  return CheckScales(x);
}

absl::Status CheckRequantize(const KernelContext& context) {
  for (const Operand* o : {&context.input(0), &context.output()}) {
    if (IsQuantized(*o)) continue;
    return absl::UnimplementedError(
        absl::StrCat("operands must be u8, s8 or s16 with one scale; one is ", Describe(*o)));
  }
  return absl::OkStatus();
}

void ComputeQuantize(const Problem& problem, const RunArgs& args) {
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const Scales scales{*problem.outputs[0].quant};
  const IntRange range = RangeOf(y.type());
  ForEachIndex(y.shape(), [&](const Shape& at) {
    const size_t i = scales.At(at);
    y.SetInt(y.Offset(at), QuantizeValue(x.Real(x.Offset(at)), scales.quant.scales[i],
                                         scales.quant.zero_points[i], range));
  });
}

void ComputeDequantize(const Problem& problem, const RunArgs& args) {
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  const Scales scales{*problem.inputs[0].quant};
  ForEachIndex(y.shape(), [&](const Shape& at) {
    const size_t i = scales.At(at);
    const int64_t q = int64_t{x.Int(x.Offset(at))} - scales.quant.zero_points[i];
    y.SetReal(y.Offset(at), scales.quant.scales[i] * static_cast<float>(q));
  });
}

void ComputeRequantize(const Problem& problem, const RunArgs& args) {
  const Numbers x = problem.In(0, args);
  Numbers y = problem.Out(0, args);
  ForEachIndex(y.shape(), [&](const Shape& at) { y.SetReal(y.Offset(at), x.Real(x.Offset(at))); });
}

}  // namespace
}  // namespace reference

const KernelEntry kReferenceQuantize = {"reference", reference::CheckQuantize,
                                        reference::PrepareWith<reference::ComputeQuantize>};
const KernelEntry kReferenceDequantize = {"reference", reference::CheckDequantize,
                                          reference::PrepareWith<reference::ComputeDequantize>};
const KernelEntry kReferenceRequantize = {"reference", reference::CheckRequantize,
                                          reference::PrepareWith<reference::ComputeRequantize>};

}  // namespace octet

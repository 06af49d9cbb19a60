#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "runtime/core/numerics.h"
#include "runtime/core/operators.h"
#include "runtime/core/validate_rules.h"

namespace octet::validate {
namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

bool MayBeQuantized(DataType type) {
  return type == DataType::kU8 || type == DataType::kS8 || type == DataType::kS16 ||
         type == DataType::kS32 || type == DataType::kS64;
}

// Types whose numbers lie symmetrically around 0.
bool IsSymmetric(DataType type) {
  return type == DataType::kS16 || type == DataType::kS32 || type == DataType::kS64;
}

absl::Status CheckCounts(const QuantParams& quant, const Shape& shape) {
  if (quant.axis < -1 || quant.axis >= static_cast<int>(shape.size())) {
    return Invalid("the axis of its scales is ", quant.axis, ", but its shape is ", ToString(shape),
                   " of rank ", shape.size());
  }
  int64_t expected = 1;
  if (quant.axis >= 0) expected = shape[static_cast<size_t>(quant.axis)];
  if (expected < 0) return Invalid("its scales run along a size that is known only at run time");
  if (quant.scales.size() != static_cast<size_t>(expected)) {
    return Invalid("it has ", quant.scales.size(), " scales, expected ", expected);
  }
  if (quant.zero_points.size() != quant.scales.size()) {
    return Invalid("it has ", quant.zero_points.size(), " zero points for ", quant.scales.size(),
                   " scales");
  }
  return absl::OkStatus();
}

absl::Status CheckQuant(const QuantParams& quant, const Tensor& tensor) {
  if (!MayBeQuantized(tensor.type)) {
    return Invalid("it has scales, but its type is ", Name(tensor.type),
                   "; only u8, s8, s16, s32 and s64 are quantized");
  }
  if (absl::Status status = CheckCounts(quant, tensor.shape); !status.ok()) return status;
  for (float scale : quant.scales) {
    if (!std::isfinite(scale) || scale <= 0) {
      return Invalid("it has the scale ", scale, "; expected a finite number above 0");
    }
  }
  const IntRange range = IsSymmetric(tensor.type) ? IntRange{0, 0} : RangeOf(tensor.type);
  for (int32_t zero_point : quant.zero_points) {
    if (zero_point < range.min || zero_point > range.max) {
      return Invalid("it has the zero point ", zero_point, ", outside [", range.min, ", ",
                     range.max, "] of ", Name(tensor.type));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckData(const Tensor& tensor) {
  const uint64_t expected = static_cast<uint64_t>(NumElements(tensor.shape)) * SizeOf(tensor.type);
  if (tensor.data.size() == expected) return absl::OkStatus();
  return Invalid("it is a constant of ", tensor.data.size(), " bytes, but ", Name(tensor.type), " ",
                 ToString(tensor.shape), " takes ", expected);
}

}  // namespace

absl::Status CheckTensor(const Tensor& tensor) {
  if (SizeOf(tensor.type) == 0) {
    return Invalid("its type, number ", static_cast<int>(tensor.type), ", is unknown");
  }
  absl::Status status = CheckShape(tensor.shape, !tensor.is_constant());
  if (!status.ok()) return status;
  if (!tensor.symbols.empty() && tensor.symbols.size() != tensor.shape.size()) {
    return Invalid("it has ", tensor.symbols.size(), " names of sizes, but its shape is ",
                   ToString(tensor.shape), " of rank ", tensor.shape.size());
  }
  if (tensor.quant && !(status = CheckQuant(*tensor.quant, tensor)).ok()) return status;
  return tensor.is_constant() ? CheckData(tensor) : absl::OkStatus();
}

}  // namespace octet::validate

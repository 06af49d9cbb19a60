#ifndef OCTET_KERNELS_OPERANDS_H_
#define OCTET_KERNELS_OPERANDS_H_

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/kernel.h"
#include "runtime/core/numerics.h"

// Questions about operands that kernels' checks ask.

namespace octet {

inline bool IsF32(const Operand& o) { return o.type == DataType::kF32; }

// Real numbers of 16 bits.
inline bool IsHalf(const Operand& o) {
  return o.type == DataType::kF16 || o.type == DataType::kBF16;
}

// Integers of at most 16 bits with one scale and zero_point.
inline bool IsQuantized(const Operand& o) {
  const bool narrow =
      o.type == DataType::kU8 || o.type == DataType::kS8 || o.type == DataType::kS16;
  return narrow && o.quant != nullptr && o.quant->per_tensor() && o.quant->scales.size() == 1 &&
         o.quant->zero_points.size() == 1;
}

// Quantized to u8 or s8.
inline bool IsInt8(const Operand& o) { return IsQuantized(o) && o.type != DataType::kS16; }

// Whether the elements have a real value that kernels can read and write.
inline bool IsReal(const Operand& o) { return IsF32(o) || IsQuantized(o); }

// Whether equal bytes in both operands mean equal values.
inline bool SameNumbers(const Operand& a, const Operand& b) {
  if (a.type != b.type) return false;
  if (a.quant == nullptr || b.quant == nullptr) return a.quant == b.quant;
  return a.quant->per_tensor() && *a.quant == *b.quant;
}

// What an operand is, for messages: "f32", "u8", "s8 per channel", "u8 without a scale".
inline std::string Describe(const Operand& o) {
  if (!o.present()) return "absent";
  const bool needs_scale = o.type == DataType::kU8 || o.type == DataType::kS8;
  return absl::StrCat(std::string(Name(o.type)),
                      o.quant != nullptr && !o.quant->per_tensor() ? " per channel" : "",
                      o.quant == nullptr && needs_scale ? " without a scale" : "");
}

// Unimplemented unless all operands are real.
inline absl::Status CheckReal(const KernelContext& context) {
  for (const absl::Span<const Operand>& operands : {context.inputs, context.outputs}) {
    for (const Operand& o : operands) {
      if (IsReal(o)) continue;
      return absl::UnimplementedError(absl::StrCat(
          "operands must be f32, or u8, s8 or s16 with one scale; one is ", Describe(o)));
    }
  }
  return absl::OkStatus();
}

// Unimplemented unless all operands that are present are f32.
inline absl::Status CheckF32(const KernelContext& context) {
  for (const absl::Span<const Operand>& operands : {context.inputs, context.outputs}) {
    for (const Operand& o : operands) {
      if (!o.present() || IsF32(o)) continue;
      return absl::UnimplementedError(absl::StrCat("operands must be f32; one is ", Describe(o)));
    }
  }
  return absl::OkStatus();
}

// min and max of an activation, applied to a real number. NaN stays NaN.
inline float ClampReal(float x, float min, float max) { return std::min(std::max(x, min), max); }

// The factor that takes integers of scale `from` to units of `to`.
inline float ScaleRatio(float from, float to) {
  return static_cast<float>(static_cast<double>(from) / static_cast<double>(to));
}

}  // namespace octet

#endif  // OCTET_KERNELS_OPERANDS_H_

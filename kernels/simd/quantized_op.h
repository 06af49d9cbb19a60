#ifndef OCTET_KERNELS_SIMD_QUANTIZED_OP_H_
#define OCTET_KERNELS_SIMD_QUANTIZED_OP_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "kernels/kernel.h"
#include "kernels/simd/epilogue.h"

// What convolutions and matrix products have in common: their quantization.

namespace octet {
namespace simd {

// The operands of y = clamp(x * w + bias + residual).
struct QuantizedOp {
  const Operand& x;
  const Operand& w;
  const Operand& bias;
  const Operand& residual;
  const Operand& y;
  int channel_axis;  // the dimension of w that output channels run along
  float activation_min, activation_max;
};

// Unimplemented, with the reason, unless x is 8 bits wide, w constant symmetric s8, the bias a
// constant s32 or absent, y 8 or 16 bits wide or f32, and the residual 8 bits wide, or f32 as y.
// With an s16 x, w may be s16, the bias s64, and the residual 16 bits wide, too.
absl::Status CheckQuantizedOp(const QuantizedOp& op);

// An Epilogue with the memory behind it.
struct OwnedEpilogue {
  std::vector<int32_t> bias;
  std::vector<float> multiplier;
  std::vector<int32_t> weight_sums;  // empty: the input is quantized ahead
  std::vector<float> f32_bias;       // empty: none, or in `bias`
  Epilogue epilogue = {};

  // Points the epilogue to the vectors; after each move.
  void Bind();
};

// The epilogue of `op` with `depth` products in each sum. Entry i of `order` is the channel whose
// accumulator comes i-th, or -1 for padding; `weight_sums` has one entry per channel. Unimplemented
// when sums or requantized values could leave what the vector code can hold.
absl::StatusOr<OwnedEpilogue> MakeEpilogue(const QuantizedOp& op, int64_t depth,
                                           absl::Span<const int32_t> weight_sums,
                                           absl::Span<const int64_t> order);

// The same for an s16 x. `magnitudes` has for each channel the sum of its weights' magnitudes, of
// the larger term where the weights are s16. Sums are in f64 where they may leave s32.
absl::StatusOr<OwnedEpilogue> MakeWordEpilogue(const QuantizedOp& op, int64_t depth,
                                               absl::Span<const int32_t> magnitudes,
                                               absl::Span<const int64_t> order);

// The same for an f32 x that is quantized when the kernel runs: DYNAMIC arithmetic.
absl::Status CheckDynamicOp(const QuantizedOp& op);
OwnedEpilogue MakeDynamicEpilogue(const QuantizedOp& op, absl::Span<const int32_t> weight_sums,
                                  absl::Span<const int64_t> order);

// 0x80 for s8, whose top bit is flipped to handle it as u8; else 0.
inline uint8_t FlipOf(DataType type) { return type == DataType::kS8 ? 0x80 : 0; }
// The tensor's zero point as u8.
inline int32_t ZeroPointAsU8(const Operand& operand) {
  return operand.quant->zero_point() + FlipOf(operand.type);
}

}  // namespace simd
}  // namespace octet

#endif  // OCTET_KERNELS_SIMD_QUANTIZED_OP_H_

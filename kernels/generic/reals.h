#ifndef OCTET_KERNELS_GENERIC_REALS_H_
#define OCTET_KERNELS_GENERIC_REALS_H_

#include <cstdint>

#include "kernels/generic/loops.h"
#include "kernels/operands.h"

namespace octet {
namespace generic {

inline bool IsInt16(const Operand& o) { return IsQuantized(o) && o.type == DataType::kS16; }

// The elements of an operand of u8, s8 or s16 with one scale, as f32, which holds them exactly.
// Buffers hold n elements that lie side by side.
class Reals {
 public:
  Reals(const Operand& operand, const Loops& loops)
      : type_(operand.type),
        scale_(operand.quant->scale()),
        zero_point_(operand.quant->zero_point()),
        loops_(&loops) {}

  float scale() const { return scale_; }
  // Of an element.
  int64_t bytes() const { return type_ == DataType::kS16 ? 2 : 1; }
  // All integers of the type.
  IntTarget target() const { return {zero_point_, RangeOf(type_)}; }

  // y = q - zero_point.
  void Widen(const void* x, int64_t n, float* y) const {
    const auto zero = static_cast<float>(zero_point_);
    if (type_ == DataType::kS16) {
      loops_->widen_s16(static_cast<const int16_t*>(x), y, n, zero);
    } else if (type_ == DataType::kS8) {
      loops_->widen_s8(static_cast<const int8_t*>(x), y, n, zero);
    } else {
      loops_->widen_u8(static_cast<const uint8_t*>(x), y, n, zero);
    }
  }
  // y = scale * (q - zero_point).
  void Load(const void* x, int64_t n, float* y) const {
    Widen(x, n, y);
    loops_->scale(y, n, scale_);
  }
  // Values in units of the scale to integers.
  void Narrow(const float* v, int64_t n, void* y, IntTarget target) const {
    if (type_ == DataType::kS16) {
      loops_->narrow_s16(v, static_cast<int16_t*>(y), n, target);
    } else {
      loops_->narrow(v, static_cast<uint8_t*>(y), n, target);
    }
  }
  // Real values to integers.
  void Store(const float* v, int64_t n, void* y) const {
    if (type_ == DataType::kS16) {
      loops_->quantize_s16(v, static_cast<int16_t*>(y), n, scale_, target());
    } else {
      loops_->quantize(v, static_cast<uint8_t*>(y), n, scale_, target());
    }
  }

 private:
  DataType type_;
  float scale_;
  int32_t zero_point_;
  const Loops* loops_;
};

}  // namespace generic
}  // namespace octet

#endif  // OCTET_KERNELS_GENERIC_REALS_H_

#ifndef OCTET_RUNTIME_CORE_HALF_H_
#define OCTET_RUNTIME_CORE_HALF_H_

#include <cstdint>
#include <cstring>

namespace octet {

// The value of an IEEE 754 binary16, exactly; NaN stays NaN.
inline float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu;
  const uint32_t mantissa = half & 0x3ffu;
  uint32_t bits;
  if (exponent == 0) {
    // A subnormal is mantissa * 2^-24, which binary32 holds as a normal number.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    std::memcpy(&bits, &magnitude, sizeof(bits));
  } else if (exponent == 31) {
    bits = 0x7f800000u | (mantissa << 13);
  } else {
    bits = ((exponent + 112) << 23) | (mantissa << 13);
  }
  bits |= sign;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// The value of a bfloat16, exactly.
inline float BFloat16ToFloat(uint16_t bf16) {
  const uint32_t bits = static_cast<uint32_t>(bf16) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_HALF_H_

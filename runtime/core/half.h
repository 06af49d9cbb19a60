#ifndef OCTET_RUNTIME_CORE_HALF_H_
#define OCTET_RUNTIME_CORE_HALF_H_

#include <cmath>
#include <cstdint>
#include <cstring>

namespace octet {

// The value of an IEEE 754 binary16, exactly; NaN stays NaN. Without branches, so that compilers
// vectorize loops of it.
inline float HalfToFloat(uint16_t half) {
  // Exponent and mantissa moved into place make a number that is 2^112 times too small.
  const uint32_t moved = static_cast<uint32_t>(half & 0x7fffu) << 13;
  float scaled;
  std::memcpy(&scaled, &moved, sizeof(scaled));
  scaled *= 0x1p112f;
  uint32_t bits;
  std::memcpy(&bits, &scaled, sizeof(bits));
  bits |= moved >= 0x0f800000u ? 0x7f800000u : 0u;  // infinite or NaN
  bits |= static_cast<uint32_t>(half & 0x8000u) << 16;
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

// The nearest IEEE 754 binary16, ties to even; infinite from 65520 on. Meant for data on its way
// in, not for kernels.
inline uint16_t HalfFromReal(long double value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7e00);
  const long double magnitude = std::fabs(value);
  if (magnitude >= 65520) return static_cast<uint16_t>(sign | 0x7c00);
  // Subnormals share the spacing of the smallest normal numbers, 2^-24.
  const int exponent = magnitude < 0x1p-14L ? -14 : std::ilogb(magnitude);
  const auto steps = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  // A mantissa that rounds up to 2^11 carries into the exponent.
  return static_cast<uint16_t>(sign | (((exponent + 14) << 10) + steps));
}

// The nearest bfloat16, ties to even. Meant for data on its way in, not for kernels.
inline uint16_t BFloat16FromReal(long double value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7fc0);
  const long double magnitude = std::fabs(value);
  if (magnitude >= 0x1.ffp127L) return static_cast<uint16_t>(sign | 0x7f80);
  const int exponent = magnitude < 0x1p-126L ? -126 : std::ilogb(magnitude);
  const auto steps = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 7 - exponent)));
  return static_cast<uint16_t>(sign | (((exponent + 126) << 7) + steps));
}

// The binary16 nearest to `value`, ties to even; too large values become infinity, NaN a quiet NaN.
// Without branches, so that compilers vectorize loops of it.
inline uint16_t FloatToHalf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  // Subnormals are multiples of 2^-24, the distance of neighbours of 0.5: the sum rounds to one.
  float absolute;
  std::memcpy(&absolute, &magnitude, sizeof(absolute));
  const float shifted = absolute + 0.5f;
  uint32_t shifted_bits;
  std::memcpy(&shifted_bits, &shifted, sizeof(shifted_bits));
  const uint32_t subnormal = shifted_bits - 0x3f000000u;
  // A carry out of the mantissa increments the exponent.
  const uint32_t normal = ((magnitude + 0xfffu + ((magnitude >> 13) & 1u)) >> 13) - (112u << 10);
  const uint32_t special = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
  const uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
  return static_cast<uint16_t>(sign | (magnitude >= 0x477ff000u ? special : finite));
}

// The bfloat16 nearest to `value`, ties to even; NaN becomes a quiet NaN.
inline uint16_t FloatToBFloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  return static_cast<uint16_t>(nan ? (bits >> 16) | 0x40u : rounded);
}

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_HALF_H_

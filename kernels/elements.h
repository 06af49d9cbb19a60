#ifndef OCTET_KERNELS_ELEMENTS_H_
#define OCTET_KERNELS_ELEMENTS_H_

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/kernel.h"
#include "runtime/core/half.h"
#include "runtime/core/integer_types.h"

// Elements of every type as C++ types, so that a kernel is written once for all of them.

namespace octet {

// Types that C++ has no arithmetic for.
struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};
struct Bool {
  uint8_t bits;
};

// Integers that stand for themselves, and booleans.
inline bool IsPlainInteger(const Operand& o) { return o.quant == nullptr && IsInteger(o.type); }
inline bool IsBool(const Operand& o) { return o.type == DataType::kBool; }
inline bool IsWhole(const Operand& o) { return IsPlainInteger(o) || IsBool(o); }

// Calls fn with a zero of the integers' C++ type; booleans are uint8_t. Nothing for other types.
template <typename Fn>
void DispatchWhole(DataType type, const Fn& fn) {
  switch (type) {
    case DataType::kS8:
      return fn(int8_t{});
    case DataType::kU8:
    case DataType::kBool:
      return fn(uint8_t{});
    case DataType::kS16:
      return fn(int16_t{});
    case DataType::kU16:
      return fn(uint16_t{});
    case DataType::kS32:
      return fn(int32_t{});
    case DataType::kU32:
      return fn(uint32_t{});
    case DataType::kS64:
      return fn(int64_t{});
    case DataType::kU64:
      return fn(uint64_t{});
    default:
      return;
  }
}

// The same for integers, booleans and f32: the types that kernels compute with.
template <typename Fn>
void DispatchComputed(DataType type, const Fn& fn) {
  if (type == DataType::kF32) return fn(float{});
  DispatchWhole(type, fn);
}

// The same for every type; booleans are Bool.
template <typename Fn>
void DispatchAny(DataType type, const Fn& fn) {
  switch (type) {
    case DataType::kF64:
      return fn(double{});
    case DataType::kF16:
      return fn(Half{});
    case DataType::kBF16:
      return fn(BFloat16{});
    case DataType::kBool:
      return fn(Bool{});
    default:
      return DispatchComputed(type, fn);
  }
}

// Calls fn with an unsigned integer of the size of the type's elements, for what only moves them.
template <typename Fn>
void DispatchSize(DataType type, const Fn& fn) {
  switch (SizeOf(type)) {
    case 1:
      return fn(uint8_t{});
    case 2:
      return fn(uint16_t{});
    case 4:
      return fn(uint32_t{});
    case 8:
      return fn(uint64_t{});
    default:
      return;
  }
}

// ---- Conversion between types, as the schema specifies for Cast ----

// As an arithmetic C++ type, exactly.
inline float Value(Half x) { return HalfToFloat(x.bits); }
inline float Value(BFloat16 x) { return BFloat16ToFloat(x.bits); }
inline uint8_t Value(Bool x) { return x.bits != 0 ? 1 : 0; }
template <typename T>
T Value(T x) {
  return x;
}

// Cuts a float to an integer: s32, s64 and u64 saturate, narrower types and negative numbers for
// u64 wrap around as the s64 value does. NaN gives 0.
template <typename To, typename From>
To CutTo(From x) {
  static_assert(std::is_floating_point_v<From> && std::is_integral_v<To>);
  if constexpr (std::is_same_v<To, int32_t> || std::is_same_v<To, int64_t>) {
    constexpr auto kEnd = static_cast<From>(std::is_same_v<To, int32_t> ? 0x1p31 : 0x1p63);
    if (x >= kEnd) return std::numeric_limits<To>::max();
    if (x < -kEnd) return std::numeric_limits<To>::min();
    return x == x ? static_cast<To>(x) : To{0};
  } else if constexpr (std::is_same_v<To, uint64_t>) {
    if (x >= static_cast<From>(0x1p64)) return std::numeric_limits<To>::max();
    if (x >= static_cast<From>(0x1p63)) return static_cast<To>(x);
    return static_cast<To>(CutTo<int64_t>(x));
  } else {
    return static_cast<To>(CutTo<int64_t>(x));
  }
}

// A float from which rounding to 16 bits gives what rounding `x` itself gives: between two floats
// it takes the one with an odd mantissa, which is no tie ("round to odd").
inline float OddFloat(double x) {
  const auto nearest = static_cast<float>(x);
  if (static_cast<double>(nearest) == x || !(x == x)) return nearest;
  uint32_t bits;
  std::memcpy(&bits, &nearest, sizeof(bits));
  // To the neighbour nearer to zero, and its last bit set.
  if (std::abs(static_cast<double>(nearest)) > std::abs(x)) --bits;
  bits |= 1u;
  float odd;
  std::memcpy(&odd, &bits, sizeof(odd));
  return odd;
}
inline float OddFloat(float x) { return x; }
// What a double would lose is kept as a last bit that is not 0.
template <typename T>
float OddFloat(T x) {
  if constexpr (sizeof(T) < 8) {
    return OddFloat(static_cast<double>(x));
  } else {
    const bool negative = x < T{0};
    auto magnitude = static_cast<uint64_t>(x);
    if (negative) magnitude = 0 - magnitude;
    const bool rest = (magnitude & 0xffffu) != 0;
    const double top = static_cast<double>(magnitude >> 16) + (rest ? 0.5 : 0.0);
    const bool exact = magnitude < (uint64_t{1} << 53);
    const double value = exact ? static_cast<double>(magnitude) : top * 65536.0;
    return OddFloat(negative ? -value : value);
  }
}

template <typename To, typename From>
To ConvertTo(From from) {
  const auto x = Value(from);
  using X = std::remove_const_t<decltype(x)>;
  if constexpr (std::is_same_v<To, Bool>) {
    return {static_cast<uint8_t>(x != X{0} ? 1 : 0)};
  } else if constexpr (std::is_same_v<To, Half>) {
    return {FloatToHalf(OddFloat(x))};
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return {FloatToBFloat16(OddFloat(x))};
  } else if constexpr (std::is_floating_point_v<X> && std::is_integral_v<To>) {
    return CutTo<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

}  // namespace octet

#endif  // OCTET_KERNELS_ELEMENTS_H_

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/elements.h"
#include "kernels/scalar_functions.h"

// The functions of integers, on 64 bits whatever the type.

namespace octet {
namespace {

bool IsU64(DataType type) { return type == DataType::kU64; }

bool Less(DataType type, int64_t a, int64_t b) {
  return IsU64(type) ? static_cast<uint64_t>(a) < static_cast<uint64_t>(b) : a < b;
}

int64_t Negative(int64_t x) { return static_cast<int64_t>(0 - static_cast<uint64_t>(x)); }

int64_t Product(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

int64_t Quotient(DataType type, int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (IsU64(type)) return static_cast<int64_t>(static_cast<uint64_t>(a) / static_cast<uint64_t>(b));
  return b == -1 ? Negative(a) : a / b;  // the lowest number / -1 does not fit
}

// With the sign of a.
int64_t Rest(DataType type, int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (IsU64(type)) return static_cast<int64_t>(static_cast<uint64_t>(a) % static_cast<uint64_t>(b));
  return b == -1 ? 0 : a % b;
}

int64_t FloorRest(DataType type, int64_t a, int64_t b) {
  const int64_t rest = Rest(type, a, b);
  const bool other_sign = !IsU64(type) && rest != 0 && (rest < 0) != (b < 0);
  return other_sign ? rest + b : rest;
}

int64_t Shift(schema::BinaryKind kind, DataType type, int64_t a, int64_t b) {
  const auto bits = static_cast<uint64_t>(b);
  if (bits >= 8 * SizeOf(type)) return 0;
  if (kind == schema::BinaryKind::SHIFT_LEFT) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) << bits);
  }
  return IsU64(type) ? static_cast<int64_t>(static_cast<uint64_t>(a) >> bits) : a >> bits;
}

int64_t Clip(DataType type, int64_t x, float alpha, float beta) {
  const int64_t low = ClipBound(type, alpha), high = ClipBound(type, beta);
  if (Less(type, x, low)) x = low;
  return Less(type, high, x) ? high : x;
}

}  // namespace

int64_t ClipBound(DataType type, float bound) {
  int64_t result = 0;
  DispatchWhole(type, [&](auto zero) {
    using T = decltype(zero);
    const double low = static_cast<double>(std::numeric_limits<T>::min());
    const double high = static_cast<double>(std::numeric_limits<T>::max());
    const double b = static_cast<double>(bound);
    const T nearest = b <= low    ? std::numeric_limits<T>::min()
                      : b >= high ? std::numeric_limits<T>::max()
                                  : CutTo<T>(b);
    result = static_cast<int64_t>(nearest);
  });
  return result;
}

int64_t PowerInteger(DataType a_type, int64_t a, DataType b_type, int64_t b) {
  if (!IsU64(b_type) && b < 0) {
    if (a == 1) return 1;
    if (a == -1 && !IsU64(a_type)) return b % 2 == 0 ? 1 : -1;
    return 0;
  }
  int64_t result = 1;
  for (auto exponent = static_cast<uint64_t>(b); exponent != 0; exponent >>= 1) {
    if ((exponent & 1u) != 0) result = Product(result, a);
    a = Product(a, a);
  }
  return result;
}

int64_t PowerReal(DataType a_type, int64_t a, float b) {
  if (b == std::trunc(b) && std::abs(b) < 0x1p63f) {
    return PowerInteger(a_type, a, DataType::kS64, static_cast<int64_t>(b));
  }
  const double base =
      IsU64(a_type) ? static_cast<double>(static_cast<uint64_t>(a)) : static_cast<double>(a);
  int64_t result = 0;
  DispatchWhole(a_type, [&](auto zero) {
    result = static_cast<int64_t>(CutTo<decltype(zero)>(std::pow(base, static_cast<double>(b))));
  });
  return result;
}

int64_t UnaryInteger(const schema::UnaryOptionsT& options, DataType type, int64_t x) {
  using Kind = schema::UnaryKind;
  const bool negative = Less(type, x, 0);
  switch (options.kind) {
    case Kind::ABS:
      return negative ? Negative(x) : x;
    case Kind::NEG:
      return Negative(x);
    case Kind::SIGN:
      return negative ? -1 : x != 0;
    case Kind::CLIP:
      return Clip(type, x, options.alpha, options.beta);
    case Kind::NOT:
      return x == 0;
    case Kind::BIT_NOT:
      return ~x;
    default:
      return x;
  }
}

int64_t BinaryInteger(schema::BinaryKind kind, DataType type, int64_t a, int64_t b) {
  using Kind = schema::BinaryKind;
  switch (kind) {
    case Kind::ADD:
      return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    case Kind::SUB:
      return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
    case Kind::MUL:
      return Product(a, b);
    case Kind::DIV:
      return Quotient(type, a, b);
    case Kind::MINIMUM:
      return Less(type, b, a) ? b : a;
    case Kind::MAXIMUM:
      return Less(type, a, b) ? b : a;
    case Kind::POW:
      return PowerInteger(type, a, type, b);
    case Kind::MOD:
      return FloorRest(type, a, b);
    case Kind::FMOD:
      return Rest(type, a, b);
    case Kind::PRELU:
      return Less(type, a, 0) ? Product(a, b) : a;
    case Kind::BIT_AND:
    case Kind::AND:
      return a & b;
    case Kind::BIT_OR:
    case Kind::OR:
      return a | b;
    case Kind::BIT_XOR:
    case Kind::XOR:
      return a ^ b;
    case Kind::SHIFT_LEFT:
    case Kind::SHIFT_RIGHT:
      return Shift(kind, type, a, b);
    case Kind::EQUAL:
      return a == b;
    case Kind::LESS:
      return Less(type, a, b);
    case Kind::LESS_EQUAL:
      return !Less(type, b, a);
    case Kind::GREATER:
      return Less(type, b, a);
    case Kind::GREATER_EQUAL:
      return !Less(type, a, b);
  }
  return a;
}

}  // namespace octet

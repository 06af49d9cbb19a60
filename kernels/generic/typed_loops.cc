#include "kernels/generic/typed_loops.h"

#include <type_traits>

#include "kernels/elements.h"

namespace octet {
namespace generic {
namespace {

// Wraps around in C++ as well, and is not promoted to a signed type.
template <typename T>
using Wide = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

struct Add {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(static_cast<Wide<T>>(a) + static_cast<Wide<T>>(b));
  }
};
struct Sub {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(static_cast<Wide<T>>(a) - static_cast<Wide<T>>(b));
  }
};
struct Mul {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b));
  }
};

// Whether a / b is -a, which may not fit.
template <typename T>
bool Negates(T b) {
  return std::is_signed_v<T> && b == static_cast<T>(-1);
}

struct Div {
  template <typename T>
  T operator()(T a, T b) const {
    if (b == 0) return 0;
    return Negates(b) ? Sub()(T{0}, a) : static_cast<T>(a / b);
  }
};
struct Fmod {
  template <typename T>
  T operator()(T a, T b) const {
    return b == 0 || Negates(b) ? T{0} : static_cast<T>(a % b);
  }
};
struct Mod {
  template <typename T>
  T operator()(T a, T b) const {
    const T rest = Fmod()(a, b);
    return rest != 0 && (rest < T{0}) != (b < T{0}) ? static_cast<T>(rest + b) : rest;
  }
};
struct Minimum {
  template <typename T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct Maximum {
  template <typename T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct Pow {
  template <typename T>
  T operator()(T a, T b) const {
    if (b < T{0}) {
      if (a == 1) return 1;
      return Negates(a) ? static_cast<T>(b % 2 == 0 ? 1 : -1) : T{0};
    }
    T result = 1;
    for (; b != 0; b = static_cast<T>(b / 2)) {
      if (b % 2 != 0) result = Mul()(result, a);
      a = Mul()(a, a);
    }
    return result;
  }
};
struct Prelu {
  template <typename T>
  T operator()(T a, T b) const {
    return a < T{0} ? Mul()(a, b) : a;
  }
};
struct BitAnd {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a & b);
  }
};
struct BitOr {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a | b);
  }
};
struct BitXor {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a ^ b);
  }
};
// Negative numbers of bits are large ones.
template <typename T>
bool IsWithin(T bits) {
  return static_cast<std::make_unsigned_t<T>>(bits) < 8 * sizeof(T);
}
struct ShiftLeft {
  template <typename T>
  T operator()(T a, T b) const {
    return IsWithin(b) ? static_cast<T>(static_cast<Wide<T>>(a) << b) : T{0};
  }
};
struct ShiftRight {
  template <typename T>
  T operator()(T a, T b) const {
    return IsWithin(b) ? static_cast<T>(a >> b) : T{0};
  }
};
struct Equal {
  template <typename T>
  uint8_t operator()(T a, T b) const {
    return a == b;
  }
};
struct Less {
  template <typename T>
  uint8_t operator()(T a, T b) const {
    return a < b;
  }
};
struct LessEqual {
  template <typename T>
  uint8_t operator()(T a, T b) const {
    return a <= b;
  }
};
struct Greater {
  template <typename T>
  uint8_t operator()(T a, T b) const {
    return a > b;
  }
};
struct GreaterEqual {
  template <typename T>
  uint8_t operator()(T a, T b) const {
    return a >= b;
  }
};

template <typename Function, typename T>
void BinaryFor(const void* a_data, int64_t a_step, const void* b_data, int64_t b_step, void* y_data,
               int64_t n) {
  using Y = decltype(Function()(T{}, T{}));
  const auto *a = static_cast<const T*>(a_data), *b = static_cast<const T*>(b_data);
  auto* y = static_cast<Y*>(y_data);
  if (a_step == 1 && b_step == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] = Function()(a[i], b[i]);
  } else if (a_step == 1 && b_step == 0) {
    const T scalar = *b;
    for (int64_t i = 0; i < n; ++i) y[i] = Function()(a[i], scalar);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = Function()(a[i * a_step], b[i * b_step]);
  }
}

// Functions in the order of schema::BinaryKind; booleans have some of their own.
template <typename T>
TypedBinaryLoop IntegerLoop(schema::BinaryKind kind) {
  constexpr TypedBinaryLoop kLoops[] = {BinaryFor<Add, T>,
                                        BinaryFor<Sub, T>,
                                        BinaryFor<Mul, T>,
                                        BinaryFor<Div, T>,
                                        BinaryFor<Minimum, T>,
                                        BinaryFor<Maximum, T>,
                                        BinaryFor<Pow, T>,
                                        BinaryFor<Mod, T>,
                                        BinaryFor<Fmod, T>,
                                        BinaryFor<Prelu, T>,
                                        BinaryFor<BitAnd, T>,
                                        BinaryFor<BitOr, T>,
                                        BinaryFor<BitXor, T>,
                                        BinaryFor<ShiftLeft, T>,
                                        BinaryFor<ShiftRight, T>,
                                        nullptr,
                                        nullptr,
                                        nullptr,
                                        BinaryFor<Equal, T>,
                                        BinaryFor<Less, T>,
                                        BinaryFor<LessEqual, T>,
                                        BinaryFor<Greater, T>,
                                        BinaryFor<GreaterEqual, T>};
  const auto index = static_cast<size_t>(kind);
  return index < sizeof(kLoops) / sizeof(kLoops[0]) ? kLoops[index] : nullptr;
}

TypedBinaryLoop BooleanLoop(schema::BinaryKind kind) {
  switch (kind) {
    case schema::BinaryKind::AND:
      return BinaryFor<BitAnd, uint8_t>;
    case schema::BinaryKind::OR:
      return BinaryFor<BitOr, uint8_t>;
    case schema::BinaryKind::XOR:
      return BinaryFor<BitXor, uint8_t>;
    case schema::BinaryKind::EQUAL:
      return BinaryFor<Equal, uint8_t>;
    default:
      return nullptr;
  }
}

struct Abs {
  template <typename T>
  T operator()(T x, T, T) const {
    return x < T{0} ? Sub()(T{0}, x) : x;
  }
};
struct Neg {
  template <typename T>
  T operator()(T x, T, T) const {
    return Sub()(T{0}, x);
  }
};
struct Sign {
  template <typename T>
  T operator()(T x, T, T) const {
    return static_cast<T>((x > T{0}) - (x < T{0}));
  }
};
struct Clip {
  template <typename T>
  T operator()(T x, T low, T high) const {
    return Minimum()(Maximum()(x, low), high);
  }
};
struct BitNot {
  template <typename T>
  T operator()(T x, T, T) const {
    return static_cast<T>(~x);
  }
};
struct Not {
  template <typename T>
  T operator()(T x, T, T) const {
    return x == 0;
  }
};

template <typename Function, typename T>
void UnaryFor(const void* x_data, void* y_data, int64_t n, int64_t low, int64_t high) {
  const auto* x = static_cast<const T*>(x_data);
  auto* y = static_cast<T*>(y_data);
  const T lo = static_cast<T>(low), hi = static_cast<T>(high);
  for (int64_t i = 0; i < n; ++i) y[i] = Function()(x[i], lo, hi);
}

template <typename T>
TypedUnaryLoop IntegerLoop(schema::UnaryKind kind) {
  switch (kind) {
    case schema::UnaryKind::ABS:
      return UnaryFor<Abs, T>;
    case schema::UnaryKind::NEG:
      return UnaryFor<Neg, T>;
    case schema::UnaryKind::SIGN:
      return UnaryFor<Sign, T>;
    case schema::UnaryKind::CLIP:
      return UnaryFor<Clip, T>;
    case schema::UnaryKind::BIT_NOT:
      return UnaryFor<BitNot, T>;
    default:
      return nullptr;
  }
}

}  // namespace

TypedBinaryLoop TypedBinaryLoopOf(schema::BinaryKind kind, DataType type) {
  if (type == DataType::kBool) return BooleanLoop(kind);
  TypedBinaryLoop loop = nullptr;
  DispatchWhole(type, [&](auto zero) { loop = IntegerLoop<decltype(zero)>(kind); });
  return loop;
}

TypedUnaryLoop TypedUnaryLoopOf(schema::UnaryKind kind, DataType type) {
  if (type == DataType::kBool) {
    return kind == schema::UnaryKind::NOT ? UnaryFor<Not, uint8_t> : nullptr;
  }
  TypedUnaryLoop loop = nullptr;
  DispatchWhole(type, [&](auto zero) { loop = IntegerLoop<decltype(zero)>(kind); });
  return loop;
}

}  // namespace generic
}  // namespace octet

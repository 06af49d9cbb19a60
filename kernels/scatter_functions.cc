#include "kernels/scatter_functions.h"

#include <cmath>
#include <cstring>
#include <type_traits>

namespace octet {
namespace {

using Reduction = schema::ScatterReduction;

// Integers as unsigned ones of at least the width of int, whose arithmetic wraps around.
template <typename T>
using Wrapping = std::conditional_t<std::is_floating_point_v<T>, T,
                                    std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>>;

template <typename T>
bool IsNan(T value) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(value);
  return false;
}

template <Reduction kReduction, typename T>
T Combined(T a, T b) {
  using W = Wrapping<T>;
  switch (kReduction) {
    case Reduction::ADD:
      return static_cast<T>(static_cast<W>(a) + static_cast<W>(b));
    case Reduction::MUL:
      return static_cast<T>(static_cast<W>(a) * static_cast<W>(b));
    case Reduction::MAXIMUM:
      return a > b || IsNan(a) ? a : b;
    case Reduction::MINIMUM:
      return a < b || IsNan(a) ? a : b;
    case Reduction::NONE:
      break;
  }
  return b;
}

template <Reduction kReduction, typename T>
void Combine(void* to, const void* from, int64_t n) {
  T* y = static_cast<T*>(to);
  const T* x = static_cast<const T*>(from);
  for (int64_t i = 0; i < n; ++i) y[i] = Combined<kReduction>(y[i], x[i]);
}

template <size_t kBytes>
void Overwrite(void* to, const void* from, int64_t n) {
  std::memcpy(to, from, static_cast<size_t>(n) * kBytes);
}

CombineFunction OverwriteFor(DataType type) {
  switch (SizeOf(type)) {
    case 1:
      return Overwrite<1>;
    case 2:
      return Overwrite<2>;
    case 4:
      return Overwrite<4>;
    default:
      return Overwrite<8>;
  }
}

template <Reduction kReduction>
CombineFunction ReductionFor(DataType type) {
  switch (type) {
    case DataType::kF32:
      return Combine<kReduction, float>;
    case DataType::kS8:
      return Combine<kReduction, int8_t>;
    case DataType::kU8:
      return Combine<kReduction, uint8_t>;
    case DataType::kS16:
      return Combine<kReduction, int16_t>;
    case DataType::kU16:
      return Combine<kReduction, uint16_t>;
    case DataType::kS32:
      return Combine<kReduction, int32_t>;
    case DataType::kU32:
      return Combine<kReduction, uint32_t>;
    case DataType::kS64:
      return Combine<kReduction, int64_t>;
    case DataType::kU64:
      return Combine<kReduction, uint64_t>;
    default:
      return nullptr;
  }
}

}  // namespace

CombineFunction CombineFor(Reduction reduction, DataType type) {
  // Booleans are 0 and 1: the larger one is "or", the smaller one "and".
  const bool logical = type == DataType::kBool;
  const DataType number = logical ? DataType::kU8 : type;
  switch (reduction) {
    case Reduction::NONE:
      return OverwriteFor(type);
    case Reduction::ADD:
      return logical ? ReductionFor<Reduction::MAXIMUM>(number)
                     : ReductionFor<Reduction::ADD>(number);
    case Reduction::MUL:
      return ReductionFor<Reduction::MUL>(number);
    case Reduction::MAXIMUM:
      return ReductionFor<Reduction::MAXIMUM>(number);
    case Reduction::MINIMUM:
      return ReductionFor<Reduction::MINIMUM>(number);
  }
  return nullptr;
}

}  // namespace octet

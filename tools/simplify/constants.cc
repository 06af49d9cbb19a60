#include "tools/simplify/constants.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "runtime/core/half.h"

namespace octet {
namespace {

// Floats outside int64_t's range saturate; NaN becomes 0.
template <typename To, typename From>
To Truncate(From value) {
  if constexpr (std::is_same_v<To, int64_t> && std::is_floating_point_v<From>) {
    if (!(value == value)) return 0;
    if (value >= static_cast<From>(0x1p63)) return std::numeric_limits<int64_t>::max();
    if (value < static_cast<From>(-0x1p63)) return std::numeric_limits<int64_t>::min();
  }
  return static_cast<To>(value);
}

template <typename Stored, typename To>
std::vector<To> Widen(const Constant& data) {
  const size_t count = data.size() / sizeof(Stored);
  std::vector<To> result(count);
  for (size_t i = 0; i < count; ++i) {
    Stored element;  // bytes that a file lends need not be aligned
    std::memcpy(&element, data.data() + i * sizeof(Stored), sizeof(Stored));
    result[i] = Truncate<To>(element);
  }
  return result;
}

template <typename To, typename Widener>
std::vector<To> WidenHalf(const Constant& data, Widener widen) {
  const std::vector<int64_t> bits = Widen<uint16_t, int64_t>(data);
  std::vector<To> result(bits.size());
  for (size_t i = 0; i < bits.size(); ++i) {
    result[i] = Truncate<To>(widen(static_cast<uint16_t>(bits[i])));
  }
  return result;
}

template <typename To>
std::vector<To> Read(DataType type, const Constant& data) {
  switch (type) {
    case DataType::kF32:
      return Widen<float, To>(data);
    case DataType::kF16:
      return WidenHalf<To>(data, HalfToFloat);
    case DataType::kBF16:
      return WidenHalf<To>(data, BFloat16ToFloat);
    case DataType::kS8:
      return Widen<int8_t, To>(data);
    case DataType::kU8:
      return Widen<uint8_t, To>(data);
    case DataType::kS16:
      return Widen<int16_t, To>(data);
    case DataType::kS32:
      return Widen<int32_t, To>(data);
    case DataType::kS64:
      return Widen<int64_t, To>(data);
    case DataType::kBool:
      return Widen<uint8_t, To>(data);
    case DataType::kF64:
      return Widen<double, To>(data);
    case DataType::kU16:
      return Widen<uint16_t, To>(data);
    case DataType::kU32:
      return Widen<uint32_t, To>(data);
    case DataType::kU64:
      return Widen<uint64_t, To>(data);
    case DataType::kUnknown:
      break;
  }
  return {};
}

template <typename Stored, typename From, typename Convert>
Constant Write(absl::Span<const From> values, Convert convert) {
  std::vector<Stored> stored(values.size());
  for (size_t i = 0; i < values.size(); ++i) stored[i] = convert(values[i]);
  return Constant::Of<Stored>(stored);
}

template <typename From>
Constant WriteAs(DataType type, absl::Span<const From> values) {
  const auto to_float = [](From v) { return static_cast<float>(v); };
  const auto to_int = [](From v) {
    if constexpr (std::is_same_v<From, double>) return Truncate<int64_t>(v);
    return static_cast<int64_t>(v);
  };
  switch (type) {
    case DataType::kF32:
      return Write<float>(values, to_float);
    case DataType::kF16:
      return Write<uint16_t>(values, [&](From v) { return FloatToHalf(to_float(v)); });
    case DataType::kBF16:
      return Write<uint16_t>(values, [&](From v) { return FloatToBFloat16(to_float(v)); });
    case DataType::kS8:
      return Write<int8_t>(values, [&](From v) { return static_cast<int8_t>(to_int(v)); });
    case DataType::kU8:
      return Write<uint8_t>(values, [&](From v) { return static_cast<uint8_t>(to_int(v)); });
    case DataType::kS16:
      return Write<int16_t>(values, [&](From v) { return static_cast<int16_t>(to_int(v)); });
    case DataType::kS32:
      return Write<int32_t>(values, [&](From v) { return static_cast<int32_t>(to_int(v)); });
    case DataType::kS64:
      return Write<int64_t>(values, to_int);
    case DataType::kBool:
      return Write<uint8_t>(values, [](From v) { return static_cast<uint8_t>(v != 0); });
    case DataType::kF64:
      return Write<double>(values, [](From v) { return static_cast<double>(v); });
    case DataType::kU16:
      return Write<uint16_t>(values, [&](From v) { return static_cast<uint16_t>(to_int(v)); });
    case DataType::kU32:
      return Write<uint32_t>(values, [&](From v) { return static_cast<uint32_t>(to_int(v)); });
    case DataType::kU64:
      return Write<uint64_t>(values, [&](From v) { return static_cast<uint64_t>(to_int(v)); });
    case DataType::kUnknown:
      break;
  }
  return {};
}

}  // namespace

bool IsFloat(DataType type) {
  return type == DataType::kF32 || type == DataType::kF16 || type == DataType::kBF16;
}

std::vector<double> ToDoubles(DataType type, const Constant& data) {
  return Read<double>(type, data);
}

std::vector<int64_t> ToInts(DataType type, const Constant& data) {
  return Read<int64_t>(type, data);
}

Constant FromDoubles(DataType type, absl::Span<const double> values) {
  return WriteAs<double>(type, values);
}

Constant FromInts(DataType type, absl::Span<const int64_t> values) {
  return WriteAs<int64_t>(type, values);
}

}  // namespace octet

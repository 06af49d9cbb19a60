#include "tools/data/array.h"

#include <limits>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/half.h"

namespace octet {
namespace {

bool IsReal(DataType type) {
  return type == DataType::kF16 || type == DataType::kBF16 || type == DataType::kF32 ||
         type == DataType::kF64;
}

// x86's long double holds every value of every element type.
long double RealAt(const Array& a, size_t i) {
  switch (a.type) {
    case DataType::kF16:
      return HalfToFloat(a.as<uint16_t>()[i]);
    case DataType::kBF16:
      return BFloat16ToFloat(a.as<uint16_t>()[i]);
    case DataType::kF32:
      return a.as<float>()[i];
    default:
      return a.as<double>()[i];
  }
}

absl::int128 IntegerAt(const Array& a, size_t i) {
  switch (a.type) {
    case DataType::kS8:
      return a.as<int8_t>()[i];
    case DataType::kU8:
      return a.as<uint8_t>()[i];
    case DataType::kS16:
      return a.as<int16_t>()[i];
    case DataType::kU16:
      return a.as<uint16_t>()[i];
    case DataType::kS32:
      return a.as<int32_t>()[i];
    case DataType::kU32:
      return a.as<uint32_t>()[i];
    case DataType::kS64:
      return a.as<int64_t>()[i];
    case DataType::kU64:
      return a.as<uint64_t>()[i];
    default:
      return a.as<uint8_t>()[i] != 0;
  }
}

void StoreReal(long double value, Array& to, size_t i) {
  switch (to.type) {
    case DataType::kF16:
      to.as<uint16_t>()[i] = HalfFromReal(value);
      break;
    case DataType::kBF16:
      to.as<uint16_t>()[i] = BFloat16FromReal(value);
      break;
    case DataType::kF32:
      to.as<float>()[i] = static_cast<float>(value);
      break;
    default:
      to.as<double>()[i] = static_cast<double>(value);
  }
}

template <typename T>
absl::Status Store(const Array& from, Array& to, T max = std::numeric_limits<T>::max()) {
  absl::Span<T> out = to.as<T>();
  for (size_t i = 0; i < out.size(); ++i) {
    const absl::int128 v = IntegerAt(from, i);
    if (v < std::numeric_limits<T>::min() || v > max) {
      const std::string text =
          v < 0 ? absl::StrCat(static_cast<int64_t>(v)) : absl::StrCat(static_cast<uint64_t>(v));
      return absl::OutOfRangeError(
          absl::StrCat("value ", text, " at element ", i, " does not fit ", Name(to.type)));
    }
    out[i] = static_cast<T>(v);
  }
  return absl::OkStatus();
}

absl::Status StoreIntegers(const Array& from, Array& to) {
  switch (to.type) {
    case DataType::kS8:
      return Store<int8_t>(from, to);
    case DataType::kU8:
      return Store<uint8_t>(from, to);
    case DataType::kS16:
      return Store<int16_t>(from, to);
    case DataType::kU16:
      return Store<uint16_t>(from, to);
    case DataType::kS32:
      return Store<int32_t>(from, to);
    case DataType::kU32:
      return Store<uint32_t>(from, to);
    case DataType::kS64:
      return Store<int64_t>(from, to);
    case DataType::kU64:
      return Store<uint64_t>(from, to);
    default:
      return Store<uint8_t>(from, to, 1);
  }
}

}  // namespace

Array MakeArray(DataType type, Shape shape) {
  Array array;
  array.type = type;
  array.bytes.resize(static_cast<size_t>(NumElements(shape)) * SizeOf(type));
  array.shape = std::move(shape);
  return array;
}

absl::StatusOr<Array> ConvertArray(const Array& array, DataType type) {
  if (array.type == type) return array;
  Array result = MakeArray(type, array.shape);
  const bool from_real = IsReal(array.type);
  if (!IsReal(type)) {
    if (from_real) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot turn ", Name(array.type), " values into ", Name(type)));
    }
    if (absl::Status status = StoreIntegers(array, result); !status.ok()) return status;
    return result;
  }
  const auto count = static_cast<size_t>(NumElements(array.shape));
  for (size_t i = 0; i < count; ++i) {
    StoreReal(from_real ? RealAt(array, i) : static_cast<long double>(IntegerAt(array, i)), result,
              i);
  }
  return result;
}

}  // namespace octet

#include "tools/data/array.h"

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "runtime/core/half.h"

namespace octet {
namespace {

bool IsInteger(DataType type) {
  switch (type) {
    case DataType::kS8:
    case DataType::kU8:
    case DataType::kS16:
    case DataType::kS32:
    case DataType::kS64:
    case DataType::kBool:
      return true;
    default:
      return false;
  }
}

int64_t IntegerAt(const Array& a, size_t i) {
  switch (a.type) {
    case DataType::kS8:
      return a.as<int8_t>()[i];
    case DataType::kU8:
      return a.as<uint8_t>()[i];
    case DataType::kS16:
      return a.as<int16_t>()[i];
    case DataType::kS32:
      return a.as<int32_t>()[i];
    case DataType::kS64:
      return a.as<int64_t>()[i];
    default:
      return a.as<uint8_t>()[i] != 0;
  }
}

template <typename T>
absl::Status Store(const Array& from, Array& to, int64_t min, int64_t max) {
  absl::Span<T> out = to.as<T>();
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t v = IntegerAt(from, i);
    if (v < min || v > max) {
      return absl::OutOfRangeError(
          absl::StrCat("value ", v, " at element ", i, " does not fit ", Name(to.type)));
    }
    out[i] = static_cast<T>(v);
  }
  return absl::OkStatus();
}

absl::Status StoreIntegers(const Array& from, Array& to) {
  switch (to.type) {
    case DataType::kS8:
      return Store<int8_t>(from, to, -128, 127);
    case DataType::kU8:
      return Store<uint8_t>(from, to, 0, 255);
    case DataType::kS16:
      return Store<int16_t>(from, to, -32768, 32767);
    case DataType::kS32:
      return Store<int32_t>(from, to, std::numeric_limits<int32_t>::min(),
                            std::numeric_limits<int32_t>::max());
    case DataType::kS64:
      return Store<int64_t>(from, to, std::numeric_limits<int64_t>::min(),
                            std::numeric_limits<int64_t>::max());
    default:
      return Store<uint8_t>(from, to, 0, 1);
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
  if (type == DataType::kF32) {
    absl::Span<float> out = result.as<float>();
    if (array.type == DataType::kF16) {
      for (size_t i = 0; i < out.size(); ++i) out[i] = HalfToFloat(array.as<uint16_t>()[i]);
      return result;
    }
    if (array.type == DataType::kBF16) {
      for (size_t i = 0; i < out.size(); ++i) out[i] = BFloat16ToFloat(array.as<uint16_t>()[i]);
      return result;
    }
    if (IsInteger(array.type)) {
      for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(IntegerAt(array, i));
      return result;
    }
  }
  if (IsInteger(array.type) && IsInteger(type)) {
    absl::Status status = StoreIntegers(array, result);
    if (!status.ok()) return status;
    return result;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("cannot turn ", Name(array.type), " values into ", Name(type)));
}

}  // namespace octet

#include "octet/types.h"

#include "absl/strings/str_cat.h"

namespace octet {
namespace {

struct TypeInfo {
  absl::string_view name;
  size_t size;
};

// Indexed by DataType.
constexpr TypeInfo kTypes[] = {
    {"unknown", 0}, {"f32", 4}, {"f16", 2},  {"bf16", 2}, {"s8", 1},  {"u8", 1},  {"s16", 2},
    {"s32", 4},     {"s64", 8}, {"bool", 1}, {"f64", 8},  {"u16", 2}, {"u32", 4}, {"u64", 8},
};

const TypeInfo& InfoOf(DataType type) {
  const size_t index = static_cast<size_t>(type);
  return index < sizeof(kTypes) / sizeof(kTypes[0]) ? kTypes[index] : kTypes[0];
}

}  // namespace

size_t SizeOf(DataType type) { return InfoOf(type).size; }

absl::string_view Name(DataType type) { return InfoOf(type).name; }

int64_t NumElements(const Shape& shape) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  return count;
}

std::string ToString(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += 'x';
    if (shape[i] == -1) {
      text += '?';
    } else {
      absl::StrAppend(&text, shape[i]);
    }
  }
  return text;
}

}  // namespace octet

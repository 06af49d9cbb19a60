#include "tools/data/npy.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tools/data/file.h"
#include "tools/data/zip.h"

namespace octet {
namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr size_t kMagicSize = 6;
constexpr size_t kDataAlignment = 64;

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("damaged .npy data: ", what));
}

struct ElementType {
  const char* code;
  DataType type;
};
constexpr ElementType kTypes[] = {
    {"f2", DataType::kF16},  {"f4", DataType::kF32}, {"f8", DataType::kF64},
    {"V2", DataType::kBF16}, {"i1", DataType::kS8},  {"i2", DataType::kS16},
    {"i4", DataType::kS32},  {"i8", DataType::kS64}, {"u1", DataType::kU8},
    {"u2", DataType::kU16},  {"u4", DataType::kU32}, {"u8", DataType::kU64},
    {"b1", DataType::kBool},
};

struct Header {
  DataType type = DataType::kUnknown;
  bool fortran_order = false;
  Shape shape;
};

// What follows `key` in the header's dictionary, up to `end`.
absl::StatusOr<absl::string_view> Field(absl::string_view dictionary, absl::string_view key,
                                        absl::string_view open, absl::string_view end) {
  const std::string quoted = absl::StrCat("'", key, "'");
  size_t at = dictionary.find(quoted);
  if (at == absl::string_view::npos) return Damaged(absl::StrCat("no ", key));
  absl::string_view rest = absl::StripLeadingAsciiWhitespace(dictionary.substr(at + quoted.size()));
  if (!absl::ConsumePrefix(&rest, ":")) return Damaged(absl::StrCat("no value for ", key));
  rest = absl::StripLeadingAsciiWhitespace(rest);
  if (!absl::ConsumePrefix(&rest, open)) return Damaged(absl::StrCat("unexpected value of ", key));
  at = rest.find(end);
  if (at == absl::string_view::npos) return Damaged(absl::StrCat("no end to ", key));
  return rest.substr(0, at);
}

absl::Status ParseType(absl::string_view text, Header& header) {
  absl::string_view code = text;
  const bool big_endian = absl::ConsumePrefix(&code, ">");
  if (!big_endian && !absl::ConsumePrefix(&code, "<")) absl::ConsumePrefix(&code, "|");
  const bool one_byte = absl::EndsWith(code, "1");
  if (!big_endian || one_byte) {
    for (const ElementType& t : kTypes) {
      if (code == t.code) header.type = t.type;
    }
  }
  if (header.type != DataType::kUnknown) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "array elements of type '", text,
      "' are not supported; use f2, f4, f8, i1 to i8, u1 to u8, bool or V2 for bfloat16 (little "
      "endian)"));
}

absl::Status ParseShape(absl::string_view text, Header& header) {
  uint64_t elements = 1;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (part.empty()) continue;
    int64_t size;
    if (!absl::SimpleAtoi(part, &size) || size < 0) return Damaged("shape is not a list of sizes");
    header.shape.push_back(size);
    const auto factor = static_cast<uint64_t>(size);
    if (factor != 0 && elements > (uint64_t{1} << 48) / factor)
      return Damaged("shape is too large");
    elements *= factor;
  }
  constexpr size_t kMaxRank = 32;
  return header.shape.size() <= kMaxRank ? absl::OkStatus() : Damaged("too many dimensions");
}

absl::StatusOr<Header> ParseHeader(absl::string_view dictionary) {
  Header header;
  absl::StatusOr<absl::string_view> type = Field(dictionary, "descr", "'", "'");
  if (!type.ok()) return type.status();
  absl::StatusOr<absl::string_view> order = Field(dictionary, "fortran_order", "", ",");
  if (!order.ok()) return order.status();
  absl::StatusOr<absl::string_view> shape = Field(dictionary, "shape", "(", ")");
  if (!shape.ok()) return shape.status();
  header.fortran_order = absl::StripAsciiWhitespace(*order) == "True";
  absl::Status status = ParseType(*type, header);
  if (status.ok()) status = ParseShape(*shape, header);
  if (!status.ok()) return status;
  return header;
}

// Copies elements that lie with the first dimension fastest to row-major order.
void FromFortran(const uint8_t* from, const Shape& shape, size_t element_size, uint8_t* to) {
  const int64_t count = NumElements(shape);
  const size_t rank = shape.size();
  std::vector<int64_t> index(rank, 0);
  std::vector<int64_t> stride(rank, 1);
  for (size_t d = 1; d < rank; ++d) stride[d] = stride[d - 1] * shape[d - 1];
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = 0;
    for (size_t d = 0; d < rank; ++d) at += index[d] * stride[d];
    std::memcpy(to + i * element_size, from + at * element_size, element_size);
    for (size_t d = rank; d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

absl::Status Prefixed(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

}  // namespace

absl::StatusOr<Array> ParseNpy(absl::Span<const uint8_t> file) {
  if (file.size() < kMagicSize + 4 || std::memcmp(file.data(), kMagic, kMagicSize) != 0) {
    return Damaged("it does not begin as such");
  }
  const int version = file[kMagicSize];
  if (version < 1 || version > 3) return Damaged(absl::StrCat("unknown version ", version));
  const size_t length_size = version == 1 ? 2 : 4;
  const size_t start = kMagicSize + 2 + length_size;
  if (file.size() < start) return Damaged("its header ends too early");
  uint64_t length = 0;
  for (size_t i = 0; i < length_size; ++i) {
    length |= uint64_t{file[kMagicSize + 2 + i]} << (8 * i);
  }
  if (length > file.size() - start) return Damaged("its header ends too early");
  absl::StatusOr<Header> header =
      ParseHeader({reinterpret_cast<const char*>(file.data() + start), length});
  if (!header.ok()) return header.status();

  absl::Span<const uint8_t> data = file.subspan(start + length);
  const size_t element_size = SizeOf(header->type);
  const uint64_t size = static_cast<uint64_t>(NumElements(header->shape)) * element_size;
  if (data.size() != size) {
    return Damaged(absl::StrCat("shape ", ToString(header->shape), " needs ", size,
                                " bytes, there are ", data.size()));
  }
  Array array = MakeArray(header->type, header->shape);
  if (header->fortran_order && header->shape.size() > 1) {
    FromFortran(data.data(), header->shape, element_size, array.bytes.data());
  } else if (!data.empty()) {
    std::memcpy(array.bytes.data(), data.data(), data.size());
  }
  return array;
}

std::vector<uint8_t> FormatNpy(const Array& array) {
  std::string code;
  for (const ElementType& t : kTypes) {
    if (t.type == array.type) code = t.code;
  }
  std::string shape = absl::StrJoin(array.shape, ", ");
  if (array.shape.size() == 1) shape += ",";
  std::string header = absl::StrCat("{'descr': '", SizeOf(array.type) == 1 ? "|" : "<", code,
                                    "', 'fortran_order': False, 'shape': (", shape, "), }");
  const size_t prefix = kMagicSize + 4;
  while ((prefix + header.size() + 1) % kDataAlignment != 0) header += ' ';
  header += '\n';
  std::string start(kMagic, kMagicSize);
  start +=
      {'\x01', '\x00', static_cast<char>(header.size()), static_cast<char>(header.size() >> 8)};
  start += header;
  std::vector<uint8_t> file(start.size() + array.bytes.size());
  std::copy(start.begin(), start.end(), file.begin());
  std::copy(array.bytes.begin(), array.bytes.end(),
            file.begin() + static_cast<ptrdiff_t>(start.size()));
  return file;
}

absl::StatusOr<NamedArrays> ReadArrays(const std::string& path) {
  absl::StatusOr<std::vector<uint8_t>> file = ReadFile(path);
  if (!file.ok()) return file.status();
  NamedArrays arrays;
  if (file->size() >= 2 && (*file)[0] == 'P' && (*file)[1] == 'K') {
    absl::StatusOr<std::vector<ZipMember>> members = ReadZip(*file);
    if (!members.ok()) return Prefixed(path, members.status());
    file->clear();
    for (ZipMember& member : *members) {
      absl::string_view name = member.name;
      absl::ConsumeSuffix(&name, ".npy");
      absl::StatusOr<Array> array = ParseNpy(member.bytes);
      if (!array.ok()) return Prefixed(absl::StrCat(path, ": array ", name), array.status());
      arrays.emplace_back(name, *std::move(array));
      member.bytes = {};
    }
    return arrays;
  }
  if (file->size() < kMagicSize || std::memcmp(file->data(), kMagic, kMagicSize) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is neither .npy nor .npz"));
  }
  absl::StatusOr<Array> array = ParseNpy(*file);
  if (!array.ok()) return Prefixed(path, array.status());
  arrays.emplace_back("", *std::move(array));
  return arrays;
}

absl::Status WriteArrays(const std::string& path, const NamedArrays& arrays) {
  if (absl::EndsWithIgnoreCase(path, ".npy")) {
    if (arrays.size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": an .npy file holds one array, there are ", arrays.size(), "; write .npz"));
    }
    return WriteFile(path, FormatNpy(arrays[0].second));
  }
  std::vector<ZipMember> members;
  for (const auto& [name, array] : arrays) {
    members.push_back({absl::StrCat(name, ".npy"), FormatNpy(array)});
  }
  absl::StatusOr<std::vector<uint8_t>> archive = WriteZip(members);
  if (!archive.ok()) return Prefixed(path, archive.status());
  return WriteFile(path, *archive);
}

}  // namespace octet

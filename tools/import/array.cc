#include "tools/import/array.h"

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/simplify/constants.h"

namespace octet::importer {
namespace {

using onnx::TensorProto;

struct OnnxType {
  int onnx;
  const char* name;
  size_t stored_size;  // bytes of an element in raw_data
  DataType type;
};

constexpr OnnxType kTypes[] = {
    {TensorProto::FLOAT, "float", 4, DataType::kF32},
    {TensorProto::UINT8, "uint8", 1, DataType::kU8},
    {TensorProto::INT8, "int8", 1, DataType::kS8},
    {TensorProto::UINT16, "uint16", 2, DataType::kU16},
    {TensorProto::INT16, "int16", 2, DataType::kS16},
    {TensorProto::INT32, "int32", 4, DataType::kS32},
    {TensorProto::INT64, "int64", 8, DataType::kS64},
    {TensorProto::STRING, "string", 0, DataType::kUnknown},
    {TensorProto::BOOL, "bool", 1, DataType::kBool},
    {TensorProto::FLOAT16, "float16", 2, DataType::kF16},
    {TensorProto::DOUBLE, "double", 8, DataType::kF64},
    {TensorProto::UINT32, "uint32", 4, DataType::kU32},
    {TensorProto::UINT64, "uint64", 8, DataType::kU64},
    {TensorProto::BFLOAT16, "bfloat16", 2, DataType::kBF16},
};

const OnnxType* FindType(int onnx_type) {
  for (const OnnxType& type : kTypes) {
    if (type.onnx == onnx_type) return &type;
  }
  return nullptr;
}

absl::Status WrongSize(size_t found, int64_t expected, const char* what) {
  return absl::InvalidArgumentError(
      absl::StrCat("holds ", found, " ", what, ", but its shape needs ", expected));
}

// `owner` keeps `raw` alive.
Array FromRaw(const OnnxType& type, Shape shape, absl::Span<const uint8_t> raw,
              const std::shared_ptr<const void>& owner) {
  // Readers use the bytes in place as elements.
  const bool aligned = reinterpret_cast<uintptr_t>(raw.data()) % type.stored_size == 0;
  return {type.type, std::move(shape),
          aligned && owner ? Constant::Borrow(raw.data(), raw.size(), owner)
                           : Constant::Own(std::vector<uint8_t>(raw.begin(), raw.end()))};
}

// Elements of the typed fields, which ONNX shares between types: float16 lies as bits in
// int32_data.
absl::StatusOr<Array> FromFields(const TensorProto& proto, const OnnxType& type, Shape shape,
                                 int64_t elements) {
  const auto check = [&](int found) -> absl::Status {
    if (found == elements) return absl::OkStatus();
    return WrongSize(static_cast<size_t>(found), elements, "elements");
  };
  absl::Status status;
  switch (proto.data_type()) {
    case TensorProto::FLOAT: {
      if (status = check(proto.float_data_size()); !status.ok()) return status;
      const absl::Span<const float> values(proto.float_data().data(),
                                           static_cast<size_t>(proto.float_data_size()));
      return Array{type.type, std::move(shape), Constant::Of<float>(values)};
    }
    case TensorProto::DOUBLE: {
      if (status = check(proto.double_data_size()); !status.ok()) return status;
      const std::vector<double> values(proto.double_data().begin(), proto.double_data().end());
      return Array::OfDoubles(type.type, std::move(shape), values);
    }
    case TensorProto::INT64: {
      if (status = check(proto.int64_data_size()); !status.ok()) return status;
      const std::vector<int64_t> values(proto.int64_data().begin(), proto.int64_data().end());
      return Array::OfInts(type.type, std::move(shape), values);
    }
    case TensorProto::UINT32:
    case TensorProto::UINT64: {
      if (status = check(proto.uint64_data_size()); !status.ok()) return status;
      const std::vector<int64_t> values(proto.uint64_data().begin(), proto.uint64_data().end());
      return Array::OfInts(type.type, std::move(shape), values);
    }
    default:
      break;
  }
  if (status = check(proto.int32_data_size()); !status.ok()) return status;
  const std::vector<int64_t> values(proto.int32_data().begin(), proto.int32_data().end());
  if (type.type == DataType::kF16 || type.type == DataType::kBF16) {
    return Array{type.type, std::move(shape), FromInts(DataType::kS16, values)};
  }
  return Array::OfInts(type.type, std::move(shape), values);
}

}  // namespace

std::vector<int64_t> Array::ints() const { return ToInts(type, data); }
std::vector<double> Array::doubles() const { return ToDoubles(type, data); }

bool Array::operator==(const Array& other) const {
  if (type != other.type || shape != other.shape || data.size() != other.data.size()) return false;
  return data.data() == other.data.data() || data.size() == 0 ||
         std::memcmp(data.data(), other.data.data(), data.size()) == 0;
}

Array Array::OfInts(DataType type, Shape shape, absl::Span<const int64_t> values) {
  return {type, std::move(shape), FromInts(type, values)};
}

Array Array::OfDoubles(DataType type, Shape shape, absl::Span<const double> values) {
  return {type, std::move(shape), FromDoubles(type, values)};
}

Array Array::Vector(absl::Span<const int64_t> values) {
  return OfInts(DataType::kS64, {static_cast<int64_t>(values.size())}, values);
}

bool IsReal(DataType type) { return IsFloat(type) || type == DataType::kF64; }

DataType TypeOfOnnx(int onnx_type) {
  const OnnxType* type = FindType(onnx_type);
  return type ? type->type : DataType::kUnknown;
}

std::string NameOfOnnxType(int onnx_type) {
  const OnnxType* type = FindType(onnx_type);
  return type ? type->name : absl::StrCat("ONNX type ", onnx_type);
}

int64_t CheckedElements(absl::Span<const int64_t> dims) {
  constexpr int64_t kLimit = int64_t{1} << 40;
  int64_t elements = 1;
  bool empty = false;
  for (const int64_t dim : dims) {
    if (dim < 0) return -1;
    if (dim == 0) empty = true;
    if (dim > 0 && elements > kLimit / dim) return -1;
    elements *= std::max<int64_t>(dim, 1);
  }
  return empty ? 0 : elements;
}

absl::StatusOr<Array> DecodeTensor(const TensorProto& proto,
                                   const std::shared_ptr<const OnnxFile>& file) {
  const OnnxType* type = FindType(proto.data_type());
  if (type == nullptr || type->type == DataType::kUnknown) {
    return absl::UnimplementedError(
        absl::StrCat("has elements of ", NameOfOnnxType(proto.data_type()),
                     "; float, float16 and integers of 8 to 64 bits are "
                     "supported"));
  }
  if (proto.has_segment()) return absl::UnimplementedError("is a segment of a larger tensor");
  const absl::Span<const int64_t> dims(proto.dims().data(), static_cast<size_t>(proto.dims_size()));
  const int64_t elements = CheckedElements(dims);
  Shape shape(dims.begin(), dims.end());
  if (elements < 0) {
    return absl::InvalidArgumentError(absl::StrCat("has the impossible shape ", ToString(shape)));
  }
  const uint64_t size = static_cast<uint64_t>(elements) * type->stored_size;
  if (proto.data_location() == TensorProto::EXTERNAL) {
    absl::StatusOr<ExternalBytes> external = file->external.Find(proto, size);
    if (!external.ok()) return external.status();
    return FromRaw(*type, std::move(shape), external->bytes, external->owner);
  }
  if (!proto.has_raw_data()) return FromFields(proto, *type, std::move(shape), elements);
  const std::string& raw = proto.raw_data();
  if (raw.size() != size) return WrongSize(raw.size(), static_cast<int64_t>(size), "bytes");
  const absl::Span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(raw.data()), raw.size());
  return FromRaw(*type, std::move(shape), bytes, file);
}

}  // namespace octet::importer

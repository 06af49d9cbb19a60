#ifndef OCTET_TOOLS_IMPORT_ARRAY_H_
#define OCTET_TOOLS_IMPORT_ARRAY_H_

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"
#include "tools/import/external_data.h"

namespace octet::importer {

// A tensor whose elements are known while importing. The bytes are row-major and shared by copies.
struct Array {
  DataType type = DataType::kUnknown;
  Shape shape;
  Constant data;

  std::vector<int64_t> ints() const;
  std::vector<double> doubles() const;
  bool operator==(const Array& other) const;

  static Array OfInts(DataType type, Shape shape, absl::Span<const int64_t> values);
  static Array OfDoubles(DataType type, Shape shape, absl::Span<const double> values);
  // A vector of s64, which is what ONNX uses for shapes, axes and pads.
  static Array Vector(absl::Span<const int64_t> values);
};

// The type of elements of an ONNX type. kUnknown for strings, complex numbers, and floats of 8 bits
// and less.
DataType TypeOfOnnx(int onnx_type);

// f32, f16, bf16 or f64.
bool IsReal(DataType type);

// "float", "int64", ...: how ONNX calls the type.
std::string NameOfOnnxType(int onnx_type);

// Product of the dimensions, or -1 when one is negative or the product exceeds 2^40.
int64_t CheckedElements(absl::Span<const int64_t> dims);

// A parsed ONNX file, and the files that its tensors point to.
struct OnnxFile {
  explicit OnnxFile(const std::string& path) : external(path) {}

  onnx::ModelProto model;
  ExternalData external;
  // Functions' bodies with their parameters filled in: constants use their bytes in place.
  mutable std::deque<google::protobuf::RepeatedPtrField<onnx::NodeProto>> expanded;
};

// Reads a tensor of `file`. Bytes that need no conversion stay where they are, and keep `file`
// alive. InvalidArgument when sizes contradict each other or external data cannot be had,
// Unimplemented for types without a counterpart.
absl::StatusOr<Array> DecodeTensor(const onnx::TensorProto& proto,
                                   const std::shared_ptr<const OnnxFile>& file);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_ARRAY_H_

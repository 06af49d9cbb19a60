#ifndef OCTET_TOOLS_IMPORT_TFLITE_FOLD_H_
#define OCTET_TOOLS_IMPORT_TFLITE_FOLD_H_

#include "absl/status/statusor.h"
#include "tools/import/tflite_op.h"

namespace octet::importer {

// Evaluates an operator whose inputs are all numbers that are known while importing: converters
// leave chains of them that compute shapes. Unimplemented for operators that are never part of such
// chains, and for large tensors.
absl::StatusOr<Value> FoldTflite(TfliteOp& op);

// The begin, end and step of a STRIDED_SLICE along each dimension of x, with its masks resolved.
struct StridedSlice {
  std::vector<int64_t> begin, end, step;
  std::vector<bool> shrinks;  // the dimension vanishes
};
absl::StatusOr<StridedSlice> ReadStridedSlice(const TfliteOp& op);

// The begin and size of a SLICE along each dimension of x; a size of -1 takes what remains.
struct PlainSlice {
  std::vector<int64_t> begin, end;
};
absl::StatusOr<PlainSlice> ReadSlice(const TfliteOp& op);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_TFLITE_FOLD_H_

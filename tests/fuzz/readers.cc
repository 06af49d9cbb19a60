#include "tests/fuzz/readers.h"

#include <cstdlib>
#include <iostream>

#include "runtime/core/graph.h"
#include "runtime/core/validate.h"
#include "runtime/format/model_file.h"
#include "tests/fuzz/memory_file.h"
#include "tools/import/onnx_importer.h"
#include "tools/import/tflite_importer.h"

namespace octet::fuzz {
namespace {

absl::Status Judge(const absl::StatusOr<Graph>& graph) {
  if (!graph.ok()) {
    if (graph.status().message().empty()) std::abort();
    return graph.status();
  }
  const absl::Status valid = ValidateGraph(*graph);
  if (valid.ok()) return valid;
  std::cerr << "accepted, but not valid: " << valid << std::endl;
  std::abort();
}

}  // namespace

absl::Status ReadOnnx(absl::Span<const uint8_t> bytes) {
  const MemoryFile file(bytes);
  return Judge(ImportOnnx(file.path()));
}

// Read where they are: a sanitizer does not see what lies behind the end of a mapped file.
absl::Status ReadTflite(absl::Span<const uint8_t> bytes) {
  return Judge(ImportTfliteBytes(bytes, nullptr, "model.tflite"));
}

absl::Status ReadOctet(absl::Span<const uint8_t> bytes) {
  return Judge(ReadModelBytes(bytes, nullptr));
}

}  // namespace octet::fuzz

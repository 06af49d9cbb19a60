#include "tests/fuzz/readers.h"

#include <cstdlib>
#include <iostream>

#include "runtime/core/graph.h"
#include "runtime/core/validate.h"
#include "runtime/format/model_file.h"
#include "tests/fuzz/memory_file.h"
#include "tools/import/onnx_importer.h"

namespace octet::fuzz {
namespace {

absl::Status Judge(const absl::Status& status, const Graph* graph) {
  if (!status.ok()) {
    if (status.message().empty()) std::abort();
    return status;
  }
  const absl::Status valid = ValidateGraph(*graph);
  if (valid.ok()) return valid;
  std::cerr << "accepted, but not valid: " << valid << std::endl;
  std::abort();
}

}  // namespace

absl::Status ReadOnnx(absl::Span<const uint8_t> bytes) {
  const MemoryFile file(bytes);
  const absl::StatusOr<Graph> graph = ImportOnnx(file.path());
  return Judge(graph.status(), graph.ok() ? &*graph : nullptr);
}

absl::Status ReadOctet(absl::Span<const uint8_t> bytes) {
  const MemoryFile file(bytes);
  const absl::StatusOr<LoadedModel> loaded = ReadModel(file.path());
  return Judge(loaded.status(), loaded.ok() ? &loaded->graph : nullptr);
}

}  // namespace octet::fuzz

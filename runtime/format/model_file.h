#ifndef OCTET_RUNTIME_FORMAT_MODEL_FILE_H_
#define OCTET_RUNTIME_FORMAT_MODEL_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/core/graph.h"
#include "runtime/format/mapped_file.h"

// Model files, as schema/model.fbs specifies them.

namespace octet {

// The newest version of the format that this code reads. Files are written in the lowest version
// that can express them.
inline constexpr uint32_t kFormatVersion = 2;

struct LoadedModel {
  Graph graph;                       // constants lie in the mapping and keep it alive
  std::shared_ptr<MappedFile> file;  // never null
  uint64_t weights_bytes = 0;        // of the file's weights
};

// Maps and verifies a model file. The file must not change while the graph lives; a copy of it that
// WriteModel puts in its place is no change. NotFound and PermissionDenied when it cannot be
// opened, InvalidArgument when it is no model or a damaged one, Unimplemented when it is of a newer
// version or combines types that this version cannot. Messages start with the path.
absl::StatusOr<LoadedModel> ReadModel(const std::string& path);

// As ReadModel, of bytes in memory. Constants refer to `bytes`, which `owner` keeps alive; bytes
// that do not start at a multiple of 64 are copied.
absl::StatusOr<Graph> ReadModelBytes(absl::Span<const uint8_t> bytes,
                                     std::shared_ptr<const void> owner);

// Validates the graph and writes it under a temporary name in the same folder, which becomes `path`
// when all of it is on disk. On failure nothing is left, and a file that `path` named before is
// unchanged. Equal constants are stored once. The same graph gives the same bytes.
absl::Status WriteModel(const Graph& graph, const std::string& path);

}  // namespace octet

#endif  // OCTET_RUNTIME_FORMAT_MODEL_FILE_H_

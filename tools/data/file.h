#ifndef OCTET_TOOLS_DATA_FILE_H_
#define OCTET_TOOLS_DATA_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace octet {

// The bytes of a regular file. NotFound, PermissionDenied or InvalidArgument (a folder, larger than
// `max_size`) name the path and say what is wrong.
absl::StatusOr<std::vector<uint8_t>> ReadFile(const std::string& path,
                                              uint64_t max_size = uint64_t{1} << 40);

// Creates `path` in one step: `write` is given a temporary path in the same folder, which is
// renamed to `path` when it succeeds and removed when it fails. An existing file is replaced.
absl::Status WriteAtomically(const std::string& path,
                             absl::FunctionRef<absl::Status(const std::string& temporary)> write);

// Writes `bytes` with WriteAtomically.
absl::Status WriteFile(const std::string& path, absl::Span<const uint8_t> bytes);

// Whether a file could be created at `path`, as far as that can be told beforehand: for tools that
// would otherwise find out only after long work.
absl::Status CheckCanCreate(const std::string& path);

bool IsFolder(const std::string& path);

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_FILE_H_

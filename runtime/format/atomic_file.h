#ifndef OCTET_RUNTIME_FORMAT_ATOMIC_FILE_H_
#define OCTET_RUNTIME_FORMAT_ATOMIC_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace octet {

// A file that appears under its name when all of it is on disk, or not at all. Errors start with
// the path.
class AtomicFile {
 public:
  // Makes a file of a temporary name in the folder of `path`.
  static absl::StatusOr<AtomicFile> Create(const std::string& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  // Removes the file unless Commit succeeded.
  ~AtomicFile();

  absl::Status Write(absl::Span<const uint8_t> bytes);
  // Writes zeros up to `offset`, which is at most 64 beyond what was written.
  absl::Status PadTo(uint64_t offset);
  // Renames the file to its final name, replacing what had it. Nothing may be written after this.
  absl::Status Commit();

 private:
  AtomicFile(std::string path, std::string temporary, int descriptor);
  absl::Status Error(absl::string_view what) const;

  std::string path_;
  std::string temporary_;  // empty once there is nothing to remove
  int descriptor_;         // -1 once closed
  uint64_t written_ = 0;
};

}  // namespace octet

#endif  // OCTET_RUNTIME_FORMAT_ATOMIC_FILE_H_

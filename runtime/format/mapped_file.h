#ifndef OCTET_RUNTIME_FORMAT_MAPPED_FILE_H_
#define OCTET_RUNTIME_FORMAT_MAPPED_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace octet {

// A whole file in memory, for reading. Thread-safe.
class MappedFile {
 public:
  // NotFound, PermissionDenied, InvalidArgument (a folder, a device), ResourceExhausted. The
  // messages start with the path.
  static absl::StatusOr<std::shared_ptr<MappedFile>> Open(const std::string& path);

  // The file open as `descriptor`, which may be closed afterwards; `path` is for messages.
  static absl::StatusOr<std::shared_ptr<MappedFile>> Map(int descriptor, const std::string& path);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // Starts at the beginning of a page. Empty for an empty file.
  absl::Span<const uint8_t> bytes() const { return {data_, size_}; }

  // Gives back the memory of pages that were read so far. They are read again from the file where
  // they are needed again, so that this is safe at any time.
  void DropResidentPages();

 private:
  MappedFile(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  const uint8_t* data_;
  size_t size_;
};

}  // namespace octet

#endif  // OCTET_RUNTIME_FORMAT_MAPPED_FILE_H_

#ifndef OCTET_TESTS_FUZZ_MEMORY_FILE_H_
#define OCTET_TESTS_FUZZ_MEMORY_FILE_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace octet::fuzz {

// A file that lies in memory only and has no name of its own.
class MemoryFile {
 public:
  explicit MemoryFile(absl::Span<const uint8_t> bytes)
      : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    const auto size = static_cast<ssize_t>(bytes.size());
    if (descriptor_ < 0 || write(descriptor_, bytes.data(), bytes.size()) != size) std::abort();
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  // A path under which this process can open it.
  std::string path() const { return absl::StrCat("/proc/self/fd/", descriptor_); }

 private:
  const int descriptor_;
};

}  // namespace octet::fuzz

#endif  // OCTET_TESTS_FUZZ_MEMORY_FILE_H_

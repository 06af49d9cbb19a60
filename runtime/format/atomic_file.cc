#include "runtime/format/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"

namespace octet {
namespace {

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A renamed file survives a power failure once its folder is on disk too. Not all file systems can
// do this, and the file is complete either way.
void SyncFolder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(std::string path, std::string temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, "")),
      descriptor_(std::exchange(other.descriptor_, -1)),
      written_(other.written_) {}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& path) {
  static std::atomic<uint32_t> counter{0};
  // A name may be left from a process that was killed; another one is free.
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string temporary = absl::StrCat(path, ".tmp-", getpid(), "-", counter++);
    const int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) return AtomicFile(path, std::move(temporary), descriptor);
    if (errno != EEXIST) break;
  }
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot be written"));
}

absl::Status AtomicFile::Error(absl::string_view what) const {
  return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": ", what));
}

absl::Status AtomicFile::Write(absl::Span<const uint8_t> bytes) {
  // Linux writes at most 2 GiB at once.
  constexpr size_t kChunk = size_t{1} << 30;
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor_, bytes.data(), std::min(bytes.size(), kChunk));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error("cannot be written");
    bytes.remove_prefix(static_cast<size_t>(count));
    written_ += static_cast<uint64_t>(count);
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::PadTo(uint64_t offset) {
  static constexpr uint8_t kZeros[64] = {};
  return Write(absl::MakeConstSpan(kZeros, offset - written_));
}

absl::Status AtomicFile::Commit() {
  if (fsync(descriptor_) != 0) return Error("cannot be written to disk");
  if (close(std::exchange(descriptor_, -1)) != 0) return Error("cannot be written to disk");
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return Error("cannot be put in place");
  temporary_.clear();
  SyncFolder(FolderOf(path_));
  return absl::OkStatus();
}

}  // namespace octet

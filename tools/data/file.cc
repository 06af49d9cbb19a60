#include "tools/data/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace octet {
namespace {

absl::Status FileError(const std::string& path, const char* doing, int error) {
  const std::string message = absl::StrCat(path, ": cannot ", doing, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(message);
  if (error == EACCES || error == EPERM || error == EROFS) {
    return absl::PermissionDeniedError(message);
  }
  if (error == ENOSPC) return absl::ResourceExhaustedError(message);
  return absl::InvalidArgumentError(message);
}

absl::Status WriteAll(const std::string& path, absl::Span<const uint8_t> bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return FileError(path, "write", errno);
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      close(fd);
      return FileError(path, "write", error);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return close(fd) == 0 ? absl::OkStatus() : FileError(path, "write", errno);
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> ReadFile(const std::string& path, uint64_t max_size) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError(path, "open", errno);
  absl::Cleanup closer = [fd] { close(fd); };
  struct stat info;
  if (fstat(fd, &info) != 0) return FileError(path, "read", errno);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  }
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > max_size) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": has ", size, " bytes, more than the ", max_size, " allowed here"));
  }
  std::vector<uint8_t> bytes(size);
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = read(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(path, "read", errno);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

absl::Status WriteAtomically(const std::string& path,
                             absl::FunctionRef<absl::Status(const std::string& temporary)> write) {
  if (IsFolder(path)) return absl::InvalidArgumentError(absl::StrCat(path, ": is a folder"));
  const std::string temporary = absl::StrCat(path, ".tmp", getpid());
  absl::Status status = write(temporary);
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = FileError(path, "write", errno);
  }
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

absl::Status WriteFile(const std::string& path, absl::Span<const uint8_t> bytes) {
  return WriteAtomically(path,
                         [&](const std::string& temporary) { return WriteAll(temporary, bytes); });
}

absl::Status CheckCanCreate(const std::string& path) {
  if (IsFolder(path)) return absl::InvalidArgumentError(absl::StrCat(path, ": is a folder"));
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (access(folder.c_str(), W_OK | X_OK) == 0) return absl::OkStatus();
  return FileError(path, "write", errno);
}

bool IsFolder(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace octet

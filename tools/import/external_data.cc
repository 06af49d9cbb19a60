#include "tools/import/external_data.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"

namespace octet::importer {
namespace {

absl::Status Refuse(const std::string& location, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("has its data in the file '", location, "', which ", why));
}

// The names to follow from the model's folder.
absl::StatusOr<std::vector<std::string>> PartsOf(const std::string& location) {
  if (location.empty()) return Refuse(location, "has no name");
  if (location[0] == '/') return Refuse(location, "is not given relative to the model");
  if (location.find('\0') != std::string::npos) return Refuse(location, "has no possible name");
  std::vector<std::string> parts;
  for (absl::string_view part : absl::StrSplit(location, '/')) {
    if (part == "..") return Refuse(location, "may lie outside of the model's folder");
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  if (parts.empty()) return Refuse(location, "is a folder");
  return parts;
}

absl::Status CannotOpen(int folder, const std::string& part, const std::string& location,
                        int error) {
  struct stat info;
  const bool link =
      fstatat(folder, part.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
  if (link) return Refuse(location, "is reached by a symbolic link; links are not followed");
  return Refuse(location, absl::StrCat("cannot be opened: ", std::strerror(error)));
}

struct Range {
  uint64_t offset = 0;
  absl::optional<uint64_t> length;  // absent: up to the end of the file
};

absl::StatusOr<Range> RangeOf(const onnx::TensorProto& tensor) {
  Range range;
  for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
    if (entry.key() != "offset" && entry.key() != "length") continue;
    uint64_t value = 0;
    if (!absl::SimpleAtoi(entry.value(), &value)) {
      return absl::InvalidArgumentError(absl::StrCat("has external data whose ", entry.key(),
                                                     " is '", entry.value(),
                                                     "', which is not a number of bytes"));
    }
    if (entry.key() == "offset") {
      range.offset = value;
    } else {
      range.length = value;
    }
  }
  return range;
}

std::string LocationOf(const onnx::TensorProto& tensor) {
  for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
    if (entry.key() == "location") return entry.value();
  }
  return "";
}

}  // namespace

ExternalData::ExternalData(const std::string& model_path) {
  const size_t slash = model_path.rfind('/');
  folder_ = slash == std::string::npos ? "." : model_path.substr(0, slash + 1);
}

absl::StatusOr<std::shared_ptr<MappedFile>> ExternalData::Open(const std::string& location) const {
  const auto found = files_.find(location);
  if (found != files_.end()) return found->second;
  absl::StatusOr<std::vector<std::string>> parts = PartsOf(location);
  if (!parts.ok()) return parts.status();
  // Each name is opened from the folder before it, so that nothing can put a link in between.
  int current = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const auto close_current = absl::MakeCleanup([&current] {
    if (current >= 0) close(current);
  });
  if (current < 0) return Refuse(location, absl::StrCat("cannot be opened: ", strerror(errno)));
  for (size_t i = 0; i < parts->size(); ++i) {
    const std::string& part = (*parts)[i];
    // Without O_NONBLOCK, opening a pipe would wait for its other end.
    const int kind = i + 1 < parts->size() ? O_DIRECTORY : O_NONBLOCK;
    const int next = openat(current, part.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind);
    if (next < 0) return CannotOpen(current, part, location, errno);
    close(current);
    current = next;
  }
  struct stat info;
  if (fstat(current, &info) != 0 || !S_ISREG(info.st_mode)) {
    return Refuse(location, "is not a regular file");
  }
  absl::StatusOr<std::shared_ptr<MappedFile>> file = MappedFile::Map(current, location);
  if (file.ok()) files_[location] = *file;
  return file;
}

absl::StatusOr<ExternalBytes> ExternalData::Find(const onnx::TensorProto& tensor,
                                                 uint64_t size) const {
  absl::StatusOr<Range> range = RangeOf(tensor);
  if (!range.ok()) return range.status();
  const std::string location = LocationOf(tensor);
  absl::StatusOr<std::shared_ptr<MappedFile>> file = Open(location);
  if (!file.ok()) return file.status();
  if (range->length.value_or(size) != size) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", *range->length, " bytes of external data; its shape needs ", size));
  }
  const absl::Span<const uint8_t> bytes = (*file)->bytes();
  if (range->offset > bytes.size() || size > bytes.size() - range->offset) {
    return Refuse(location, absl::StrCat("ends before its data do: ", size, " bytes from ",
                                         range->offset, " on, of ", bytes.size()));
  }
  return ExternalBytes{bytes.subspan(range->offset, size), *std::move(file)};
}

}  // namespace octet::importer

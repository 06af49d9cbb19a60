#include "tools/quantize/journal.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/data/file.h"
#include "tools/data/sha256.h"

namespace octet {
namespace {

using nlohmann::json;

// The file: a line that names the format and its version, the SHA-256 of all that follows it and
// the line's end, then CBOR (RFC 8949) of the subject and the values.
constexpr char kMagic[] = "octet-search 1 ";
constexpr size_t kMagicSize = sizeof(kMagic) - 1;
constexpr size_t kDigestSize = 64;
constexpr size_t kHeaderSize = kMagicSize + kDigestSize + 1;

std::string DigestOf(absl::Span<const uint8_t> bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.HexDigest();
}

bool Exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

absl::Status Refuse(const std::string& path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", why));
}

absl::StatusOr<json> Contents(const std::string& path) {
  const absl::StatusOr<std::vector<uint8_t>> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  const absl::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  constexpr absl::string_view kFormat = "octet-search ";
  if (text.substr(0, kFormat.size()) != kFormat) {
    return Refuse(path, "is not the file of a search, which octet quantize --resume writes");
  }
  if (text.substr(0, kMagicSize) != kMagic) {
    return Refuse(path, "is of another version than this program reads; start the search anew");
  }
  if (text.size() < kHeaderSize || text.substr(kMagicSize, kDigestSize) !=
                                       DigestOf(absl::MakeConstSpan(*bytes).subspan(kHeaderSize))) {
    return Refuse(path, "is damaged or cut short; start the search anew");
  }
  const auto begin = bytes->begin() + static_cast<std::ptrdiff_t>(kHeaderSize);
  json contents = json::from_cbor(begin, bytes->end(), /*strict=*/true, /*allow_exceptions=*/false);
  if (!contents.is_object() || !contents.contains("subject") || !contents.contains("values") ||
      !contents["values"].is_object()) {
    return Refuse(path, "is damaged; start the search anew");
  }
  return contents;
}

json JsonOf(const JournalSubject& subject) {
  return {{"model", subject.model}, {"data", subject.data}, {"options", subject.options}};
}

}  // namespace

absl::StatusOr<Journal> Journal::Open(const std::string& path, const JournalSubject& subject) {
  Journal journal;
  journal.path_ = path;
  journal.subject_ = subject;
  if (!Exists(path)) return journal;
  absl::StatusOr<json> contents = Contents(path);
  if (!contents.ok()) return contents.status();
  const json expected = JsonOf(subject);
  for (const char* part : {"model", "data", "options"}) {
    if ((*contents)["subject"].value(part, json()) == expected[part]) continue;
    return Refuse(path, absl::StrCat("belongs to a search with other ", part,
                                     part == std::string("model") ? ": another model file" : "",
                                     "; name another file to start anew"));
  }
  for (auto& [name, value] : (*contents)["values"].items()) {
    journal.values_.emplace(name, std::move(value));
  }
  journal.found_ = static_cast<int64_t>(journal.values_.size());
  return journal;
}

const json* Journal::Find(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

absl::Status Journal::Put(std::map<std::string, json> values) {
  values_.merge(std::move(values));
  if (path_.empty()) return absl::OkStatus();
  const std::vector<uint8_t> body =
      json::to_cbor(json{{"subject", JsonOf(subject_)}, {"values", values_}});
  const std::string header = absl::StrCat(kMagic, DigestOf(body), "\n");
  std::vector<uint8_t> bytes(header.begin(), header.end());
  bytes.insert(bytes.end(), body.begin(), body.end());
  return WriteFile(path_, bytes);
}

absl::Status Journal::Damaged(const std::string& name) const {
  return Refuse(path_, absl::StrCat("'", name, "' is not what this program writes; start anew"));
}

}  // namespace octet

#include "tools/data/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace octet {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kCentralHeader = 0x02014b50;
constexpr uint32_t kEndOfDirectory = 0x06054b50;
constexpr uint32_t kEndOfDirectory64 = 0x06064b50;
constexpr uint32_t kLocator64 = 0x07064b50;
constexpr size_t kLocalHeaderSize = 30;
constexpr size_t kCentralHeaderSize = 46;
constexpr size_t kEndSize = 22;
constexpr size_t kEnd64Size = 56;
constexpr size_t kLocator64Size = 20;
constexpr uint32_t kInExtraField = 0xffffffff;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;
constexpr uint16_t kEncryptedFlag = 1;
// Deflate turns one bit into at most 258 bytes every two codes: 1032 to 1.
constexpr uint64_t kMaxRatio = 1032;

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("damaged zip archive: ", what));
}

// Little-endian numbers; the caller has checked that they lie within the bytes.
uint64_t Number(absl::Span<const uint8_t> bytes, size_t at, int size) {
  uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | bytes[at + i];
  return value;
}

struct Entry {
  std::string name;
  uint16_t method = 0;
  uint16_t flags = 0;
  uint32_t crc = 0;
  uint64_t packed_size = 0;
  uint64_t size = 0;
  uint64_t offset = 0;
};

struct Directory {
  uint64_t offset = 0;
  uint64_t entries = 0;
};

absl::StatusOr<Directory> FindDirectory(absl::Span<const uint8_t> archive) {
  constexpr size_t kMaxComment = 65535;
  if (archive.size() < kEndSize) return Damaged("it is too short");
  const size_t last = archive.size() - kEndSize;
  const size_t first = last > kMaxComment ? last - kMaxComment : 0;
  size_t end = last + 1;
  while (end-- > first) {
    if (Number(archive, end, 4) == kEndOfDirectory) break;
    if (end == first) return Damaged("its directory is missing, so it may be cut short");
  }
  Directory directory = {Number(archive, end + 16, 4), Number(archive, end + 10, 2)};
  if (end >= kLocator64Size && Number(archive, end - kLocator64Size, 4) == kLocator64) {
    const uint64_t at = Number(archive, end - kLocator64Size + 8, 8);
    if (archive.size() < kEnd64Size || at > archive.size() - kEnd64Size ||
        Number(archive, at, 4) != kEndOfDirectory64) {
      return Damaged("its ZIP64 directory is missing");
    }
    directory = {Number(archive, at + 48, 8), Number(archive, at + 32, 8)};
  }
  return directory;
}

// Takes sizes and offset from the ZIP64 extra field where the header says that they stand there.
absl::Status ReadZip64(absl::Span<const uint8_t> extra, Entry& entry) {
  while (extra.size() >= 4) {
    const uint64_t id = Number(extra, 0, 2);
    const size_t size = Number(extra, 2, 2);
    extra.remove_prefix(4);
    if (size > extra.size()) break;
    if (id == 1) {
      absl::Span<const uint8_t> fields = extra.first(size);
      for (uint64_t* value : {&entry.size, &entry.packed_size, &entry.offset}) {
        if (*value != kInExtraField) continue;
        if (fields.size() < 8) return Damaged("a ZIP64 field is too short");
        *value = Number(fields, 0, 8);
        fields.remove_prefix(8);
      }
    }
    extra.remove_prefix(size);
  }
  return absl::OkStatus();
}

absl::StatusOr<Entry> ReadEntry(absl::Span<const uint8_t> archive, size_t& at) {
  if (at > archive.size() || archive.size() - at < kCentralHeaderSize ||
      Number(archive, at, 4) != kCentralHeader) {
    return Damaged("its directory ends too early");
  }
  Entry entry;
  entry.flags = static_cast<uint16_t>(Number(archive, at + 8, 2));
  entry.method = static_cast<uint16_t>(Number(archive, at + 10, 2));
  entry.crc = static_cast<uint32_t>(Number(archive, at + 16, 4));
  entry.packed_size = Number(archive, at + 20, 4);
  entry.size = Number(archive, at + 24, 4);
  entry.offset = Number(archive, at + 42, 4);
  const size_t name = Number(archive, at + 28, 2);
  const size_t extra = Number(archive, at + 30, 2);
  const size_t comment = Number(archive, at + 32, 2);
  if (archive.size() - at - kCentralHeaderSize < name + extra + comment) {
    return Damaged("its directory ends too early");
  }
  at += kCentralHeaderSize;
  entry.name.assign(reinterpret_cast<const char*>(archive.data() + at), name);
  absl::Status status = ReadZip64(archive.subspan(at + name, extra), entry);
  if (!status.ok()) return status;
  at += name + extra + comment;
  return entry;
}

absl::Status Inflate(absl::Span<const uint8_t> packed, std::vector<uint8_t>& out) {
  constexpr size_t kChunk = size_t{1} << 30;  // zlib counts in 32 bits
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return absl::InternalError("zlib cannot start");
  size_t read = 0;
  size_t written = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_in = const_cast<Bytef*>(packed.data() + read);
    stream.avail_in = static_cast<uInt>(std::min(kChunk, packed.size() - read));
    stream.next_out = out.data() + written;
    stream.avail_out = static_cast<uInt>(std::min(kChunk, out.size() - written));
    const uInt in = stream.avail_in;
    const uInt room = stream.avail_out;
    result = inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += room - stream.avail_out;
    if (in == stream.avail_in && room == stream.avail_out) break;
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END || written != out.size()) return Damaged("deflated data are broken");
  return absl::OkStatus();
}

uint32_t Crc(absl::Span<const uint8_t> bytes) {
  return static_cast<uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

absl::StatusOr<ZipMember> Extract(absl::Span<const uint8_t> archive, const Entry& entry) {
  if (entry.flags & kEncryptedFlag) return Damaged(absl::StrCat(entry.name, " is encrypted"));
  if (archive.size() < kLocalHeaderSize || entry.offset > archive.size() - kLocalHeaderSize ||
      Number(archive, entry.offset, 4) != kLocalHeader) {
    return Damaged(absl::StrCat(entry.name, " does not lie within it"));
  }
  const uint64_t data = entry.offset + kLocalHeaderSize + Number(archive, entry.offset + 26, 2) +
                        Number(archive, entry.offset + 28, 2);
  if (data > archive.size() || entry.packed_size > archive.size() - data) {
    return Damaged(absl::StrCat(entry.name, " does not lie within it"));
  }
  const absl::Span<const uint8_t> packed = archive.subspan(data, entry.packed_size);
  ZipMember member = {entry.name, {}};
  if (entry.method == kStored) {
    if (entry.size != entry.packed_size) return Damaged(absl::StrCat(entry.name, " has two sizes"));
    member.bytes.assign(packed.begin(), packed.end());
  } else if (entry.method == kDeflated) {
    if (entry.size / kMaxRatio > packed.size() + 1) {
      return Damaged(absl::StrCat(entry.name, " claims ", entry.size, " bytes, more than its ",
                                  packed.size(), " can hold"));
    }
    member.bytes.resize(entry.size);
    absl::Status status = Inflate(packed, member.bytes);
    if (!status.ok()) return status;
  } else {
    return absl::InvalidArgumentError(absl::StrCat("zip member ", entry.name,
                                                   " is compressed by method ", entry.method,
                                                   "; only stored and deflated ones are read"));
  }
  if (Crc(member.bytes) != entry.crc) {
    return Damaged(absl::StrCat(entry.name, " has a wrong checksum"));
  }
  return member;
}

void Append(std::vector<uint8_t>& out, uint64_t value, int size) {
  for (int i = 0; i < size; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

// The fields that local and central headers share, from "version needed" to the name's length.
void AppendCommonHeader(std::vector<uint8_t>& out, const ZipMember& member, uint32_t crc) {
  constexpr uint16_t kVersionNeeded = 20;
  constexpr uint16_t kUtf8Names = 1 << 11;
  constexpr uint32_t kDate = 0x00210000;  // 1980-01-01, the earliest that the format knows
  Append(out, kVersionNeeded, 2);
  Append(out, kUtf8Names, 2);
  Append(out, kStored, 2);
  Append(out, kDate, 4);
  Append(out, crc, 4);
  Append(out, member.bytes.size(), 4);
  Append(out, member.bytes.size(), 4);
  Append(out, member.name.size(), 2);
  Append(out, 0, 2);
}

}  // namespace

absl::StatusOr<std::vector<ZipMember>> ReadZip(absl::Span<const uint8_t> archive) {
  absl::StatusOr<Directory> directory = FindDirectory(archive);
  if (!directory.ok()) return directory.status();
  if (directory->entries > archive.size() / kCentralHeaderSize) {
    return Damaged("its directory claims more members than it can hold");
  }
  std::vector<ZipMember> members;
  uint64_t total = 0;
  size_t at = directory->offset;
  for (uint64_t i = 0; i < directory->entries; ++i) {
    absl::StatusOr<Entry> entry = ReadEntry(archive, at);
    if (!entry.ok()) return entry.status();
    // Members that share bytes would get past the bound on each of them.
    total += entry->packed_size;
    if (entry->packed_size > archive.size() || total > archive.size()) {
      return Damaged("its members overlap");
    }
    absl::StatusOr<ZipMember> member = Extract(archive, *entry);
    if (!member.ok()) return member.status();
    members.push_back(*std::move(member));
  }
  return members;
}

absl::StatusOr<std::vector<uint8_t>> WriteZip(absl::Span<const ZipMember> members) {
  constexpr uint64_t kMaxOffset = std::numeric_limits<uint32_t>::max();
  std::vector<uint8_t> out;
  std::vector<uint8_t> directory;
  for (const ZipMember& member : members) {
    const uint64_t offset = out.size();
    if (offset + member.bytes.size() + member.name.size() + kLocalHeaderSize >= kMaxOffset) {
      return absl::InvalidArgumentError("arrays of more than 4 GiB do not fit one .npz file");
    }
    const uint32_t crc = Crc(member.bytes);
    Append(out, kLocalHeader, 4);
    AppendCommonHeader(out, member, crc);
    out.insert(out.end(), member.name.begin(), member.name.end());
    out.insert(out.end(), member.bytes.begin(), member.bytes.end());

    Append(directory, kCentralHeader, 4);
    Append(directory, 20, 2);  // version made by
    AppendCommonHeader(directory, member, crc);
    Append(directory, 0, 2 + 2 + 2 + 4);  // comment, disk, attributes
    Append(directory, offset, 4);
    directory.insert(directory.end(), member.name.begin(), member.name.end());
  }
  const uint64_t start = out.size();
  if (start + directory.size() >= kMaxOffset || members.size() >= 0xffff) {
    return absl::InvalidArgumentError("arrays of more than 4 GiB do not fit one .npz file");
  }
  out.insert(out.end(), directory.begin(), directory.end());
  Append(out, kEndOfDirectory, 4);
  Append(out, 0, 4);
  Append(out, members.size(), 2);
  Append(out, members.size(), 2);
  Append(out, directory.size(), 4);
  Append(out, start, 4);
  Append(out, 0, 2);
  return out;
}

}  // namespace octet

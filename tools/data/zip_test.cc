#include "tools/data/zip.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <string>

#include "gtest/gtest.h"

namespace octet {
namespace {

using ::testing::HasSubstr;

std::vector<ZipMember> Members() {
  return {{"a.npy", {1, 2, 3}}, {"empty", {}}, {"b", std::vector<uint8_t>(1000, 7)}};
}

void Put(std::vector<uint8_t>& out, uint64_t value, int size) {
  for (int i = 0; i < size; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

// An archive of one deflated member "x", with sizes in ZIP64 fields when asked for.
std::vector<uint8_t> DeflatedArchive(const std::vector<uint8_t>& bytes, bool zip64,
                                     uint64_t claimed_size) {
  std::vector<uint8_t> packed(compressBound(bytes.size()) + 64);
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  const auto crc = static_cast<uint32_t>(crc32(0, bytes.data(), static_cast<uInt>(bytes.size())));
  const auto header = [&](std::vector<uint8_t>& out, uint32_t signature, bool central) {
    Put(out, signature, 4);
    if (central) Put(out, 45, 2);
    Put(out, 45, 2);
    Put(out, 0, 2);
    Put(out, 8, 2);
    Put(out, 0, 4);
    Put(out, crc, 4);
    Put(out, zip64 ? 0xffffffff : packed.size(), 4);
    Put(out, zip64 ? 0xffffffff : claimed_size, 4);
    Put(out, 1, 2);
    Put(out, zip64 ? 20 : 0, 2);
    if (central) Put(out, 0, 2 + 2 + 2 + 4 + 4);
    out.push_back('x');
    if (!zip64) return;
    Put(out, 1, 2);
    Put(out, 16, 2);
    Put(out, claimed_size, 8);
    Put(out, packed.size(), 8);
  };
  std::vector<uint8_t> archive;
  header(archive, 0x04034b50, false);
  archive.insert(archive.end(), packed.begin(), packed.end());
  const size_t directory = archive.size();
  header(archive, 0x02014b50, true);
  const size_t end = archive.size();
  Put(archive, 0x06054b50, 4);
  Put(archive, 0, 4);
  Put(archive, 1, 2);
  Put(archive, 1, 2);
  Put(archive, end - directory, 4);
  Put(archive, directory, 4);
  Put(archive, 0, 2);
  return archive;
}

TEST(ZipTest, ReadsWhatItWrites) {
  const std::vector<uint8_t> archive = WriteZip(Members()).value();
  const std::vector<ZipMember> read = ReadZip(archive).value();
  ASSERT_EQ(read.size(), 3u);
  for (size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].name, Members()[i].name);
    EXPECT_EQ(read[i].bytes, Members()[i].bytes);
  }
  EXPECT_TRUE(ReadZip(WriteZip({}).value()).value().empty());
}

TEST(ZipTest, ReadsDeflatedMembers) {
  std::vector<uint8_t> bytes(5000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * i % 251);
  for (bool zip64 : {false, true}) {
    const absl::StatusOr<std::vector<ZipMember>> read =
        ReadZip(DeflatedArchive(bytes, zip64, bytes.size()));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ((*read)[0].bytes, bytes);
  }
}

TEST(ZipTest, RefusesFalseSizes) {
  const std::vector<uint8_t> bytes(5000, 1);
  for (uint64_t claimed : {uint64_t{4999}, uint64_t{5001}, uint64_t{1} << 50}) {
    EXPECT_EQ(ReadZip(DeflatedArchive(bytes, true, claimed)).status().code(),
              absl::StatusCode::kInvalidArgument)
        << claimed;
  }
}

TEST(ZipTest, CutAndFlippedArchivesAreErrorsOrArchives) {
  const std::vector<std::vector<uint8_t>> archives = {
      WriteZip(Members()).value(), DeflatedArchive(std::vector<uint8_t>(300, 5), true, 300)};
  for (const std::vector<uint8_t>& archive : archives) {
    for (size_t size = 0; size < archive.size(); ++size) {
      EXPECT_FALSE(ReadZip(absl::MakeConstSpan(archive).first(size)).ok()) << size;
    }
    for (size_t at = 0; at < archive.size(); ++at) {
      for (uint8_t flip : {0x01, 0x80, 0xff}) {
        std::vector<uint8_t> changed = archive;
        changed[at] ^= flip;
        (void)ReadZip(changed).ok();
      }
    }
  }
}

TEST(ZipTest, ChecksTheContents) {
  std::vector<uint8_t> archive = WriteZip(Members()).value();
  archive[30 + 5] ^= 1;  // the first byte of a.npy
  EXPECT_THAT(std::string(ReadZip(archive).status().message()),
              HasSubstr("a.npy has a wrong checksum"));
}

}  // namespace
}  // namespace octet

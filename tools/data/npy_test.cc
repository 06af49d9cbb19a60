#include "tools/data/npy.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tools/data/test_files.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<uint8_t> NpyFile(const std::string& header, const std::vector<uint8_t>& data,
                             int version = 1) {
  std::vector<uint8_t> file = {0x93, 'N', 'U', 'M', 'P', 'Y', static_cast<uint8_t>(version), 0};
  file.push_back(static_cast<uint8_t>(header.size()));
  file.push_back(static_cast<uint8_t>(header.size() >> 8));
  if (version > 1) file.insert(file.end(), 2, 0);
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

std::string Header(const std::string& type, const std::string& order, const std::string& shape) {
  return absl::StrCat("{'descr': '", type, "', 'fortran_order': ", order, ", 'shape': (", shape,
                      "), }\n");
}

TEST(NpyTest, ReadsWhatItWrites) {
  for (DataType type :
       {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kF64, DataType::kS8,
        DataType::kU8, DataType::kS16, DataType::kU16, DataType::kS32, DataType::kU32,
        DataType::kS64, DataType::kU64, DataType::kBool}) {
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 0}, Shape{2, 3, 4}}) {
      Array array = MakeArray(type, shape);
      for (size_t i = 0; i < array.bytes.size(); ++i) array.bytes[i] = static_cast<uint8_t>(i);
      const std::vector<uint8_t> file = FormatNpy(array);
      EXPECT_EQ((file.size() - array.bytes.size()) % 64, 0u);
      const absl::StatusOr<Array> read = ParseNpy(file);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->type, type);
      EXPECT_EQ(read->shape, shape);
      EXPECT_EQ(read->bytes, array.bytes);
    }
  }
}

TEST(NpyTest, FortranOrderBecomesRowMajor) {
  // [[0, 1, 2], [3, 4, 5]], columns first.
  const Array array = ParseNpy(NpyFile(Header("|u1", "True", "2, 3"), {0, 3, 1, 4, 2, 5})).value();
  EXPECT_THAT(array.bytes, ElementsAre(0, 1, 2, 3, 4, 5));
  // Element (i, j, k) of [2, 2, 2] is 4i + 2j + k and lies at i + 2j + 4k.
  const Array cube =
      ParseNpy(NpyFile(Header("|u1", "True", "2, 2, 2"), {0, 4, 2, 6, 1, 5, 3, 7})).value();
  EXPECT_THAT(cube.bytes, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(NpyTest, ReadsLaterVersions) {
  const std::vector<uint8_t> one_and_a_half = {0, 0, 0, 0, 0, 0, 0xf8, 0x3f};
  const Array array = ParseNpy(NpyFile(Header("<f8", "False", ""), one_and_a_half, 2)).value();
  EXPECT_EQ(array.type, DataType::kF64);
  EXPECT_EQ(array.as<double>()[0], 1.5);
}

// NumPy knows no bfloat16; ml_dtypes' is saved as two bytes without meaning.
TEST(NpyTest, VoidOfTwoBytesIsBFloat16) {
  const Array array = ParseNpy(NpyFile(Header("<V2", "False", "1,"), {0xc0, 0x3f})).value();
  EXPECT_EQ(array.type, DataType::kBF16);
  EXPECT_EQ(ConvertArray(array, DataType::kF32)->as<float>()[0], 1.5f);
}

TEST(NpyTest, RefusesWhatItCannotRead) {
  const auto message = [](const std::vector<uint8_t>& file) {
    const absl::Status status = ParseNpy(file).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({}), HasSubstr("does not begin"));
  EXPECT_THAT(message(NpyFile(Header("<c8", "False", "1"), {})), HasSubstr("type '<c8'"));
  EXPECT_THAT(message(NpyFile(Header(">f4", "False", "1"), {0, 0, 0, 0})), HasSubstr("'>f4'"));
  EXPECT_THAT(message(NpyFile(Header("<f4", "False", "2,"), {0, 0, 0, 0})),
              HasSubstr("shape 2 needs 8 bytes, there are 4"));
  EXPECT_THAT(message(NpyFile(Header("|u1", "False", "-1,"), {})), HasSubstr("list of sizes"));
  EXPECT_THAT(message(NpyFile(Header("|u1", "False", "4294967296, 4294967296"), {})),
              HasSubstr("too large"));
  EXPECT_THAT(message(NpyFile("{'descr': '<f4'}", {})), HasSubstr("no fortran_order"));
  EXPECT_THAT(message(NpyFile("{}", {}, 4)), HasSubstr("unknown version 4"));
}

TEST(NpyTest, CutFilesAreErrors) {
  const std::vector<uint8_t> file = FormatNpy(MakeArray(DataType::kF32, {2, 3}));
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(ParseNpy(absl::MakeConstSpan(file).first(size)).ok()) << size;
  }
}

TEST(ArraysTest, WritesAndReadsNpzAndNpy) {
  const std::string folder = testing::MakeFolder("npy");
  const NamedArrays arrays = {{"x", ArrayOf<float>(DataType::kF32, {2}, {1, 2})},
                              {"y/z:0", ArrayOf<int64_t>(DataType::kS64, {1, 1}, {-3})}};
  ASSERT_TRUE(WriteArrays(folder + "/a.npz", arrays).ok());
  const NamedArrays read = ReadArrays(folder + "/a.npz").value();
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[1].first, "y/z:0");
  EXPECT_EQ(read[1].second.as<int64_t>()[0], -3);

  EXPECT_FALSE(WriteArrays(folder + "/a.npy", arrays).ok());
  ASSERT_TRUE(WriteArrays(folder + "/a.npy", {arrays[0]}).ok());
  EXPECT_EQ(ReadArrays(folder + "/a.npy")->at(0).second.as<float>()[1], 2.0f);
}

TEST(ArraysTest, ErrorsNameFileAndArray) {
  const std::string path = testing::MakeFolder("npy") + "/a.npz";
  testing::WriteText(path, "what");
  EXPECT_EQ(ReadArrays(path).status().message(), path + ": is neither .npy nor .npz");
  testing::WriteText(path, "PK");
  EXPECT_THAT(std::string(ReadArrays(path).status().message()), HasSubstr(path + ": damaged zip"));
}

}  // namespace
}  // namespace octet

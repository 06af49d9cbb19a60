#include "tools/data/file.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "tools/data/test_files.h"

namespace octet {
namespace {

using ::testing::HasSubstr;

TEST(FileTest, WritesAndReadsBack) {
  const std::string path = testing::MakeFolder("file") + "/x";
  const std::vector<uint8_t> bytes = {0, 1, 255};
  ASSERT_TRUE(WriteFile(path, bytes).ok());
  EXPECT_EQ(ReadFile(path).value(), bytes);
  ASSERT_TRUE(WriteFile(path, {}).ok());
  EXPECT_TRUE(ReadFile(path).value().empty());
}

TEST(FileTest, ErrorsNameThePath) {
  const std::string folder = testing::MakeFolder("file");
  const absl::Status missing = ReadFile(folder + "/none").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr(folder + "/none: cannot open"));
  EXPECT_EQ(ReadFile(folder).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteFile(folder, {}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteFile(folder + "/none/x", {}).code(), absl::StatusCode::kNotFound);
}

TEST(FileTest, TellsBeforehandWhereNothingCanBeWritten) {
  const std::string folder = testing::MakeFolder("file");
  EXPECT_TRUE(CheckCanCreate(folder + "/x").ok());
  EXPECT_TRUE(CheckCanCreate("x").ok() ||
              CheckCanCreate("x").code() != absl::StatusCode::kNotFound);
  EXPECT_EQ(CheckCanCreate(folder + "/none/x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CheckCanCreate(folder).code(), absl::StatusCode::kInvalidArgument);
}

TEST(FileTest, LimitsTheSize) {
  const std::string path = testing::MakeFolder("file") + "/x";
  testing::WriteText(path, "12345");
  EXPECT_TRUE(ReadFile(path, 5).ok());
  EXPECT_EQ(ReadFile(path, 4).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(FileTest, AFailureLeavesTheOldFileAndNothingElse) {
  const std::string path = testing::MakeFolder("file") + "/x";
  testing::WriteText(path, "old");
  std::string temporary;
  const absl::Status status = WriteAtomically(path, [&](const std::string& t) {
    temporary = t;
    testing::WriteText(t, "half of the n");
    return absl::AbortedError("stopped");
  });
  EXPECT_EQ(status, absl::AbortedError("stopped"));
  EXPECT_EQ(ReadFile(path).value(), (std::vector<uint8_t>{'o', 'l', 'd'}));
  EXPECT_EQ(ReadFile(temporary).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace octet

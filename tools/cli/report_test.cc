#include "gtest/gtest.h"
#include "tools/cli/console.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/process.h"

namespace octet::cli {
namespace {

TEST(TableTest, AlignsColumns) {
  EXPECT_EQ(FormatTable({{"name", "us"}, {"a", "10.5"}, {"long one", "3"}}),
            "name      us\n"
            "a         10.5\n"
            "long one     3\n");
}

TEST(ExitCodeTest, TellsWrongUseFromBadInput) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), kSuccess);
  EXPECT_EQ(ExitCodeOf(UsageError("x")), kWrongUse);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("x")), kBadInput);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("x")), kBadInput);
}

TEST(ProcessTest, KnowsItsMemory) {
  EXPECT_GT(ResidentMib(), 0.5);
  EXPECT_GE(PeakResidentMib() * 1.05, ResidentMib());
  const int64_t before = NowNs();
  EXPECT_LE(before, NowNs());
}

}  // namespace
}  // namespace octet::cli

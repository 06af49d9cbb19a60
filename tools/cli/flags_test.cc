#include "tools/cli/flags.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"

namespace octet::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Flags {
  std::string data, weights, output;
  int64_t threads = 0;
  double seconds = 1;
  bool json = false;
  std::vector<std::string> shapes;
  FlagSet set = FlagSet("try FILE", "Does a thing.", "octet try x");

  Flags() {
    set.Text("data", "DIR", "where data are", &data);
    set.Text("o", "FILE", "what to write", &output);
    set.Choice("weights", {"per-channel", "per-tensor"}, "how", &weights);
    set.Integer("threads", "N", "how many", 1, 8, &threads);
    set.Real("seconds", "S", "how long", 0, 60, &seconds);
    set.Switch("json", "as JSON", &json);
    set.List("shape", "NAME=SHAPE", "shapes", &shapes);
  }
  std::string Error(std::vector<std::string> arguments) {
    const auto result = set.Parse(arguments);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(result.status().message());
  }
};

TEST(FlagsTest, ReadsValuesAndOperandsInAnyOrder) {
  Flags f;
  const auto operands = f.set.Parse({"a.octet", "--data", "dir", "--weights=per-tensor", "--json",
                                     "b.jpg", "-o", "out", "--threads", "2", "--seconds=0.5",
                                     "--shape", "x=1x2", "--shape=y=3", "--", "--data"});
  ASSERT_TRUE(operands.ok()) << operands.status();
  EXPECT_THAT(*operands, ElementsAre("a.octet", "b.jpg", "--data"));
  EXPECT_EQ(f.data, "dir");
  EXPECT_EQ(f.weights, "per-tensor");
  EXPECT_EQ(f.output, "out");
  EXPECT_EQ(f.threads, 2);
  EXPECT_EQ(f.seconds, 0.5);
  EXPECT_TRUE(f.json);
  EXPECT_THAT(f.shapes, ElementsAre("x=1x2", "y=3"));
}

TEST(FlagsTest, NegativeNumbersAreValues) {
  Flags f;
  ASSERT_TRUE(f.set.Parse({"--data", "-1,2"}).ok());
  EXPECT_EQ(f.data, "-1,2");
}

TEST(FlagsTest, ErrorsHelp) {
  Flags f;
  EXPECT_EQ(f.Error({"--thread", "2"}), "unknown flag --thread; did you mean --threads?");
  EXPECT_EQ(f.Error({"--wieghts", "x"}), "unknown flag --wieghts; did you mean --weights?");
  EXPECT_EQ(f.Error({"--zzzzzzzz"}), "unknown flag --zzzzzzzz");
  EXPECT_THAT(f.Error({"-data", "x"}), HasSubstr("unknown flag -data"));
  EXPECT_EQ(f.Error({"--data"}), "--data needs a value: --data DIR");
  EXPECT_EQ(f.Error({"--data", "--json"}), "--data needs a value: --data DIR");
  EXPECT_EQ(f.Error({"--json=1"}), "--json takes no value");
  EXPECT_EQ(f.Error({"--threads", "9"}), "--threads 9: expected an integer from 1 to 8");
  EXPECT_EQ(f.Error({"--threads", "two"}), "--threads two: expected an integer from 1 to 8");
  EXPECT_EQ(f.Error({"--seconds", "nan"}), "--seconds nan: expected a number from 0 to 60");
  EXPECT_EQ(f.Error({"--weights", "x"}), "--weights x: expected per-channel or per-tensor");
}

TEST(FlagsTest, HelpShowsEveryFlagAndTheExample) {
  Flags f;
  const std::string help = f.set.Help();
  EXPECT_THAT(help, HasSubstr("usage: octet try FILE"));
  EXPECT_THAT(help, HasSubstr("--weights per-channel|per-tensor"));
  EXPECT_THAT(help, HasSubstr("-o FILE"));
  EXPECT_THAT(help, HasSubstr("example: octet try x"));
}

TEST(EditDistanceTest, CountsEdits) {
  EXPECT_EQ(EditDistance("", "abc"), 3);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("same", "same"), 0);
}

}  // namespace
}  // namespace octet::cli

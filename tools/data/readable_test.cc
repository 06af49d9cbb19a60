#include "tools/data/readable.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace octet {
namespace {

// `size` samples that hold their index; those that `bad` tells cannot be loaded.
std::unique_ptr<SampleSource> Source(int64_t size, std::function<bool(int64_t)> bad) {
  DataSpec spec;
  spec.inputs.push_back({"x", DataType::kF32, {-1, 1}, {}, {}});
  std::vector<int> classes;
  for (int64_t i = 0; i < size; ++i) classes.push_back(static_cast<int>(10 + i));
  return SamplesFrom(
             size,
             [bad](int64_t i) -> absl::StatusOr<Sample> {
               if (bad(i)) return absl::InvalidArgumentError(absl::StrCat("file ", i, " is torn"));
               return Sample{
                   ArrayOf<float>(DataType::kF32, {1}, std::vector<float>{static_cast<float>(i)})};
             },
             spec, classes)
      .value();
}

TEST(ReadableTest, LeavesOutAndNamesWhatCannotBeRead) {
  auto source = Source(5, [](int64_t i) { return i == 0 || i == 3; });
  const std::vector<UnreadableSample> unreadable = FindUnreadable(*source);
  EXPECT_EQ(DescribeUnreadable(unreadable, 5),
            "2 of 5 samples cannot be read: file 0 is torn; file 3 is torn");
  const auto rest = WithoutUnreadable(std::move(source), unreadable).value();
  ASSERT_EQ(rest->size(), 3);
  const int64_t expected[] = {1, 2, 4};
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*rest->Load(i))[0].as<float>()[0], expected[i]);
    EXPECT_EQ(rest->ClassOf(i), 10 + expected[i]);
    EXPECT_EQ(rest->NameOf(i), absl::StrCat("sample ", expected[i]));
  }
}

TEST(ReadableTest, ChangesNothingWhenAllCanBeRead) {
  auto source = Source(3, [](int64_t) { return false; });
  const SampleSource* before = source.get();
  const std::vector<UnreadableSample> unreadable = FindUnreadable(*source);
  EXPECT_TRUE(unreadable.empty());
  EXPECT_EQ(WithoutUnreadable(std::move(source), unreadable)->get(), before);
}

TEST(ReadableTest, NothingLeftIsAnError) {
  auto source = Source(7, [](int64_t) { return true; });
  const std::vector<UnreadableSample> unreadable = FindUnreadable(*source);
  EXPECT_EQ(WithoutUnreadable(std::move(source), unreadable).status().message(),
            "7 of 7 samples cannot be read: file 0 is torn; file 1 is torn; file 2 is torn; file 3 "
            "is torn; file 4 is torn; and 2 more");
}

}  // namespace
}  // namespace octet

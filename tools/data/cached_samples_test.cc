#include "tools/data/cached_samples.h"

#include "gtest/gtest.h"

namespace octet {
namespace {

// Samples of four bytes that hold their index, which count how often they are loaded.
class CountingSource final : public SampleSource {
 public:
  int64_t size() const override { return 5; }
  absl::StatusOr<Sample> Load(int64_t index) const override {
    ++loads;
    if (index == 4) return absl::InvalidArgumentError("unreadable");
    const auto value = static_cast<float>(index);
    return Sample{ArrayOf<float>(DataType::kF32, {1}, absl::MakeConstSpan(&value, 1))};
  }
  int ClassOf(int64_t index) const override { return static_cast<int>(index) + 7; }
  std::string NameOf(int64_t) const override { return "a name"; }
  mutable int loads = 0;
};

TEST(CachedSamplesTest, LoadsEachSampleOnceAsLongAsThereIsRoom) {
  const CountingSource source;
  const CachedSamples cached(source, 8);  // room for two
  for (int round = 0; round < 3; ++round) {
    for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(cached.Load(i).value()[0].as<float>()[0], i);
  }
  EXPECT_EQ(source.loads, 2 + 3 * 2);
}

TEST(CachedSamplesTest, ErrorsAreNotKept) {
  const CountingSource source;
  const CachedSamples cached(source, 1000);
  EXPECT_EQ(cached.Load(4).status().message(), "unreadable");
  EXPECT_EQ(cached.Load(4).status().message(), "unreadable");
  EXPECT_EQ(source.loads, 2);
}

TEST(CachedSamplesTest, AllElseIsTheSources) {
  const CountingSource source;
  const CachedSamples cached(source, 8);
  EXPECT_EQ(cached.size(), 5);
  EXPECT_EQ(cached.ClassOf(2), 9);
  EXPECT_EQ(cached.NameOf(1), "a name");
}

}  // namespace
}  // namespace octet

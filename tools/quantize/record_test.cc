#include "tools/quantize/record.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "tools/quantize/exclusion_list.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Settings(const QuantizerOptions& options,
                                  const std::vector<std::string>& more = {}) {
  Statistics statistics;
  statistics.moving_average_constant = 0.25;
  const auto record = MakeRecord({}, statistics, {}, options, more);
  EXPECT_EQ(MethodOf(*record), options.method);
  return SettingsOf(*record);
}

TEST(RecordTest, HoldsWhatIsNeededToQuantizeAgain) {
  QuantizerOptions options;
  EXPECT_THAT(Settings(options), IsEmpty());
  options.calibrator = {CalibratorKind::kPercentile, 99.5};
  options.refine.rounding = options.refine.bias = true;
  options.target = Target::kAvx2;
  options.overrides =
      ParseOverrides("# why\n  operator a b: float \ntensor t: range=[-1, 2]", "o.txt").value();
  EXPECT_THAT(Settings(options, {OverrideLine("c", Precision::kDynamic)}),
              ElementsAre("--percentile 99.5", "--refine rounding,bias", "--target avx2",
                          "operator a b: float", "tensor t: range=[-1, 2]", "operator c: dynamic"));
  options = {};
  options.calibrator.kind = CalibratorKind::kMovingAverage;
  options.activations = DataType::kS8;
  options.symmetric_activations = true;
  EXPECT_THAT(Settings(options), ElementsAre("--moving-average 0.25", "--scheme symmetric"));
  options.method = "dynamic";
  EXPECT_THAT(Settings(options), IsEmpty());
}

TEST(RecordTest, ItsLinesAreOverrides) {
  const std::string line = OverrideLine("/a: b/", Precision::kFloat);
  const auto parsed = ParseOverrides(line, "o.txt").value();
  ASSERT_EQ(parsed.size(), 1u);
  EXPECT_EQ(parsed[0].pattern, "/a: b/");
  EXPECT_EQ(parsed[0].settings.precision, Precision::kFloat);
}

TEST(ExclusionListTest, IsAFileOfOverrides) {
  const std::string text =
      ExclusionList({{"a", "bad"}, {"b", "not good"}, {"c", "fine"}}, /*active=*/2);
  const auto parsed = ParseOverrides(text, "list").value();
  ASSERT_EQ(parsed.size(), 2u);
  EXPECT_EQ(parsed[0].pattern, "a");
  EXPECT_EQ(parsed[1].pattern, "b");
  EXPECT_EQ(parsed[1].settings.precision, Precision::kFloat);
  EXPECT_THAT(text, HasSubstr("# not good\noperator b: float\n"));
  EXPECT_THAT(text, HasSubstr("# fine\n# operator c: float\n"));
  EXPECT_THAT(ParseOverrides(ExclusionList({}, 3), "list").value(), IsEmpty());
}

TEST(ExclusionListTest, TheMostSensitiveComeFirstAndHalfTheNoiseIsActive) {
  const std::vector<LayerSensitivity> sensitivity = {
      {4, "a", 30, Precision::kInt8}, {4, "a", 10, Precision::kDynamic},
      {5, "b", 20, Precision::kInt8}, {6, "c", 21, Precision::kDynamic},
      {7, "d", 40, Precision::kInt8},
  };
  const std::vector<Exclusion> exclusions = ExclusionsOf(sensitivity);
  ASSERT_EQ(exclusions.size(), 4u);
  EXPECT_EQ(exclusions[0].op, "b");
  EXPECT_EQ(exclusions[1].op, "c");
  EXPECT_EQ(exclusions[1].why, "21.00 dB when it alone is dynamic");
  EXPECT_EQ(exclusions[2].op, "a");
  EXPECT_EQ(CausesOfHalf(sensitivity), 1u);
  EXPECT_EQ(CausesOfHalf({{1, "a", 20, Precision::kInt8}, {2, "b", 20, Precision::kInt8}}), 1u);
  EXPECT_EQ(CausesOfHalf({}), 0u);
}

}  // namespace
}  // namespace octet

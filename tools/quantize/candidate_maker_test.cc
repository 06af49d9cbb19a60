#include "tools/quantize/candidate_maker.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "runtime/testing/small_network.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// How the record of a refined model names its settings.
std::string SettingsOfRefined(bool judged_apart) {
  const Graph graph = testing::SmallFloatNetwork(1);
  const auto samples = testing::SmallNetworkSamples(4, 1);
  const QuantizerOptions options;
  Journal journal;
  CandidateMaker maker(graph, *samples, judged_apart, options, journal,
                       [](const std::string&, int64_t, int64_t) {});
  Recipe recipe;
  recipe.refined = true;
  const absl::StatusOr<Made> made = maker.Make(recipe);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() ? made->graph.quantization->method : "";
}

TEST(CandidateMakerTest, SmoothsOnlyWhereOtherSamplesJudge) {
  EXPECT_THAT(SettingsOfRefined(true), HasSubstr("--refine smooth,rounding,bias"));
  EXPECT_THAT(SettingsOfRefined(false), HasSubstr("--refine rounding,bias"));
  EXPECT_THAT(SettingsOfRefined(false), Not(HasSubstr("smooth")));
}

}  // namespace
}  // namespace octet

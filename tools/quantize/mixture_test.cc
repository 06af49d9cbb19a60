#include <gmock/gmock.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/model_internal.h"
#include "runtime/testing/small_network.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/test_samples.h"

// Networks whose operators have several precisions, as the executor runs them on this CPU.

namespace octet {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSubsetOf;

Graph Mixed(const std::string& overrides, QuantizerReport* report = nullptr,
            const std::string& method = "static") {
  QuantizerOptions options;
  options.method = method;
  options.overrides = ParseOverrides(overrides, "o.txt").value();
  const auto samples = testing::SmallNetworkSamples(8, 1);
  absl::StatusOr<Graph> result =
      QuantizeGraph(testing::SmallFloatNetwork(1), *samples, options, report);
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}

std::vector<float> Outputs(const Graph& graph, bool deterministic) {
  ModelOptions options;
  options.deterministic = deterministic;
  const auto model = ModelFromGraph(graph, options).value();
  constexpr int64_t kBatch = 8;
  return testing::RunOnce(*model, testing::SmallNetworkInput(kBatch, 50), kBatch);
}

double Decibels(const std::vector<float>& values, const std::vector<float>& truth) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    signal += static_cast<double>(truth[i]) * truth[i];
    const double difference = static_cast<double>(values[i]) - truth[i];
    noise += difference * difference;
  }
  return 10 * std::log10(signal / noise);
}

// What the steps convert: "u8 to s16".
std::set<std::string> Conversions(const Graph& graph) {
  const auto model = ModelFromGraph(graph, {}).value();
  const auto session = model->NewSession({{1, 3, 17, 19}}).value();
  std::set<std::string> kinds;
  for (const StepInfo& step : session->steps()) {
    if (step.conversion) kinds.insert(step.computed);
  }
  return kinds;
}

// Integers may differ by one unit per operator from the reference, real numbers of bf16 by their
// rounding, which the reference does not do.
TEST(MixtureTest, AllKernelsComputeWhatTheReferenceDoes) {
  const std::pair<const char*, double> cases[] = {
      {"operator project: int16", 45},
      {"operator depthwise: int16", 45},
      {"operator stem: int16\noperator depthwise: float", 45},
      {"operator project: bf16", 38},
      {"operator stem: bf16\noperator depthwise: bf16\noperator project: int16", 38},
      {"type Conv: int16\noperator project: f16\noperator fc: dynamic", 38},
      {"type Conv: bf16", 38},
  };
  const std::vector<float> truth = Outputs(testing::SmallFloatNetwork(1), true);
  for (const auto& [overrides, least] : cases) {
    const Graph graph = Mixed(overrides);
    const std::vector<float> reference = Outputs(graph, true);
    EXPECT_GT(Decibels(Outputs(graph, false), reference), least) << overrides;
    EXPECT_GT(Decibels(reference, truth), 25) << overrides;
  }
}

TEST(MixtureTest, SixteenBitsAreWorthMoreThanEight) {
  const std::vector<float> truth = Outputs(testing::SmallFloatNetwork(1), true);
  const double in_8_bits = Decibels(Outputs(Mixed(""), false), truth);
  EXPECT_GT(Decibels(Outputs(Mixed("type Conv: int16"), false), truth), in_8_bits + 1);
  EXPECT_GT(Decibels(Outputs(Mixed("type Conv: bf16"), false), truth), in_8_bits + 1);
}

TEST(MixtureTest, TypesMeetInOneStep) {
  // Between an operator and the next there is no other type than theirs.
  EXPECT_THAT(Conversions(Mixed("operator depthwise: int16")),
              IsSubsetOf({"f32 to u8", "s16 to u8", "u8 to f32"}));
  const std::set<std::string> halves =
      Conversions(Mixed("operator stem: bf16\noperator depthwise: bf16"));
  EXPECT_THAT(halves, ::testing::Not(Contains("f32 to s16")));
}

TEST(MixtureTest, TheReportNamesOperatorsByPrecision) {
  QuantizerReport report;
  Mixed("operator stem: bf16\noperator depthwise: int16\noperator project: float", &report);
  EXPECT_THAT(report.bf16_operators, ElementsAre("stem"));
  EXPECT_THAT(report.int16_operators, Contains("depthwise"));
  EXPECT_THAT(report.float_operators, Contains("project"));
  EXPECT_GT(report.int8_operators, 0);
  EXPECT_GT(report.conversions, 2);
}

TEST(MixtureTest, MethodsWithoutDataTakeRealNumbersOf16Bits) {
  QuantizerReport report;
  const Graph graph = Mixed("operator stem: bf16", &report, "weight-only");
  EXPECT_THAT(report.bf16_operators, ElementsAre("stem"));
  EXPECT_GT(Decibels(Outputs(graph, false), Outputs(graph, true)), 38);
  QuantizerOptions options;
  options.method = "weight-only";
  options.overrides = ParseOverrides("operator stem: int16", "o.txt").value();
  const auto samples = testing::SmallNetworkSamples(8, 1);
  EXPECT_THAT(std::string(QuantizeGraph(testing::SmallFloatNetwork(1), *samples, options, nullptr)
                              .status()
                              .message()),
              ::testing::HasSubstr("o.txt:1: operator 'stem' cannot be int16"));
}

// Where all activations have 16 bits, int16 is what static operators are.
TEST(MixtureTest, Int16InAModelOf16Bits) {
  QuantizerOptions options;
  options.activations = DataType::kS16;
  options.symmetric_activations = true;
  const auto samples = testing::SmallNetworkSamples(8, 1);
  const Graph graph = testing::SmallFloatNetwork(1);
  const Graph plain = QuantizeGraph(graph, *samples, options, nullptr).value();
  options.overrides = ParseOverrides("operator stem: int16", "o.txt").value();
  const Graph same = QuantizeGraph(graph, *samples, options, nullptr).value();
  EXPECT_EQ(Outputs(same, true), Outputs(plain, true));
}

}  // namespace
}  // namespace octet

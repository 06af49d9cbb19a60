#include "tools/quantize/refine.h"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>
#include <random>

#include "gtest/gtest.h"
#include "runtime/testing/small_network.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/test_graph.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using testing::Decibels;
using ::testing::HasSubstr;
using testing::Samples;
using testing::SmallNetworkSamples;

Graph Quantized(const Graph& graph, const SampleSource& samples, WeightGranularity weights,
                const std::string& methods) {
  QuantizerOptions options;
  options.weights = weights;
  options.refine = ParseRefineOptions(methods).value();
  return QuantizeGraph(graph, samples, options, nullptr).value();
}

// Two layers whose common channels differ a hundredfold in size, with a ReLU between them.
Graph Unbalanced() {
  testing::GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId y = b.Conv("first", x, {0.9f, 0.7f, 0.008f, -0.006f});
  b.graph.nodes.back().as<schema::ConvOptionsT>().activation_min = 0;
  b.graph.outputs = {b.Conv("second", y, {0.01f, 0.9f, -0.008f, 0.7f})};
  return b.graph;
}

std::unique_ptr<SampleSource> UnbalancedSamples() {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(16 * 32);
  for (float& v : values) v = uniform(random);
  return Samples({2, 4, 4}, values);
}

TEST(RefineTest, NamesMethods) {
  EXPECT_FALSE(ParseRefineOptions("none")->rounding);
  EXPECT_TRUE(ParseRefineOptions("all")->equalize);
  EXPECT_TRUE(ParseRefineOptions("all")->smooth);
  EXPECT_FALSE(ParseRefineOptions("all")->clipping);
  EXPECT_TRUE(ParseRefineOptions("smooth")->smooth);
  EXPECT_TRUE(ParseRefineOptions("clipping")->clipping);
  const RefineOptions some = ParseRefineOptions("rounding,bias").value();
  EXPECT_TRUE(some.rounding && some.bias);
  EXPECT_FALSE(some.equalize);
  const absl::Status status = ParseRefineOptions("rounding,sanding").status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("'sanding'"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("equalize, smooth, clipping, rounding, bias"));
}

TEST(RefineTest, EqualizationKeepsWhatTheNetworkComputes) {
  const auto samples = UnbalancedSamples();
  QuantizerOptions options;
  options.weights = WeightGranularity::kPerTensor;
  options.refine.equalize = true;
  const Graph graph = Unbalanced();
  const Graph equalized = PrepareGraph(graph, *samples, options).value();
  EXPECT_GT(Decibels(equalized, graph, *samples), 90);
  EXPECT_EQ(equalized.nodes.size(), graph.nodes.size());
}

TEST(RefineTest, EqualizationServesOneScalePerTensor) {
  const auto samples = UnbalancedSamples();
  const Graph graph = Unbalanced();
  const double plain =
      Decibels(Quantized(graph, *samples, WeightGranularity::kPerTensor, "none"), graph, *samples);
  const double equalized = Decibels(
      Quantized(graph, *samples, WeightGranularity::kPerTensor, "equalize"), graph, *samples);
  EXPECT_LT(plain, 20);
  EXPECT_GT(equalized, plain + 10);
}

TEST(RefineTest, RoundingServesSixteenBitActivations) {
  const Graph graph = testing::SmallFloatNetwork(1);
  const auto samples = Samples({3, 17, 19}, testing::SmallNetworkInput(12, 1));
  const auto others = Samples({3, 17, 19}, testing::SmallNetworkInput(12, 100));
  QuantizerOptions options;
  options.weights = WeightGranularity::kPerTensor;
  options.activations = DataType::kS16;
  options.symmetric_activations = true;
  const auto decibels = [&](const char* methods) {
    options.refine = ParseRefineOptions(methods).value();
    const absl::StatusOr<Graph> result = QuantizeGraph(graph, *samples, options, nullptr);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? Decibels(*result, graph, *others) : 0.0;
  };
  const double plain = decibels("none");
  EXPECT_GT(decibels("rounding"), plain + 0.5);
  options.weights_type = DataType::kS16;
  EXPECT_GT(decibels("rounding"), 60);
}

TEST(RefineTest, RoundingAndBiasesBringTheOutputsCloser) {
  const Graph graph = testing::SmallFloatNetwork(1);
  const auto samples = SmallNetworkSamples(12, 1);
  const auto others = SmallNetworkSamples(12, 100);
  const auto weights = WeightGranularity::kPerTensor;
  const double plain = Decibels(Quantized(graph, *samples, weights, "none"), graph, *others);
  const double rounded = Decibels(Quantized(graph, *samples, weights, "rounding"), graph, *others);
  EXPECT_GT(rounded, plain + 0.5);
  const Graph again = Quantized(graph, *samples, weights, "rounding");
  EXPECT_EQ(Decibels(again, graph, *others), rounded);
  const double bias = Decibels(Quantized(graph, *samples, weights, "bias"), graph, *others);
  EXPECT_GT(bias, plain - 0.5);
}

}  // namespace
}  // namespace octet

#include "tools/quantize/smooth.h"

#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/road.h"
#include "tools/quantize/sample_shapes.h"
#include "tools/quantize/test_graph.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using schema::BinaryKind;
using schema::NormalizationKind;
using testing::Decibels;
using testing::GraphBuilder;
using testing::NormalValues;

constexpr int64_t kTokens = 16, kWidth = 16;
constexpr size_t kOutlier = 3;  // a channel that is a hundred times as large as others

std::vector<float> Outliers(float others) {
  std::vector<float> values(kWidth, others);
  values[kOutlier] *= 100;
  return values;
}

// Weights for which the outlier counts as much as other channels.
std::vector<float> WeightsAgainstOutliers(int64_t outputs, uint32_t seed) {
  std::vector<float> weights = NormalValues(static_cast<size_t>(kWidth * outputs), seed);
  for (size_t o = 0; o < static_cast<size_t>(outputs); ++o)
    weights[kOutlier * static_cast<size_t>(outputs) + o] *= 0.01f;
  return weights;
}

std::unique_ptr<SampleSource> Tokens(uint32_t seed) {
  return testing::Samples({kTokens, kWidth}, NormalValues(8 * kTokens * kWidth, seed));
}

TensorId InputTokens(GraphBuilder& b) { return b.Input("x", {1, kTokens, kWidth}); }

absl::optional<Graph> Smoothed(const Graph& graph, WeightGranularity weights,
                               std::unique_ptr<SampleSource> samples = Tokens(1)) {
  SmoothOptions options;
  options.weights = weights;
  const std::vector<Shape> shapes = ShapesForSample(graph, *samples, {}).value();
  return SmoothActivations(graph, shapes, *samples, options).value();
}

// Expects that smoothing keeps what the graph computes and makes its int8 form better by
// `decibels`. Returns the smoothed graph.
Graph ExpectSmoothed(const Graph& graph, double decibels,
                     WeightGranularity weights = WeightGranularity::kPerChannel) {
  const absl::optional<Graph> smoothed = Smoothed(graph, weights);
  EXPECT_TRUE(smoothed);
  if (!smoothed) return graph;
  const auto samples = Tokens(1), others = Tokens(2);
  EXPECT_GT(Decibels(*smoothed, graph, *others), 110);
  QuantizerOptions options;
  options.weights = weights;
  const Graph plain = QuantizeGraph(graph, *samples, options, nullptr).value();
  options.refine.smooth = true;
  const Graph better = QuantizeGraph(graph, *samples, options, nullptr).value();
  EXPECT_GT(Decibels(better, graph, *others), Decibels(plain, graph, *others) + decibels);
  return *smoothed;
}

TEST(SmoothTest, NormalizationsTakeFactorsUp) {
  for (NormalizationKind kind : {NormalizationKind::LAYER, NormalizationKind::RMS}) {
    for (auto weights : {WeightGranularity::kPerChannel, WeightGranularity::kPerTensor}) {
      GraphBuilder b;
      const TensorId x = b.Normalization("n", kind, InputTokens(b), Outliers(1), Outliers(0.2f));
      b.graph.outputs = {b.Product("y", x, WeightsAgainstOutliers(8, 5))};
      EXPECT_EQ(ExpectSmoothed(b.graph, 15, weights).nodes.size(), 2u);
    }
  }
}

TEST(SmoothTest, QueriesKeysAndValuesShareTheFactors) {
  GraphBuilder b;
  const TensorId x =
      b.Normalization("n", NormalizationKind::LAYER, InputTokens(b), Outliers(1), Outliers(0.1f));
  b.graph.outputs = {b.Product("q", x, WeightsAgainstOutliers(8, 5)),
                     b.Product("k", x, WeightsAgainstOutliers(8, 6)),
                     b.Product("v", x, WeightsAgainstOutliers(20, 7))};
  const Graph smoothed = ExpectSmoothed(b.graph, 15);
  EXPECT_EQ(smoothed.nodes.size(), 4u);
  for (size_t i = 1; i < 4; ++i)
    EXPECT_EQ(smoothed.nodes[i].input(0), smoothed.nodes[0].outputs[0]);
}

TEST(SmoothTest, OtherReadersKeepTheActivation) {
  GraphBuilder b;
  const TensorId x =
      b.Normalization("n", NormalizationKind::LAYER, InputTokens(b), Outliers(1), Outliers(0.1f));
  const TensorId hidden = b.Product("hidden", x, WeightsAgainstOutliers(24, 5));
  const TensorId gelu = b.Unary("gelu", schema::UnaryKind::GELU, hidden);
  b.graph.outputs = {b.Product("y", gelu, NormalValues(24 * kWidth, 6), x)};
  b.graph.tensor(x).name = "residual";
  const Graph smoothed = ExpectSmoothed(b.graph, -0.5);
  ASSERT_EQ(smoothed.nodes.size(), 5u);
  EXPECT_EQ(smoothed.nodes[0].name, "n");
  EXPECT_EQ(smoothed.nodes[1].name, "n_smooth");
  EXPECT_EQ(smoothed.nodes[2].input(0), smoothed.nodes[1].outputs[0]);
  EXPECT_EQ(smoothed.nodes[4].input(3), smoothed.nodes[0].outputs[0]);
  const Precision f = Precision::kFloat, i = Precision::kInt8, d = Precision::kDynamic;
  EXPECT_EQ(PrecisionInRefined(b.graph, smoothed, {f, d, i, f}),
            (std::vector<Precision>{f, i, d, i, f}));
}

// The copy of the normalization moves the operators behind it.
TEST(SmoothTest, TheRoadMeasuresTheOperatorsOfTheGraph) {
  GraphBuilder b;
  const TensorId x =
      b.Normalization("n", NormalizationKind::LAYER, InputTokens(b), Outliers(1), Outliers(0.1f));
  const TensorId hidden = b.Product("hidden", x, WeightsAgainstOutliers(24, 5));
  b.graph.outputs = {b.Product("y", hidden, NormalValues(24 * kWidth, 6), x)};
  const auto samples = Tokens(1), others = Tokens(2);
  RoadOptions options;
  options.latency_seconds = 0.01;
  options.always_measure_sensitivity = true;
  const RoadResult result = WalkRoad(b.graph, *samples, *others, options).value();
  std::set<std::string> measured;
  for (const LayerSensitivity& s : result.sensitivity) {
    EXPECT_EQ(s.op, b.graph.nodes[static_cast<size_t>(s.node)].name);
    if (s.precision == Precision::kInt8) measured.insert(s.op);
  }
  EXPECT_EQ(measured, (std::set<std::string>{"hidden", "y"}));
}

TEST(SmoothTest, AMissingGainIsAdded) {
  GraphBuilder b;
  std::vector<float> mixing = NormalValues(kWidth * kWidth, 3);
  for (size_t i = 0; i < mixing.size(); ++i) {
    if (i % kWidth == kOutlier) mixing[i] *= 100;
  }
  const TensorId mixed = b.Product("mixed", InputTokens(b), mixing);
  const TensorId x = b.Normalization("n", NormalizationKind::RMS, mixed, {});
  b.graph.outputs = {b.Product("y", x, WeightsAgainstOutliers(8, 5))};
  const Graph smoothed = *Smoothed(b.graph, WeightGranularity::kPerChannel);
  EXPECT_GT(Decibels(smoothed, b.graph, *Tokens(2)), 110);
  EXPECT_EQ(NumElements(smoothed.tensor(smoothed.nodes[1].input(1)).shape), kWidth);
}

TEST(SmoothTest, ProductsAndSumsWithConstantsTakeFactorsUp) {
  GraphBuilder b;
  const TensorId sigmoid = b.Unary("sigmoid", schema::UnaryKind::ERF, InputTokens(b));
  const TensorId gain = b.Constant("gain", {kWidth}, Outliers(1));
  const TensorId shift = b.Constant("shift", {1, 1, kWidth}, Outliers(0.3f));
  const TensorId scaled = b.Binary("scaled", BinaryKind::MUL, gain, sigmoid);
  b.graph.tensor(scaled).shape = {1, kTokens, kWidth};
  const TensorId x = b.Binary("shifted", BinaryKind::ADD, scaled, shift);
  b.graph.outputs = {b.Product("y", x, WeightsAgainstOutliers(8, 5))};
  EXPECT_EQ(ExpectSmoothed(b.graph, 15).nodes.size(), 4u);
}

TEST(SmoothTest, BehindAFunctionAProductIsInserted) {
  GraphBuilder b;
  std::vector<float> widening = NormalValues(kWidth * kWidth, 3);
  for (size_t i = 0; i < widening.size(); ++i) {
    if (i % kWidth == kOutlier) widening[i] *= 100;
  }
  const TensorId hidden = b.Product("hidden", InputTokens(b), widening);
  const TensorId gelu = b.Unary("gelu", schema::UnaryKind::GELU, hidden);
  b.graph.outputs = {b.Product("y", gelu, WeightsAgainstOutliers(8, 5)), gelu};
  const Graph smoothed = ExpectSmoothed(b.graph, -0.1);  // mostly the other output
  ASSERT_EQ(smoothed.nodes.size(), 4u);
  EXPECT_EQ(smoothed.nodes[2].name, "gelu_smooth");
  EXPECT_EQ(smoothed.outputs[1], smoothed.nodes[1].outputs[0]);
  b.graph.outputs.pop_back();
  ExpectSmoothed(b.graph, 5);
}

// The values of attention pass factors on to the product that makes them.
TEST(SmoothTest, ValuesOfAttentionTakeFactorsUp) {
  GraphBuilder b;
  const TensorId input = InputTokens(b);
  const Shape heads = {1, kTokens, 2, kWidth / 2};
  const auto project = [&](const std::string& name, float outlier) {
    std::vector<float> weights = NormalValues(kWidth * kWidth, 11);
    for (size_t i = 0; i < weights.size(); ++i) weights[i] *= i % kWidth == kOutlier ? outlier : 1;
    return b.Reshape(name + ".heads", b.Product(name, input, weights), heads);
  };
  schema::AttentionOptionsT options;
  options.heads_last = true;
  options.scale = 0.1f;
  const TensorId q = project("q", 1), k = project("k", 1), v = project("v", 100);
  const TensorId mixed = b.Add("attention", std::move(options), {q, k, v}, heads);
  const TensorId merged = b.Reshape("merged", mixed, {1, kTokens, kWidth});
  b.graph.outputs = {b.Product("y", merged, WeightsAgainstOutliers(8, 5))};
  EXPECT_EQ(ExpectSmoothed(b.graph, 5).nodes.size(), b.graph.nodes.size());
  // With one scale for all weights, the product before would suffer.
  EXPECT_FALSE(Smoothed(b.graph, WeightGranularity::kPerTensor));
}

TEST(SmoothTest, WhatIsSmoothStays) {
  GraphBuilder b;
  const TensorId x = b.Normalization("n", NormalizationKind::LAYER, InputTokens(b),
                                     std::vector<float>(kWidth, 1.0f));
  std::vector<float> weights(kWidth * 8);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = i % 3 == 0 ? 0.5f : -0.5f;
  b.graph.outputs = {b.Product("y", x, weights)};
  // All channels have the same values in another order.
  const std::vector<float> values = NormalValues(kWidth, 1);
  std::vector<float> turned;
  for (size_t t = 0; t < kTokens; ++t) {
    for (size_t c = 0; c < kWidth; ++c) turned.push_back(values[(t + c) % kWidth]);
  }
  EXPECT_FALSE(Smoothed(b.graph, WeightGranularity::kPerChannel,
                        testing::Samples({kTokens, kWidth}, turned)));
  GraphBuilder none;  // nothing takes factors up
  none.graph.outputs = {none.Product("y", InputTokens(none), WeightsAgainstOutliers(8, 5))};
  EXPECT_FALSE(Smoothed(none.graph, WeightGranularity::kPerChannel));
}

TEST(SmoothTest, NotANumberInTheDataNamesTensorAndSample) {
  GraphBuilder b;
  const TensorId x = b.Normalization("n", NormalizationKind::LAYER, InputTokens(b), Outliers(1));
  b.graph.outputs = {b.Product("y", x, WeightsAgainstOutliers(8, 5))};
  std::vector<float> values = NormalValues(2 * kTokens * kWidth, 1);
  values[kTokens * kWidth + 5] = std::nanf("");
  QuantizerOptions options;
  options.refine.smooth = true;
  const auto samples = testing::Samples({kTokens, kWidth}, values);
  const absl::Status status = QuantizeGraph(b.graph, *samples, options, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("tensor 'n' has a value that is NaN or infinite for sample 1"),
            absl::string_view::npos)
      << status;
}

}  // namespace
}  // namespace octet

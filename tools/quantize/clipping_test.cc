#include "tools/quantize/clipping.h"

#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/test_graph.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using testing::Decibels;
using testing::GraphBuilder;

constexpr Precision kInt8 = Precision::kInt8;
constexpr Precision kInt8ToFloat = Precision::kInt8ToFloat;

// Values of both channels are from -1 to 1, but those of the first reach `outlier` now and then.
std::unique_ptr<SampleSource> WithOutliers(float outlier, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(8 * 32);
  for (float& v : values) v = uniform(random);
  for (size_t i = 5; i < values.size(); i += 32) values[i] = outlier;
  return testing::Samples({2, 4, 4}, values);
}

// The first channel, which has the outliers, hardly counts.
Graph OneLayer(float weight_of_outliers) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  b.graph.outputs = {b.Conv("y", x, {weight_of_outliers, 1, -weight_of_outliers, 0.5f})};
  return b.graph;
}

Graph Quantized(const Graph& graph, const SampleSource& samples, bool clipping) {
  QuantizerOptions options;
  options.refine.clipping = clipping;
  return QuantizeGraph(graph, samples, options, nullptr).value();
}

Range Narrowed(const Graph& graph, const SampleSource& samples, Range range,
               const std::set<TensorId>& fixed = {}) {
  ClippingOptions options;
  options.fixed = fixed;
  options.activations = range.symmetric ? DataType::kS8 : DataType::kU8;
  std::map<TensorId, Range> ranges = {{0, range}};
  EXPECT_TRUE(NarrowRanges(graph, {kInt8ToFloat}, samples, options, ranges).ok());
  return ranges.at(0);
}

TEST(ClippingTest, LeavesOutliersThatHardlyCountAside) {
  const Graph graph = OneLayer(0.001f);
  const auto samples = WithOutliers(50, 1), others = WithOutliers(50, 2);
  const double plain = Decibels(Quantized(graph, *samples, false), graph, *others);
  const double clipped = Decibels(Quantized(graph, *samples, true), graph, *others);
  EXPECT_GT(clipped, plain + 10);
  const Range range = Narrowed(graph, *samples, {-1, 50});
  EXPECT_EQ(range.min, -1);
  EXPECT_LT(range.max, 10);
  EXPECT_GT(range.max, 1);
}

TEST(ClippingTest, TheLowerEndMovesToo) {
  const Graph graph = OneLayer(0.001f);
  const Range range = Narrowed(graph, *WithOutliers(-50, 1), {-50, 1});
  EXPECT_GT(range.min, -10);
  EXPECT_EQ(range.max, 1);
}

TEST(ClippingTest, SymmetricRangesStaySymmetric) {
  const Graph graph = OneLayer(0.001f);
  const Range range = Narrowed(graph, *WithOutliers(50, 1), {-50, 50, true});
  EXPECT_LT(range.max, 10);
  EXPECT_EQ(range.min, -range.max);
  EXPECT_TRUE(range.symmetric);
}

TEST(ClippingTest, OutliersThatCountStay) {
  const auto samples = WithOutliers(50, 1);
  EXPECT_EQ(Narrowed(OneLayer(1), *samples, {-1, 50}), (Range{-1, 50}));
  const auto even = WithOutliers(1, 1);
  const Graph graph = OneLayer(0.5f);
  EXPECT_EQ(Narrowed(graph, *even, {-1, 1}), (Range{-1, 1}));
  const Graph plain = Quantized(graph, *even, false), clipped = Quantized(graph, *even, true);
  EXPECT_EQ(*plain.tensor(plain.nodes[0].outputs[0]).quant,
            *clipped.tensor(clipped.nodes[0].outputs[0]).quant);
}

TEST(ClippingTest, FixedRangesStay) {
  const auto samples = WithOutliers(50, 1);
  const Graph graph = OneLayer(0.001f);
  EXPECT_EQ(Narrowed(graph, *samples, {-1, 50}, {0}), (Range{-1, 50}));
  QuantizerOptions options;
  options.refine.clipping = true;
  options.overrides = ParseOverrides("tensor x: range=[-1, 50]", "file").value();
  const Graph result = QuantizeGraph(graph, *samples, options, nullptr).value();
  EXPECT_EQ(result.tensor(result.nodes[0].outputs[0]).quant->scale(), 51.0f / 255);
}

TEST(ClippingTest, ThreadsChangeNothing) {
  const Graph graph = testing::SmallFloatNetwork(1);
  const auto samples = testing::SmallNetworkSamples(6, 1);
  QuantizerOptions one, four;
  one.refine.clipping = four.refine.clipping = true;
  one.run.pool = ThreadPool::Create(1);
  four.run.pool = ThreadPool::Create(4);
  const Graph a = QuantizeGraph(graph, *samples, one, nullptr).value();
  const Graph b = QuantizeGraph(graph, *samples, four, nullptr).value();
  for (size_t t = 0; t < a.tensors.size(); ++t) EXPECT_EQ(a.tensors[t].quant, b.tensors[t].quant);
}

// To the first layer the outliers are nothing, but in the end they are everything.
TEST(ClippingTest, WhatCountsInTheEndStays) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId first = b.Conv("first", x, {0.001f, 0, 0, 1});
  b.graph.outputs = {b.Conv("second", first, {1000, 0.001f, 1000, 0})};
  const auto samples = WithOutliers(50, 1);
  const std::vector<Precision> precision = {kInt8, kInt8ToFloat};
  std::map<TensorId, Range> ranges = {{x, {-1, 50}}, {first, {-1, 1}}};
  ASSERT_TRUE(NarrowRanges(b.graph, precision, *samples, {}, ranges).ok());
  EXPECT_EQ(ranges.at(x), (Range{-1, 50}));
}

// x is copied into two tensors of a concatenation that one convolution reads; its values are also
// the network's output.
TEST(ClippingTest, TensorsThatShareARangeAreNarrowedTogether) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId p = b.Conv("p", x);
  const TensorId flat = b.Reshape("flat", p, {1, 2, 16});
  const TensorId back = b.Reshape("back", flat, {1, 2, 4, 4});
  const TensorId y = b.Conv("y", back, {0.001f, 1, 0, 0.5f});
  b.graph.outputs = {y};
  const std::vector<Precision> precision = {kInt8, kInt8, kInt8, kInt8ToFloat};
  const auto samples = WithOutliers(50, 1);
  const Range wide = {-1, 50};
  const std::map<TensorId, Range> all = {{x, wide}, {p, wide}, {flat, wide}, {back, wide}};
  std::map<TensorId, Range> ranges = all;
  ASSERT_TRUE(NarrowRanges(b.graph, precision, *samples, {}, ranges).ok());
  EXPECT_LT(ranges.at(p).max, 10);
  EXPECT_EQ(ranges.at(p), ranges.at(flat));
  EXPECT_EQ(ranges.at(p), ranges.at(back));
  EXPECT_EQ(ranges.at(x), wide);  // p yields the outliers
  // As an output, the values count themselves.
  b.graph.outputs = {y, flat};
  ranges = all;
  ASSERT_TRUE(NarrowRanges(b.graph, precision, *samples, {}, ranges).ok());
  EXPECT_GT(ranges.at(p).max, 40);
}

// Large weights that meet zeros take the resolution of all others.
TEST(ClippingTest, ACommonScaleOfWeightsIsChosenForTheOutput) {
  constexpr size_t kWidth = 32, kOutputs = 20;
  std::vector<float> values = testing::NormalValues(64 * kWidth, 1);
  for (size_t i = 0; i < values.size(); i += kWidth) values[i] = 0;
  const auto samples = testing::Samples({8, kWidth}, values);
  std::vector<float> weights = testing::NormalValues(kWidth * kOutputs, 2);
  for (size_t o = 0; o < kOutputs; ++o) weights[o] *= 30;
  GraphBuilder b;
  b.graph.outputs = {b.Product("y", b.Input("x", {1, 8, kWidth}), weights)};
  QuantizerOptions options;
  options.weights = WeightGranularity::kPerTensor;
  const Graph plain = QuantizeGraph(b.graph, *samples, options, nullptr).value();
  options.refine.clipping = true;
  const Graph clipped = QuantizeGraph(b.graph, *samples, options, nullptr).value();
  EXPECT_GT(Decibels(clipped, b.graph, *samples), Decibels(plain, b.graph, *samples) + 1.5);
}

}  // namespace
}  // namespace octet

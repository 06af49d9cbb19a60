#include "tools/quantize/pair_sums.h"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "runtime/core/validate.h"
#include "runtime/model_internal.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/test_graph.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using testing::GraphBuilder;
using ::testing::IsEmpty;

constexpr int64_t kChannels = 32, kSize = 6;

// Three dense convolutions of 32 channels: the first has nothing but the largest weight, the second
// alternates in sign, and the third has one large pair among small weights.
Graph WorstWeights() {
  GraphBuilder b;
  const auto conv = [&](const std::string& name, TensorId x, auto weight) {
    schema::ConvOptionsT options;
    options.strides = options.dilations = {1, 1};
    options.pads_begin = options.pads_end = {0, 0};
    std::vector<float> weights;
    for (int64_t m = 0; m < kChannels; ++m) {
      for (int64_t c = 0; c < kChannels; ++c) weights.push_back(weight(c));
    }
    const TensorId w = b.Constant(name + ".w", {kChannels, kChannels, 1, 1}, std::move(weights));
    const TensorId bias =
        b.Constant(name + ".b", {kChannels}, std::vector<float>(kChannels, 0.25f));
    return b.Add(name, std::move(options), {x, w, bias}, {1, kChannels, kSize, kSize});
  };
  TensorId x = b.Input("x", {1, kChannels, kSize, kSize});
  x = conv("worst", x, [](int64_t) { return 1.0f; });
  x = conv("harmless", x, [](int64_t c) { return c % 2 == 0 ? 0.1f : -0.1f; });
  b.graph.outputs = {conv("pair", x, [](int64_t c) { return c < 2 ? 1.0f : 0.01f; })};
  return std::move(b.graph);
}

std::unique_ptr<SampleSource> Samples() {
  DataSpec spec;
  spec.inputs.push_back({"x", DataType::kF32, {-1, kChannels, kSize, kSize}, {}, {}});
  std::vector<float> values(2 * kChannels * kSize * kSize, 1.0f);  // the largest value everywhere
  values[0] = 0;
  return SamplesOf({{"x", ArrayOf<float>(DataType::kF32, {2, kChannels, kSize, kSize}, values)}},
                   spec)
      .value();
}

Graph Quantized(Target target, QuantizerReport& report) {
  QuantizerOptions options;
  options.target = target;
  return QuantizeGraph(WorstWeights(), *Samples(), options, &report).value();
}

std::vector<float> Compute(const Graph& graph, bool deterministic,
                           std::vector<std::string>* kernels) {
  ModelOptions options;
  options.deterministic = deterministic;
  const auto model = ModelFromGraph(graph, options).value();
  const auto session = model->NewSession({{1, kChannels, kSize, kSize}}).value();
  const absl::Span<float> x = session->input<float>(0);
  std::fill(x.begin(), x.end(), 1.0f);
  EXPECT_TRUE(session->Run().ok());
  if (kernels != nullptr) {
    for (const StepInfo& step : session->steps()) {
      if (step.type == "Conv") kernels->push_back(step.kernel);
    }
  }
  const absl::Span<const float> y = session->output<float>(0);
  return {y.begin(), y.end()};
}

TEST(PairSumsTest, NamesLayersAtRiskForEveryTarget) {
  for (Target target : {Target::kAny, Target::kVnni, Target::kAmx}) {
    QuantizerReport report;
    const Graph graph = Quantized(target, report);
    EXPECT_THAT(report.at_risk, ElementsAre("worst", "pair"));
    EXPECT_THAT(report.limited, IsEmpty());
    EXPECT_THAT(NamesOfLayersAtRisk(graph), ElementsAre("worst", "pair"));
  }
}

TEST(PairSumsTest, LimitsThemForCpusWithoutVnni) {
  QuantizerReport report;
  const Graph graph = Quantized(Target::kAvx2, report);
  EXPECT_THAT(report.limited, ElementsAre("worst", "pair"));
  EXPECT_THAT(report.at_risk, IsEmpty());
  EXPECT_THAT(LayersAtRisk(graph), IsEmpty());
  EXPECT_TRUE(ValidateGraph(graph).ok()) << ValidateGraph(graph);
  QuantizerReport unlimited;
  const Graph other = Quantized(Target::kAny, unlimited);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (node.type() != OpType::ConvOptions) continue;
    const Tensor& w = graph.tensor(node.input(1));
    const Tensor& before = other.tensor(other.nodes[i].input(1));
    EXPECT_EQ(w.data.as<int8_t>() == before.data.as<int8_t>(), node.name == "harmless");
    // All weights of 1 take half of the range, and twice the scale: nothing is lost.
    if (node.name != "worst") continue;
    for (size_t c = 0; c < kChannels; ++c) {
      EXPECT_NEAR(w.quant->scales[c] * w.data.as<int8_t>()[c * kChannels], 1, 0.01);
    }
  }
}

// Where the sum of two products could saturate, it must not.
TEST(PairSumsTest, EveryWayGivesTheSameNumbers) {
  const double exact = 0.25 + (2.0 + 0.01 * 30) * 0.25;  // of "pair"; "harmless" yields its bias
  for (Target target : {Target::kAny, Target::kAvx2}) {
    QuantizerReport report;
    const Graph graph = Quantized(target, report);
    std::vector<std::string> kernels;
    const std::vector<float> y = Compute(graph, false, &kernels);
    const std::vector<float> reference = Compute(graph, true, nullptr);
    ASSERT_EQ(y.size(), reference.size());
    for (size_t i = 0; i < y.size(); ++i) {
      EXPECT_FLOAT_EQ(y[i], reference[i]) << i;
      EXPECT_NEAR(y[i], exact, 0.1 * exact);
    }
    // On CPUs without VNNI this is what the limit is for.
    ASSERT_EQ(kernels.size(), 3u);
    const bool sixteen_bits = absl::EndsWith(kernels[1], ":avx2");
    if (!sixteen_bits) continue;
    EXPECT_EQ(absl::StartsWith(kernels[0], "onednn_conv"), target == Target::kAvx2) << kernels[0];
    EXPECT_EQ(absl::StartsWith(kernels[2], "onednn_conv"), target == Target::kAvx2) << kernels[2];
  }
}

// A product of one output channel with these integers, a scale of 1 and a bias.
Graph Product(const std::vector<int8_t>& weights, bool per_tensor) {
  Graph g;
  const auto add = [&](const char* name, DataType type, Shape shape) {
    Tensor t;
    t.name = name;
    t.type = type;
    t.shape = std::move(shape);
    t.quant.emplace();
    t.quant->scales = {1};
    t.quant->zero_points = {0};
    t.quant->axis = -1;
    return g.AddTensor(std::move(t));
  };
  const auto depth = static_cast<int64_t>(weights.size());
  const TensorId x = add("x", DataType::kU8, {1, depth});
  const TensorId w = add("w", DataType::kS8, {depth, 1});
  const TensorId b = add("b", DataType::kS32, {1});
  const TensorId y = add("y", DataType::kU8, {1, 1});
  g.tensor(w).data = Constant::Of<int8_t>(weights);
  g.tensor(b).data = Constant::Of<int32_t>({1000});
  if (!per_tensor) {
    g.tensor(w).quant->axis = 1;
    g.tensor(b).quant->axis = 0;
  }
  g.AddNode("product", schema::MatMulOptionsT(), {x, w, b}, {y});
  g.inputs = {x};
  g.outputs = {y};
  return g;
}

TEST(PairSumsTest, LowersBothNeighboursWhereOthersWouldSuffer) {
  for (bool per_tensor : {false, true}) {
    std::vector<int8_t> weights(400, 3);
    weights[10] = 70;
    weights[11] = 60;
    weights[20] = -100;
    weights[21] = 100;  // opposite signs never add up
    Graph g = Product(weights, per_tensor);
    LimitPairSums({}, g);
    EXPECT_THAT(LayersAtRisk(g), IsEmpty());
    const Tensor& w = g.tensor(g.nodes[0].input(1));
    EXPECT_NEAR(w.quant->scales[0], 1, 0.005);
    weights[10] = 69;
    weights[11] = 59;
    EXPECT_EQ(w.data.as<int8_t>(), absl::MakeConstSpan(weights));
    const Tensor& bias = g.tensor(g.nodes[0].input(2));
    EXPECT_NEAR(bias.data.as<int32_t>()[0] * bias.quant->scales[0], 1000, 1);
  }
}

TEST(PairSumsTest, MakesTheScaleLargerWhereMostWeightsAreLarge) {
  for (bool per_tensor : {false, true}) {
    Graph g = Product(std::vector<int8_t>(40, 127), per_tensor);
    LimitPairSums({}, g);
    EXPECT_THAT(LayersAtRisk(g), IsEmpty());
    EXPECT_TRUE(ValidateGraph(g).ok()) << ValidateGraph(g);
    const Tensor& w = g.tensor(g.nodes[0].input(1));
    const float scale = w.quant->scales[0];
    EXPECT_GT(scale, 1.9f);
    for (int8_t value : w.data.as<int8_t>()) EXPECT_NEAR(value * scale, 127, 1);
    // The bias keeps its real value.
    const Tensor& bias = g.tensor(g.nodes[0].input(2));
    EXPECT_FLOAT_EQ(bias.quant->scales[0], scale);
    EXPECT_NEAR(bias.data.as<int32_t>()[0] * scale, 1000, 1);
  }
}

TEST(PairSumsTest, ARunOfLargeWeightsEndsWithinTheLimit) {
  std::vector<int8_t> weights(200, 0);
  for (size_t i = 0; i < 60; ++i) weights[i] = static_cast<int8_t>(127 - i);
  for (size_t i = 80; i < 140; ++i) weights[i] = static_cast<int8_t>(-127 + (i * 7) % 50);
  Graph g = Product(weights, false);
  LimitPairSums({}, g);
  EXPECT_THAT(LayersAtRisk(g), IsEmpty());
}

TEST(TargetTest, ActivationsOfS8LeaveNothingToLimit) {
  QuantizerOptions options;
  options.target = Target::kAvx2;
  options.activations = DataType::kS8;
  EXPECT_THAT(
      std::string(QuantizeGraph(WorstWeights(), *Samples(), options, nullptr).status().message()),
      ::testing::HasSubstr("needs activations of u8"));
  EXPECT_FALSE(TargetNamed("sse").ok());
  for (const std::string& name : TargetNames()) EXPECT_EQ(Name(TargetNamed(name).value()), name);
}

}  // namespace
}  // namespace octet

#include "tools/quantize/quantize.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "runtime/model_internal.h"
#include "runtime/testing/small_network.h"
#include "tools/evaluate/evaluate.h"
#include "tools/quantize/test_graph.h"

namespace octet {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kSamples = 12;

std::unique_ptr<SampleSource> Samples(uint32_t seed) {
  DataSpec spec;
  spec.inputs.push_back({"x", DataType::kF32, {-1, 3, 17, 19}, {}, {}});
  const std::vector<float> values = testing::SmallNetworkInput(kSamples, seed);
  return SamplesOf({{"x", ArrayOf<float>(DataType::kF32, {kSamples, 3, 17, 19}, values)}}, spec)
      .value();
}

Evaluation Compare(const Graph& graph, const Graph& reference) {
  const auto model = ModelFromGraph(graph, {});
  const auto truth = ModelFromGraph(reference, {});
  EXPECT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(truth.ok()) << truth.status();
  return Evaluate(**model, truth->get(), *Samples(500), {}).value();
}

TEST(QuantizeTest, StaysCloseToTheFloatNetwork) {
  const Graph graph = testing::SmallFloatNetwork(1);
  for (DataType activations : {DataType::kU8, DataType::kS8}) {
    for (auto weights : {WeightGranularity::kPerChannel, WeightGranularity::kPerTensor}) {
      QuantizerOptions options;
      options.activations = activations;
      options.weights = weights;
      QuantizerReport report;
      const absl::StatusOr<Graph> result = QuantizeGraph(graph, *Samples(1), options, &report);
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_GT(*Compare(*result, graph).sqnr_db, 22);
      EXPECT_EQ(report.samples, kSamples);
      EXPECT_TRUE(report.float_operators.empty()) << report.float_operators[0];
      EXPECT_EQ(report.conversions, 1);  // of the input
    }
  }
}

TEST(QuantizeTest, RecordsWhatItDid) {
  const Graph result =
      QuantizeGraph(testing::SmallFloatNetwork(1), *Samples(1), {}, nullptr).value();
  ASSERT_NE(result.quantization, nullptr);
  EXPECT_EQ(result.quantization->method, "static");
  EXPECT_EQ(result.quantization->calibrator, "minmax");
  EXPECT_EQ(result.quantization->weights, "per-channel");
  EXPECT_EQ(result.quantization->activations, "u8");
  EXPECT_EQ(result.quantization->samples, kSamples);
  EXPECT_EQ(result.quantization->data_hash.size(), 64u);
  EXPECT_FALSE(result.quantization->ranges.empty());
}

TEST(QuantizeTest, TheSameDataGiveTheSameModel) {
  const Graph graph = testing::SmallFloatNetwork(2);
  const Graph a = QuantizeGraph(graph, *Samples(1), {}, nullptr).value();
  const Graph b = QuantizeGraph(graph, *Samples(1), {}, nullptr).value();
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_EQ(a.tensors[i].quant, b.tensors[i].quant) << a.tensors[i].name;
  }
}

TEST(QuantizeTest, RefusesWhatItCannotDo) {
  const auto message = [](const Graph& graph, const QuantizerOptions& options) {
    const absl::Status status = QuantizeGraph(graph, *Samples(1), options, nullptr).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  QuantizerOptions options;
  EXPECT_THAT(message(testing::SmallInt8Network(1), options), HasSubstr("quantized already"));
  options.method = "magic";
  EXPECT_THAT(message(testing::SmallFloatNetwork(1), options), HasSubstr("unknown method 'magic'"));
  options.method = "static";
  options.calibrator = "guess";
  EXPECT_THAT(message(testing::SmallFloatNetwork(1), options), HasSubstr("calibrator 'guess'"));
}

TEST(QuantizeTest, MethodsWithoutDataStayCloseToTheFloatNetwork) {
  const Graph graph = testing::SmallFloatNetwork(1);
  for (const char* method : {"dynamic", "weight-only"}) {
    QuantizerOptions options;
    options.method = method;
    QuantizerReport report;
    const absl::StatusOr<Graph> result = QuantizeWithoutData(graph, options, &report);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_GT(*Compare(*result, graph).sqnr_db, 25) << method;
    EXPECT_GT(report.int8_operators, 0);
    EXPECT_EQ(report.conversions, 0);
    EXPECT_EQ(result->quantization->method, method);
    EXPECT_EQ(result->quantization->samples, 0);
    EXPECT_EQ(result->quantization->calibrator, "");
    // Samples do not matter.
    const absl::StatusOr<Graph> same = QuantizeGraph(graph, *Samples(1), options, nullptr);
    ASSERT_TRUE(same.ok()) << same.status();
    EXPECT_EQ(same->nodes.size(), result->nodes.size());
  }
  EXPECT_THAT(std::string(QuantizeWithoutData(graph, {}, nullptr).status().message()),
              HasSubstr("'static' needs sample data"));
}

// What only the reference could run stays float.
TEST(QuantizeTest, OperatorsWithoutADynamicKernelStayFloat) {
  testing::GraphBuilder b;
  schema::ConvOptionsT options;
  options.strides = options.dilations = {1, 1, 1};
  options.pads_begin = options.pads_end = {0, 0, 0};
  const TensorId w = b.Constant("w", {2, 2, 1, 1, 1}, {1, 2, 3, 4});
  const TensorId y = b.Add("cube", options, {b.Input("x", {1, 2, 3, 3, 3}), w}, {1, 2, 3, 3, 3});
  b.graph.outputs = {y};
  QuantizerOptions dynamic;
  dynamic.method = "dynamic";
  QuantizerReport report;
  const absl::StatusOr<Graph> result = QuantizeWithoutData(b.graph, dynamic, &report);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(report.int8_operators, 0);
  EXPECT_THAT(report.float_operators, ::testing::ElementsAre("cube"));
}

}  // namespace
}  // namespace octet

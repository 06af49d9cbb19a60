#include "tools/quantize/quantize.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/testing/small_network.h"
#include "tools/quantize/test_graph.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kSamples = 12;

std::unique_ptr<SampleSource> Samples(uint32_t seed) {
  return testing::SmallNetworkSamples(kSamples, seed);
}

Evaluation Compare(const Graph& graph, const Graph& reference) {
  return testing::Compare(graph, reference, *Samples(500));
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

QuantizerOptions SixteenBits(DataType weights) {
  QuantizerOptions options;
  options.activations = DataType::kS16;
  options.symmetric_activations = true;
  options.weights_type = weights;
  return options;
}

TEST(QuantizeTest, SixteenBitActivationsWithEitherWeights) {
  const Graph graph = testing::SmallFloatNetwork(1);
  for (auto granularity : {WeightGranularity::kPerChannel, WeightGranularity::kPerTensor}) {
    double sqnr[2];
    for (int i = 0; i < 2; ++i) {
      QuantizerOptions options = SixteenBits(i == 0 ? DataType::kS8 : DataType::kS16);
      options.weights = granularity;
      QuantizerReport report;
      const absl::StatusOr<Graph> result = QuantizeGraph(graph, *Samples(1), options, &report);
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_TRUE(report.float_operators.empty()) << report.float_operators[0];
      sqnr[i] = *Compare(*result, graph).sqnr_db;
    }
    EXPECT_GT(sqnr[0], 25);
    EXPECT_GT(sqnr[1], 60);
  }
}

TEST(QuantizeTest, EveryCalibratorWorksWithSixteenBits) {
  const Graph graph = testing::SmallFloatNetwork(1);
  const auto samples = Samples(1);
  for (const std::string& name : CalibratorNames()) {
    QuantizerOptions options = SixteenBits(DataType::kS16);
    options.calibrator.kind = CalibratorNamed(name).value();
    const absl::StatusOr<Graph> result = QuantizeGraph(graph, *samples, options, nullptr);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_GT(*Compare(*result, graph).sqnr_db, 18) << name;
    EXPECT_EQ(result->quantization->activations, "s16");
    EXPECT_EQ(result->quantization->weights, "per-channel s16");
  }
}

TEST(QuantizeTest, WeightsOfSixteenBitsNeedActivationsOfSixteen) {
  const Graph graph = testing::SmallFloatNetwork(1);
  QuantizerOptions options = SixteenBits(DataType::kS16);
  options.activations = DataType::kS8;
  EXPECT_EQ(QuantizeGraph(graph, *Samples(1), options, nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
  options = SixteenBits(DataType::kS16);
  options.method = "dynamic";
  EXPECT_EQ(QuantizeGraph(graph, *Samples(1), options, nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
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

TEST(QuantizeTest, EveryCalibratorWorksFromTheSameStatistics) {
  const Graph graph = testing::SmallFloatNetwork(1);
  const auto samples = Samples(1);
  const Statistics statistics = GatherInt8Statistics(graph, *samples, {}).value();
  std::vector<float> scales;  // of the input
  for (const std::string& name : CalibratorNames()) {
    QuantizerOptions options;
    options.calibrator.kind = CalibratorNamed(name).value();
    const absl::StatusOr<Graph> result =
        QuantizeWithStatistics(graph, *samples, statistics, options, nullptr);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->quantization->calibrator, name);
    EXPECT_GT(*Compare(*result, graph).sqnr_db, 18) << name;
    for (const Tensor& t : result->tensors) {
      if (t.name == "x_quantized") scales.push_back(t.quant->scale());
    }
  }
  ASSERT_EQ(scales.size(), CalibratorNames().size());
  // All but two: values that lie evenly between their extremes are worth keeping all.
  EXPECT_GE(std::set<float>(scales.begin(), scales.end()).size(), scales.size() - 1);
}

// Open sizes, and a Slice whose end is computed from them: shapes follow from the sample.
TEST(QuantizeTest, ShapesMayFollowFromNumbersOfTheSample) {
  testing::GraphBuilder b;
  const TensorId x = b.Input("x", {-1, 2, -1, 4});
  const TensorId y = b.Conv("conv", x);
  const auto integers = [&](const char* name, Shape shape, std::vector<int64_t> values) {
    Tensor t;
    t.name = name;
    t.type = DataType::kS64;
    t.shape = std::move(shape);
    if (!values.empty()) t.data = Constant::Of<int64_t>(values);
    return b.graph.AddTensor(std::move(t));
  };
  const TensorId height = integers("height", {1}, {});
  schema::ShapeOfOptionsT shape_of;
  shape_of.start = 2;
  shape_of.end = 3;
  b.graph.AddNode("height", std::move(shape_of), {x}, {height});
  const TensorId start = integers("start", {1}, {1}), axis = integers("axis", {1}, {2});
  const TensorId cut =
      b.Add("cut", schema::SliceOptionsT(), {y, start, height, axis}, {-1, 2, -1, 4});
  b.graph.outputs = {b.Conv("last", cut)};
  DataSpec spec;
  spec.inputs.push_back({"x", DataType::kF32, {-1, 2, -1, 4}, {}, {}});
  const std::vector<float> values = {1, 2, 3, 4, 5, 6, 7, 8, 1, -1, 2, -2, 3, -3, 4, -4};
  const auto samples =
      SamplesOf({{"x", ArrayOf<float>(DataType::kF32, {1, 2, 2, 4}, values)}}, spec).value();
  QuantizerReport report;
  const absl::StatusOr<Graph> result = QuantizeGraph(b.graph, *samples, {}, &report);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(report.int8_operators, 2);
}

TEST(QuantizeTest, NeedsStatisticsOfItsTensors) {
  const Graph graph = testing::SmallFloatNetwork(1);
  const absl::Status status = QuantizeWithStatistics(graph, *Samples(1), {}, {}, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("statistics lack tensor 'x'"));
}

TEST(QuantizeTest, SymmetricActivationsHaveNoZeroPoint) {
  QuantizerOptions options;
  options.activations = DataType::kS8;
  options.symmetric_activations = true;
  const Graph graph = testing::SmallFloatNetwork(1);
  const Graph result = QuantizeGraph(graph, *Samples(1), options, nullptr).value();
  for (const Tensor& t : result.tensors) {
    if (t.quant && t.quant->per_tensor()) {
      EXPECT_EQ(t.quant->zero_point(), 0) << t.name;
    }
  }
  EXPECT_GT(*Compare(result, graph).sqnr_db, 20);
}

absl::StatusOr<Graph> QuantizeWith(const std::string& overrides, QuantizerReport* report) {
  QuantizerOptions options;
  options.overrides = ParseOverrides(overrides, "o.txt").value();
  return QuantizeGraph(testing::SmallFloatNetwork(1), *Samples(1), options, report);
}

TEST(QuantizeTest, OverridesChooseByOperatorAndTensor) {
  const Graph plain = testing::SmallFloatNetwork(1);
  const std::string first_conv =
      std::find_if(plain.nodes.begin(), plain.nodes.end(), [](const Node& node) {
        return node.type() == OpType::ConvOptions;
      })->name;
  QuantizerReport report;
  const absl::StatusOr<Graph> result = QuantizeWith(
      absl::StrCat("operator ", first_conv, ": float\ntype MatMul: per-tensor\n"), &report);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(report.float_operators, ::testing::Contains(first_conv));
  int products = 0;
  for (const Node& node : result->nodes) {
    if (node.type() != OpType::MatMulOptions) continue;
    EXPECT_TRUE(result->tensor(node.inputs[1]).quant->per_tensor());
    ++products;
  }
  EXPECT_GT(products, 0);

  const Graph fixed = QuantizeWith("tensor x: range=[-7.65, 17.85]", nullptr).value();
  for (const Tensor& t : fixed.tensors) {
    if (t.name == "x_quantized") {
      EXPECT_FLOAT_EQ(t.quant->scale(), 0.1f);
    }
  }
}

TEST(QuantizeTest, OverridesMayMixStaticAndDynamic) {
  const Graph plain = testing::SmallFloatNetwork(1);
  const Graph result = QuantizeWith("type MatMul: dynamic", nullptr).value();
  int dynamic = 0;
  for (const Node& node : result.nodes) {
    if (node.type() != OpType::MatMulOptions) continue;
    dynamic += node.as<schema::MatMulOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC;
  }
  EXPECT_GT(dynamic, 0);
  EXPECT_GT(*Compare(result, plain).sqnr_db, 22);
}

TEST(QuantizeTest, OverridesThatCannotBeFollowedAreErrors) {
  EXPECT_THAT(std::string(QuantizeWith("operator none: float", nullptr).status().message()),
              HasSubstr("o.txt:1: the model has no operator 'none'"));
  EXPECT_THAT(
      std::string(QuantizeWith("type Conv: float\ntype MatMul: float\ntensor x: affine", nullptr)
                      .status()
                      .message()),
      HasSubstr("o.txt:3: tensor 'x' stays float"));
}

TEST(QuantizeTest, RefusesWhatItCannotDo) {
  const auto message = [](const Graph& graph, const QuantizerOptions& options) {
    const absl::Status status = QuantizeGraph(graph, *Samples(1), options, nullptr).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  QuantizerOptions options;
  EXPECT_THAT(message(testing::SmallInt8Network(1), options), HasSubstr("quantized already"));
  Graph half = testing::SmallFloatNetwork(1);
  half.tensor(half.nodes[0].outputs[0]).type = DataType::kBF16;
  EXPECT_THAT(message(half, options), HasSubstr("computes in 16 bits"));
  options.method = "magic";
  EXPECT_THAT(message(testing::SmallFloatNetwork(1), options), HasSubstr("unknown method 'magic'"));
  options.method = "static";
  options.symmetric_activations = true;
  EXPECT_THAT(message(testing::SmallFloatNetwork(1), options), HasSubstr("cannot be symmetric"));
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

#include "tools/quantize/convert.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "runtime/core/validate.h"
#include "tools/quantize/test_graph.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using testing::GraphBuilder;

constexpr Precision kFloat = Precision::kFloat;
constexpr Precision kInt8 = Precision::kInt8;
constexpr Precision kInt8ToFloat = Precision::kInt8ToFloat;

// One line per node: "Conv a: x_quantized u8 -> a u8".
std::vector<std::string> Describe(const Graph& graph) {
  std::vector<std::string> lines;
  for (const Node& node : graph.nodes) {
    const auto describe = [&](std::string* out, TensorId id) {
      const Tensor& t = graph.tensor(id);
      absl::StrAppend(out, t.name, " ", Name(t.type));
    };
    std::vector<TensorId> inputs;
    std::copy_if(node.inputs.begin(), node.inputs.end(), std::back_inserter(inputs),
                 [&](TensorId id) { return id != kNoTensor && !graph.tensor(id).is_constant(); });
    lines.push_back(absl::StrCat(Name(node.type()), ": ", absl::StrJoin(inputs, ", ", describe),
                                 " -> ", absl::StrJoin(node.outputs, ", ", describe)));
  }
  return lines;
}

TEST(ConvertTest, QuantizesInputsOnceAndYieldsFloatAtTheEnd) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId p = b.Conv("p", x);
  const TensorId q = b.Conv("q", x, {1, 2, 3, 4}, p);
  b.graph.outputs = {b.Conv("y", q)};
  const Graph result = ConvertToInt8(b.graph, {kInt8, kInt8, kInt8ToFloat},
                                     {{x, {-1, 1}}, {p, {0, 2}}, {q, {-3, 3}}}, {})
                           .value();
  EXPECT_THAT(Describe(result),
              ElementsAre("Quantize: x f32 -> x_quantized u8", "Conv: x_quantized u8 -> p u8",
                          "Conv: x_quantized u8, p u8 -> q u8", "Conv: q u8 -> y f32"));
  EXPECT_TRUE(ValidateGraph(result).ok()) << ValidateGraph(result);
  const Tensor& weights = result.tensor(result.nodes[2].inputs[1]);
  EXPECT_EQ(weights.type, DataType::kS8);
  EXPECT_EQ(weights.quant->axis, 0);
  EXPECT_NEAR(weights.data.as<int8_t>()[3] * weights.quant->scales[1], 4, 0.02);
  EXPECT_EQ(result.tensor(result.nodes[2].inputs[2]).type, DataType::kS32);
}

TEST(ConvertTest, GranularityOfWeightsByOperator) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId a = b.Conv("a", x);
  b.graph.outputs = {b.Conv("y", a)};
  ConvertOptions options;
  options.weights_by_node = {WeightGranularity::kPerTensor, WeightGranularity::kPerChannel};
  const Graph result =
      ConvertToInt8(b.graph, {kInt8, kInt8ToFloat}, {{x, {-1, 1}}, {a, {0, 2}}}, options).value();
  EXPECT_EQ(result.tensor(result.nodes[1].inputs[1]).quant->axis, -1);
  EXPECT_EQ(result.tensor(result.nodes[2].inputs[1]).quant->axis, 0);
  EXPECT_TRUE(ValidateGraph(result).ok()) << ValidateGraph(result);
}

TEST(ConvertTest, SymmetricRangesHaveZeroPointZero) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId a = b.Conv("a", x);
  b.graph.outputs = {b.Conv("y", a)};
  ConvertOptions options;
  options.activations = DataType::kS8;
  const Graph result =
      ConvertToInt8(b.graph, {kInt8, kInt8ToFloat}, {{x, {-1, 12.7f, true}}, {a, {0, 2}}}, options)
          .value();
  EXPECT_EQ(result.tensor(result.nodes[0].outputs[0]).quant->zero_point(), 0);
  EXPECT_FLOAT_EQ(result.tensor(result.nodes[0].outputs[0]).quant->scale(), 0.1f);
  EXPECT_EQ(result.tensor(result.nodes[1].outputs[0]).quant->zero_point(), -128);
}

TEST(ConvertTest, OutputsKeepNameAndTypeWhereIntegersGoOn) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId a = b.Conv("a", x);
  b.graph.outputs = {a, b.Conv("y", a)};
  const Graph result =
      ConvertToInt8(b.graph, {kInt8, kInt8ToFloat}, {{x, {-1, 1}}, {a, {0, 2}}}, {}).value();
  EXPECT_THAT(
      Describe(result),
      ElementsAre("Quantize: x f32 -> x_quantized u8", "Conv: x_quantized u8 -> a_quantized u8",
                  "Conv: a_quantized u8 -> y f32", "Dequantize: a_quantized u8 -> a f32"));
  EXPECT_EQ(result.tensor(result.outputs[0]).name, "a");
  EXPECT_TRUE(ValidateGraph(result).ok()) << ValidateGraph(result);
}

TEST(ConvertTest, FloatOperatorsGetRealNumbers) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId a = b.Conv("a", x);
  const TensorId e = b.Unary("e", schema::UnaryKind::EXP, a);
  const TensorId f = b.Unary("f", schema::UnaryKind::EXP, a);
  b.graph.outputs = {b.Conv("y", b.Binary("s", schema::BinaryKind::ADD, e, f)), b.Conv("z", a)};
  const TensorId s = b.graph.nodes[3].outputs[0];
  const Graph result =
      ConvertToInt8(b.graph, {kInt8, kFloat, kFloat, kFloat, kInt8ToFloat, kInt8ToFloat},
                    {{x, {-1, 1}}, {a, {0, 2}}, {s, {0, 9}}}, {})
          .value();
  EXPECT_THAT(Describe(result),
              ElementsAre("Quantize: x f32 -> x_quantized u8", "Conv: x_quantized u8 -> a u8",
                          "Dequantize: a u8 -> a_dequantized f32",
                          "Unary: a_dequantized f32 -> e f32", "Unary: a_dequantized f32 -> f f32",
                          "Binary: e f32, f f32 -> s f32", "Quantize: s f32 -> s_quantized u8",
                          "Conv: s_quantized u8 -> y f32", "Conv: a u8 -> z f32"));
  EXPECT_TRUE(ValidateGraph(result).ok()) << ValidateGraph(result);
}

TEST(ConvertTest, ConstantsOfFollowersBecomeIntegers) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId a = b.Conv("a", x);
  const TensorId k = b.Constant("k", {1, 2, 1, 1}, {-1, 1.55f});
  const TensorId s = b.Binary("s", schema::BinaryKind::MUL, a, k);
  b.graph.outputs = {b.Conv("y", s)};
  const Graph result =
      ConvertToInt8(b.graph, {kInt8, kInt8, kInt8ToFloat},
                    {{x, {-1, 1}}, {a, {0, 2}}, {k, {-1, 1.55f}}, {s, {-2, 4}}}, {})
          .value();
  const Tensor& constant = result.tensor(result.nodes[2].inputs[1]);
  EXPECT_EQ(constant.type, DataType::kU8);
  EXPECT_THAT(constant.data.as<uint8_t>(), ElementsAre(0, 255));
  EXPECT_TRUE(ValidateGraph(result).ok()) << ValidateGraph(result);
}

TEST(ConvertTest, SupportsPerTensorWeightsAndSignedActivations) {
  GraphBuilder b;
  const TensorId x = b.Input("x", {1, 4});
  b.graph.outputs = {b.MatMul("m", x, 3)};
  ConvertOptions options;
  options.weights = WeightGranularity::kPerTensor;
  options.activations = DataType::kS8;
  const Graph result = ConvertToInt8(b.graph, {kInt8ToFloat}, {{x, {-1, 1}}}, options).value();
  EXPECT_THAT(Describe(result),
              ElementsAre("Quantize: x f32 -> x_quantized s8", "MatMul: x_quantized s8 -> m f32"));
  EXPECT_TRUE(result.tensor(result.nodes[1].inputs[1]).quant->per_tensor());
  EXPECT_TRUE(ValidateGraph(result).ok()) << ValidateGraph(result);
  options.weights = WeightGranularity::kPerChannel;
  const Graph channels = ConvertToInt8(b.graph, {kInt8ToFloat}, {{x, {-1, 1}}}, options).value();
  EXPECT_EQ(channels.tensor(channels.nodes[1].inputs[1]).quant->axis, 1);
  EXPECT_TRUE(ValidateGraph(channels).ok()) << ValidateGraph(channels);
}

TEST(ConvertTest, BadWeightsNameTheOperator) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  b.graph.outputs = {b.Conv("y", x, {1, 1, 1, std::numeric_limits<float>::infinity()})};
  EXPECT_EQ(ConvertToInt8(b.graph, {kInt8ToFloat}, {{x, {-1, 1}}}, {}).status().message(),
            "operator 'y': a weight is NaN or infinite");
}

// One operator of each precision in a row.
TEST(ConvertTest, PrecisionsMix) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId s = b.Conv("static", x);
  const TensorId d = b.Conv("dynamic", s, {1, 2, 3, 4}, s);
  const TensorId w = b.Conv("stored", d);
  const TensorId f = b.Conv("float", w);
  b.graph.outputs = {b.Conv("again", f)};
  const Graph result =
      ConvertToInt8(b.graph,
                    {kInt8, Precision::kDynamic, Precision::kWeightOnly, kFloat, kInt8ToFloat},
                    {{x, {-1, 1}}, {s, {0, 2}}, {f, {-3, 3}}}, {})
          .value();
  EXPECT_THAT(Describe(result),
              ElementsAre("Quantize: x f32 -> x_quantized u8", "Conv: x_quantized u8 -> static u8",
                          "Dequantize: static u8 -> static_dequantized f32",
                          "Conv: static_dequantized f32, static_dequantized f32 -> dynamic f32",
                          "Conv: dynamic f32 -> stored f32", "Conv: stored f32 -> float f32",
                          "Quantize: float f32 -> float_quantized u8",
                          "Conv: float_quantized u8 -> again f32"));
  EXPECT_TRUE(ValidateGraph(result).ok()) << ValidateGraph(result);
  const Node& dynamic = result.nodes[3];
  EXPECT_EQ(dynamic.as<schema::ConvOptionsT>().arithmetic, schema::Arithmetic::DYNAMIC);
  EXPECT_EQ(result.tensor(dynamic.inputs[1]).type, DataType::kS8);
  EXPECT_EQ(result.tensor(dynamic.inputs[2]).type, DataType::kF32);
  const Node& stored = result.nodes[4];
  EXPECT_EQ(stored.as<schema::ConvOptionsT>().arithmetic, schema::Arithmetic::STORED);
  EXPECT_EQ(result.tensor(stored.inputs[1]).type, DataType::kS8);
  EXPECT_EQ(result.tensor(result.nodes[5].inputs[1]).type, DataType::kF32);
}

// Symmetric ranges of 16 bits for the same tensors.
ConvertOptions In16Bits(const std::map<TensorId, Range>& ranges) {
  ConvertOptions options;
  for (const auto& [id, range] : ranges) {
    options.ranges_in_16_bits[id] = {range.min, range.max, true};
  }
  return options;
}

Graph Converted(const Graph& graph, const std::vector<Precision>& precision,
                const std::map<TensorId, Range>& ranges) {
  Graph result = ConvertToInt8(graph, precision, ranges, In16Bits(ranges)).value();
  EXPECT_TRUE(NarrowReals(graph, precision, result).ok());
  EXPECT_TRUE(ValidateGraph(result).ok()) << ValidateGraph(result);
  return result;
}

// Products write what the next one reads, so that there is one conversion at most in a row.
TEST(ConvertTest, SixteenBitsBetweenEight) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId p = b.Conv("p", x);
  const TensorId w = b.Conv("w", p, {1, 2, 3, 4}, p);
  const TensorId q = b.Conv("q", w, {1, 2, 3, 4}, p);
  b.graph.outputs = {b.Conv("y", q)};
  const Graph result =
      Converted(b.graph, {kInt8, Precision::kInt16, kInt8, Precision::kInt16ToFloat},
                {{x, {-1, 1}}, {p, {0, 2}}, {w, {-3, 3}}, {q, {-1, 1}}});
  EXPECT_THAT(Describe(result),
              ElementsAre("Quantize: x f32 -> x_quantized u8", "Conv: x_quantized u8 -> p s16",
                          "Conv: p s16, p s16 -> w u8", "Requantize: p s16 -> p_u8 u8",
                          "Conv: w u8, p_u8 u8 -> q s16", "Conv: q s16 -> y f32"));
  const Node& wide = result.nodes[2];
  EXPECT_EQ(result.tensor(wide.inputs[1]).type, DataType::kS8);
  EXPECT_EQ(result.tensor(wide.inputs[2]).type, DataType::kS64);
  EXPECT_FLOAT_EQ(result.tensor(wide.inputs[0]).quant->scale(), 2.0f / 32767);
  EXPECT_EQ(result.tensor(result.nodes[4].inputs[2]).type, DataType::kS32);
}

TEST(ConvertTest, SumsOfBothWidthsNeedNoConversion) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId p = b.Conv("p", x);
  const TensorId w = b.Conv("w", p);
  const TensorId s = b.Binary("s", schema::BinaryKind::ADD, p, w);
  b.graph.outputs = {b.Conv("y", s)};
  const Graph result = Converted(b.graph, {kInt8, Precision::kInt16, kInt8, kInt8ToFloat},
                                 {{x, {-1, 1}}, {p, {0, 2}}, {w, {-3, 3}}, {s, {-3, 5}}});
  EXPECT_THAT(Describe(result), ElementsAre("Quantize: x f32 -> x_quantized u8",
                                            "Conv: x_quantized u8 -> p s16", "Conv: p s16 -> w u8",
                                            "Binary: p s16, w u8 -> s u8", "Conv: s u8 -> y f32"));
}

TEST(ConvertTest, OneTensorInEveryType) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId p = b.Conv("p", x);
  b.graph.outputs = {b.Conv("i", p), b.Conv("w", p), b.Conv("h", p), b.Conv("f", p)};
  const Graph result =
      Converted(b.graph, {kInt8, kInt8ToFloat, Precision::kInt16ToFloat, Precision::kBF16, kFloat},
                {{x, {-1, 1}}, {p, {0, 2}}});
  EXPECT_THAT(
      Describe(result),
      ElementsAre("Quantize: x f32 -> x_quantized u8", "Conv: x_quantized u8 -> p s16",
                  "Requantize: p s16 -> p_u8 u8", "Conv: p_u8 u8 -> i f32", "Conv: p s16 -> w f32",
                  "Dequantize: p s16 -> p_dequantized f32",
                  "Dequantize: p s16 -> p_dequantized/bf16 bf16",
                  "Conv: p_dequantized/bf16 bf16 -> h f32", "Conv: p_dequantized f32 -> f f32"));
}

// Integers come from bf16, and go there, in one step.
TEST(ConvertTest, RealNumbersOf16BitsBetweenIntegers) {
  GraphBuilder b;
  const TensorId x = b.Input("x");
  const TensorId p = b.Conv("p", x);
  const TensorId h = b.Conv("h", p);
  const TensorId t = b.Unary("t", schema::UnaryKind::TANH, h);
  const TensorId k = b.Conv("k", t);
  b.graph.outputs = {b.Conv("y", k)};
  const Graph result =
      Converted(b.graph, {kInt8ToFloat, Precision::kBF16, kFloat, Precision::kBF16, kInt8ToFloat},
                {{x, {-1, 1}}, {k, {0, 2}}});
  EXPECT_THAT(
      Describe(result),
      ElementsAre("Quantize: x f32 -> x_quantized u8", "Conv: x_quantized u8 -> p bf16",
                  "Conv: p bf16 -> h bf16", "Unary: h bf16 -> t bf16", "Conv: t bf16 -> k f32",
                  "Quantize: k f32 -> k_quantized u8", "Conv: k_quantized u8 -> y f32"));
  EXPECT_EQ(result.tensor(result.nodes[2].inputs[1]).type, DataType::kBF16);
  EXPECT_EQ(result.tensor(result.nodes[6].inputs[1]).type, DataType::kS8);
}

}  // namespace
}  // namespace octet

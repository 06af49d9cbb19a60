#include "tools/import/tflite_importer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/import/testing.h"
#include "tools/import/tflite_testing.h"
#include "tools/simplify/constants.h"
#include "tools/simplify/simplify.h"

namespace octet {
namespace {

using testing::Conv;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RunCounting;
using testing::TfliteMaker;
using Code = tflite::BuiltinOperator;
using Type = tflite::TensorType;

const Tensor& Named(const Graph& graph, const std::string& name) {
  for (const Tensor& t : graph.tensors) {
    if (t.name == name) return t;
  }
  ADD_FAILURE() << "there is no tensor '" << name << "'";
  return graph.tensors[0];
}

int Count(const Graph& graph, OpType type) {
  return static_cast<int>(std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                        [&](const Node& n) { return n.type() == type; }));
}

std::vector<float> FloatsOf(TfliteMaker& maker, int tensor) {
  const auto& bytes = maker.model().buffers[maker.graph().tensors[tensor]->buffer]->data;
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// A convolution as TFLite defines it: x [H, W, C] that counts 0, 1, 2, ..., w [M, kh, kw, C], or
// [kh, kw, M] with M / C filters per channel; the pads of SAME.
std::vector<double> Convolve(int h, int w, int c, const std::vector<float>& weights, int m, int k,
                             int stride, bool depthwise) {
  const int out_h = (h + stride - 1) / stride, out_w = (w + stride - 1) / stride;
  const int top = std::max((out_h - 1) * stride + k - h, 0) / 2;
  const int left = std::max((out_w - 1) * stride + k - w, 0) / 2;
  std::vector<double> y;
  for (int oy = 0; oy < out_h; ++oy) {
    for (int ox = 0; ox < out_w; ++ox) {
      for (int o = 0; o < m; ++o) {
        double sum = 0;
        for (int ky = 0; ky < k; ++ky) {
          for (int kx = 0; kx < k; ++kx) {
            const int iy = oy * stride - top + ky, ix = ox * stride - left + kx;
            if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
            for (int i = 0; i < c; ++i) {
              if (depthwise && i != o / (m / c)) continue;
              const int at = depthwise ? (ky * k + kx) * m + o : ((o * k + ky) * k + kx) * c + i;
              sum += double{weights[static_cast<size_t>(at)]} * ((iy * w + ix) * c + i);
            }
          }
        }
        y.push_back(sum);
      }
    }
  }
  return y;
}

void ExpectNear(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], 1e-4 * (1 + std::abs(expected[i]))) << i;
  }
}

TEST(ImportTflite, ConvolutionKeepsTheFilesShapes) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 5, 6, 3}), w = maker.RandomFloats("w", {4, 3, 3, 3});
  const int y = maker.Tensor("y", {1, 3, 3, 4});
  maker.Op(Code::CONV_2D, {x, w}, {y}, Conv(tflite::Padding::SAME, 2)).Output(y);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->tensor(graph->inputs[0]).shape, (Shape{1, 5, 6, 3}));
  EXPECT_EQ(graph->tensor(graph->outputs[0]).shape, (Shape{1, 3, 3, 4}));
  EXPECT_EQ(graph->tensor(graph->outputs[0]).name, "y");
  ExpectNear(RunCounting(*graph, {{1, 5, 6, 3}}),
             Convolve(5, 6, 3, FloatsOf(maker, w), 4, 3, 2, false));
}

TEST(ImportTflite, DepthwiseWithTwoFiltersPerChannel) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 4, 5, 3}), w = maker.RandomFloats("w", {1, 3, 3, 6});
  const int y = maker.Tensor("y", {1, 4, 5, 6});
  tflite::DepthwiseConv2DOptionsT options;
  options.stride_h = options.stride_w = 1;
  options.depth_multiplier = 2;
  maker.Op(Code::DEPTHWISE_CONV_2D, {x, w}, {y}, options).Output(y);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ExpectNear(RunCounting(*graph, {{1, 4, 5, 3}}),
             Convolve(4, 5, 3, FloatsOf(maker, w), 6, 3, 1, true));
}

TEST(ImportTflite, NothingIsTurnedAroundBetweenSpatialOperators) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 4, 4, 2}), w = maker.RandomFloats("w", {2, 3, 3, 2});
  const int per_channel = maker.Floats("per_channel", {2}, {1, 2});
  int last = x;
  for (int i = 0; i < 2; ++i) {
    const int conv = maker.Tensor("conv" + std::to_string(i), {1, 4, 4, 2});
    maker.Op(Code::CONV_2D, {last, w}, {conv}, Conv(tflite::Padding::SAME, 1));
    const int scaled = maker.Tensor("scaled" + std::to_string(i), {1, 4, 4, 2});
    maker.Op(Code::DIV, {conv, per_channel}, {scaled});
    const int joined = maker.Tensor("joined" + std::to_string(i), {1, 4, 4, 4});
    tflite::ConcatenationOptionsT concat;
    concat.axis = -1;
    maker.Op(Code::CONCATENATION, {scaled, conv}, {joined}, concat);
    const int axes = maker.Ints("axes" + std::to_string(i), {4, 2}, {0, 0, 0, 0, 0, 0, 0, 0});
    const int padded = maker.Tensor("padded" + std::to_string(i), {1, 4, 4, 4});
    maker.Op(Code::PAD, {joined, axes}, {padded});
    const int half = maker.Ints("half" + std::to_string(i), {}, {3});
    last = maker.Tensor("first" + std::to_string(i), {1, 4, 4, 2});
    const int rest = maker.Tensor("rest" + std::to_string(i), {1, 4, 4, 2});
    tflite::SplitOptionsT split;
    split.num_splits = 2;
    maker.Op(Code::SPLIT, {half, padded}, {last, rest}, split);
  }
  maker.Output(last);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(Count(*graph, OpType::TransposeOptions), 2);
}

TEST(ImportTflite, DenseLayerReadsThePictureInTheFilesOrder) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 3, 2, 2});
  const int pooled = maker.Tensor("pooled", {1, 3, 2, 2}), rows = maker.Tensor("rows", {1, 12});
  tflite::Pool2DOptionsT pool;
  pool.padding = tflite::Padding::VALID;
  pool.stride_w = pool.stride_h = pool.filter_w = pool.filter_h = 1;
  maker.Op(Code::MAX_POOL_2D, {x}, {pooled}, pool);
  maker.Op(Code::RESHAPE, {pooled, maker.Ints("shape", {2}, {-1, 12})}, {rows});
  const int w = maker.RandomFloats("w", {2, 12}), bias = maker.Floats("bias", {2}, {0.5f, -1});
  const int y = maker.Tensor("y", {1, 2});
  maker.Op(Code::FULLY_CONNECTED, {rows, w, bias}, {y}, tflite::FullyConnectedOptionsT()).Output(y);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const std::vector<float> weights = FloatsOf(maker, w);
  std::vector<double> expected = {0.5, -1};
  for (size_t i = 0; i < 24; ++i) expected[i / 12] += weights[i] * static_cast<double>(i % 12);
  ExpectNear(RunCounting(*graph, {{1, 3, 2, 2}}), expected);
}

TEST(ImportTflite, ReductionsAndSoftmaxUseTheFilesAxes) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 2, 2, 3});
  const int pooled = maker.Tensor("pooled", {1, 2, 2, 3});
  tflite::Pool2DOptionsT pool;
  pool.stride_w = pool.stride_h = pool.filter_w = pool.filter_h = 1;
  maker.Op(Code::AVERAGE_POOL_2D, {x}, {pooled}, pool);
  const int mean = maker.Tensor("mean", {1, 2, 3}), sum = maker.Tensor("sum", {1, 2, 2});
  maker.Op(Code::MEAN, {pooled, maker.Ints("w", {1}, {2})}, {mean}).Output(mean);
  maker.Op(Code::SUM, {pooled, maker.Ints("c", {}, {-1})}, {sum}).Output(sum);
  const int softmax = maker.Tensor("softmax", {1, 2, 2, 3});
  tflite::SoftmaxOptionsT beta;
  beta.beta = 1;
  maker.Op(Code::SOFTMAX, {pooled}, {softmax}, beta).Output(softmax);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<double> expected = {1.5, 2.5, 3.5, 7.5, 8.5, 9.5, 3, 12, 21, 30};
  for (int i = 0; i < 4; ++i) {
    for (const double p : {0.09003057, 0.24472847, 0.66524096}) expected.push_back(p);
  }
  ExpectNear(RunCounting(*graph, {{1, 2, 2, 3}}), expected);
}

TEST(ImportTflite, AveragesOfIntegersKeepTheirTieRule) {
  for (const bool quantized : {false, true}) {
    TfliteMaker maker;
    const Type type = quantized ? Type::INT8 : Type::FLOAT32;
    const int x = maker.Input("x", {1, 2, 2, 1}, type), y = maker.Tensor("y", {1, 1, 1, 1}, type);
    if (quantized) maker.Quantize(x, {0.5f}, {3}).Quantize(y, {0.5f}, {3});
    tflite::Pool2DOptionsT pool;
    pool.padding = tflite::Padding::VALID;
    pool.stride_w = pool.stride_h = pool.filter_w = pool.filter_h = 2;
    maker.Op(Code::AVERAGE_POOL_2D, {x}, {y}, pool).Output(y);
    const absl::StatusOr<Graph> graph = maker.Import();
    ASSERT_TRUE(graph.ok()) << graph.status();
    for (const Node& node : graph->nodes) {
      if (node.type() != OpType::PoolOptions) continue;
      EXPECT_EQ(node.as<schema::PoolOptionsT>().ties,
                quantized ? schema::TieRule::AWAY_FROM_ZERO : schema::TieRule::TO_EVEN);
    }
  }
}

TEST(ImportTflite, QuantizedConvolutionKeepsItsScales) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 2, 2, 2}, Type::INT8);
  const int w = maker.Bytes("w", {1, 1, 1, 2}, {3, -5});
  const int bias = maker.Ints("bias", {2}, {7, 8});
  const int y = maker.Tensor("y", {1, 2, 2, 2}, Type::INT8);
  maker.Quantize(x, {0.5f}, {3}).Quantize(w, {0.25f, 0.125f}, {0, 0}, 3).Quantize(y, {2}, {-4});
  tflite::DepthwiseConv2DOptionsT options;
  options.stride_h = options.stride_w = options.depth_multiplier = 1;
  options.activation = tflite::ActivationFunction::RELU6;
  maker.Op(Code::DEPTHWISE_CONV_2D, {x, w, bias}, {y}, options).Output(y);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->tensor(graph->inputs[0]).type, DataType::kS8);
  EXPECT_EQ(*graph->tensor(graph->inputs[0]).quant, (QuantParams{{0.5f}, {3}, -1}));
  EXPECT_EQ(*graph->tensor(graph->outputs[0]).quant, (QuantParams{{2.0f}, {-4}, -1}));
  EXPECT_EQ(Named(*graph, "w").shape, (Shape{2, 1, 1, 1}));
  EXPECT_EQ(*Named(*graph, "w").quant, (QuantParams{{0.25f, 0.125f}, {0, 0}, 0}));
  EXPECT_EQ(*Named(*graph, "bias").quant, (QuantParams{{0.125f, 0.0625f}, {0, 0}, 0}));
  for (const Node& node : graph->nodes) {
    if (node.type() != OpType::ConvOptions) continue;
    EXPECT_EQ(node.as<schema::ConvOptionsT>().groups, 2);
    EXPECT_EQ(node.as<schema::ConvOptionsT>().activation_min, 0.0f);
    EXPECT_EQ(node.as<schema::ConvOptionsT>().activation_max, 6.0f);
  }
}

// A dense layer on x u8, with these weights.
absl::StatusOr<Graph> DenseU8(const std::vector<int>& weights, int64_t zero_point) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 2}, Type::UINT8), y = maker.Tensor("y", {1, 1}, Type::UINT8);
  const int w = maker.Bytes("w", {1, 2}, weights, Type::UINT8);
  maker.Quantize(x, {0.5f}, {128}).Quantize(w, {0.25f}, {zero_point}).Quantize(y, {1}, {0});
  maker.Op(Code::FULLY_CONNECTED, {x, w}, {y}, tflite::FullyConnectedOptionsT()).Output(y);
  return maker.Import();
}

TEST(ImportTflite, UnsignedWeightsBecomeSigned) {
  const absl::StatusOr<Graph> graph = DenseU8({0, 255}, 128);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Tensor& w = Named(*graph, "w");
  EXPECT_EQ(w.type, DataType::kS8);
  EXPECT_THAT(ToInts(w.type, w.data), ElementsAre(-128, 127));
  EXPECT_THAT(w.quant->zero_points, ElementsAre(0));
}

TEST(ImportTflite, UnsignedWeightsThatDoNotFitAreRefused) {
  const absl::Status status = DenseU8({0, 255}, 100).status();
  EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("155 does not fit s8"));
}

TEST(ImportTflite, IntegerWeightsOfFloatLayersBecomeFloats) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 2}), y = maker.Tensor("y", {1, 2});
  const int w = maker.Bytes("w", {2, 2}, {1, 2, 3, 4});
  maker.Quantize(w, {0.5f, 2}, {0, 0}, 0);
  maker.Op(Code::FULLY_CONNECTED, {x, w}, {y}, tflite::FullyConnectedOptionsT()).Output(y);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_THAT(RunCounting(*graph, {{1, 2}}), ElementsAre(1, 8));
}

// Activations of 16 bits, weights of 8, a bias of 64 that 32 do not hold: powers of two, so that
// real numbers tell the results. x [2, 2, 2] counts 0, 1, ..., 7.
TEST(ImportTflite, SixteenBitActivationsWithEightBitWeights) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 2, 2, 2});
  const int q = maker.Tensor("q", {1, 2, 2, 2}, Type::INT16);
  const int w = maker.Bytes("w", {2, 1, 1, 2}, {127, -127, 1, 2});
  const int bias = maker.Longs("bias", {2}, {int64_t{3} << 30, 5});
  const int c = maker.Tensor("c", {1, 2, 2, 2}, Type::INT16), y = maker.Tensor("y", {1, 2, 2, 2});
  maker.Quantize(q, {0x1p-10f}, {0}).Quantize(c, {0x1p-10f}, {0});
  maker.Quantize(w, {0x1p-20f, 0x1p-4f}, {0, 0}, 0);
  maker.Op(Code::QUANTIZE, {x}, {q})
      .Op(Code::CONV_2D, {q, w, bias}, {c}, Conv(tflite::Padding::VALID, 1))
      .Op(Code::DEQUANTIZE, {c}, {y})
      .Output(y);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(Named(*graph, "bias").type, DataType::kS64);
  // The first channel is 3 - 127 * 2^-20, the second (x0 + 2 * x1) / 16 + 5 * 2^-14.
  EXPECT_THAT(RunCounting(*graph, {{1, 2, 2, 2}}),
              ElementsAre(3, 0.125f, 3, 0.5f, 3, 0.875f, 3, 1.25f));
}

TEST(ImportTflite, SixteenBitActivationsOfOtherOperators) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 2, 2, 1});
  const auto words = [&](const std::string& name, const std::vector<int32_t>& shape, float scale) {
    const int tensor = maker.Tensor(name, shape, Type::INT16);
    maker.Quantize(tensor, {scale}, {0});
    return tensor;
  };
  const int q = words("q", {1, 2, 2, 1}, 0x1p-10f), sum = words("sum", {1, 2, 2, 1}, 0x1p-9f);
  const int product = words("product", {1, 2, 2, 1}, 0x1p-8f);
  const int mean = words("mean", {1, 1, 1, 1}, 0x1p-8f),
            most = words("most", {1, 1, 1, 1}, 0x1p-8f);
  const int both = words("both", {1, 1, 1, 2}, 0x1p-8f), dense = words("dense", {1, 2}, 0x1p-6f);
  const int gate = words("gate", {1, 2}, 0x1p-15f), soft = words("soft", {1, 2}, 0x1p-15f);
  const int w = maker.Bytes("w", {2, 2}, {1, 0, 0, 2}), y = maker.Tensor("y", {1, 2});
  maker.Quantize(w, {0.5f}, {0});
  tflite::Pool2DOptionsT pool;
  pool.padding = tflite::Padding::VALID;
  pool.stride_w = pool.stride_h = pool.filter_w = pool.filter_h = 2;
  tflite::ConcatenationOptionsT concatenation;
  concatenation.axis = 3;
  tflite::SoftmaxOptionsT softmax;
  softmax.beta = 1;
  maker.Op(Code::QUANTIZE, {x}, {q})
      .Op(Code::ADD, {q, q}, {sum}, tflite::AddOptionsT())
      .Op(Code::MUL, {q, sum}, {product}, tflite::MulOptionsT())
      .Op(Code::AVERAGE_POOL_2D, {product}, {mean}, pool)
      .Op(Code::MAX_POOL_2D, {product}, {most}, pool)
      .Op(Code::CONCATENATION, {mean, most}, {both}, concatenation)
      .Op(Code::FULLY_CONNECTED, {both, w}, {dense}, tflite::FullyConnectedOptionsT())
      .Op(Code::LOGISTIC, {dense}, {gate})
      .Op(Code::SOFTMAX, {gate}, {soft}, softmax)
      .Op(Code::DEQUANTIZE, {soft}, {y})
      .Output(y);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  // x counts 0 to 3: products 0, 2, 8, 18; mean 7, most 18; dense 3.5, 18.
  const double a = 1 / (1 + std::exp(-3.5)), b = 1 / (1 + std::exp(-18.0));
  const double first = std::exp(a) / (std::exp(a) + std::exp(b));
  const std::vector<double> result = RunCounting(*graph, {{1, 2, 2, 1}});
  ASSERT_EQ(result.size(), 2u);
  EXPECT_NEAR(result[0], first, 1e-4);
  EXPECT_NEAR(result[1], 1 - first, 1e-4);
}

TEST(ImportTflite, ListsEverythingUnsupportedAtOnce) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 4}), a = maker.Tensor("a", {1, 4}),
            b = maker.Tensor("b", {1, 4});
  const int c = maker.Tensor("c", {1, 4}), d = maker.Tensor("d", {1, 4});
  maker.Op(Code::SVDF, {x}, {a}).Op(Code::RELU, {a}, {b}).Op(Code::CUSTOM, {b}, {c});
  maker.model().operator_codes.back()->custom_code = "Mine";
  tflite::AddOptionsT tanh;
  tanh.activation = tflite::ActivationFunction::TANH;
  maker.Op(Code::ADD, {x, x}, {d}, tanh).Output(c).Output(d);
  const absl::Status status = maker.Import().status();
  EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("3 nodes cannot be imported"));
  EXPECT_THAT(message, HasSubstr("SVDF is not supported"));
  EXPECT_THAT(message, HasSubstr("Mine is not supported"));
  EXPECT_THAT(message, HasSubstr("ADD has the fused activation TANH"));
  EXPECT_THAT(message, Not(HasSubstr("RELU")));
}

// What converters make of a Flatten: the batch from SHAPE, the rest as a constant.
TfliteMaker FlattenedByShape() {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 2, 3}, Type::FLOAT32, {-1, 2, 3});
  const int shape = maker.Tensor("shape", {3}, Type::INT32);
  const int batch = maker.Tensor("batch", {}, Type::INT32),
            target = maker.Tensor("target", {2}, Type::INT32);
  const int y = maker.Tensor("y", {1, 6});
  tflite::StridedSliceOptionsT first;
  first.shrink_axis_mask = 1;
  tflite::PackOptionsT pack;
  pack.values_count = 2;
  maker.Op(Code::SHAPE, {x}, {shape}, tflite::ShapeOptionsT());
  maker.Op(Code::STRIDED_SLICE,
           {shape, maker.Ints("begin", {1}, {0}), maker.Ints("end", {1}, {1}),
            maker.Ints("step", {1}, {1})},
           {batch}, first);
  maker.Op(Code::PACK, {batch, maker.Ints("six", {}, {6})}, {target}, pack);
  maker.Op(Code::RESHAPE, {x, target}, {y}).Output(y);
  return maker;
}

TEST(ImportTflite, ComputedShapesFollowAnOpenBatch) {
  TfliteMaker maker = FlattenedByShape();
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->tensor(graph->inputs[0]).shape, (Shape{-1, 2, 3}));
  EXPECT_THAT(graph->tensor(graph->inputs[0]).symbols, ElementsAre("batch", "", ""));
  EXPECT_EQ(graph->tensor(graph->outputs[0]).shape, (Shape{-1, 6}));
  EXPECT_EQ(graph->nodes.size(), 1u);
  EXPECT_EQ(RunCounting(*graph, {{2, 2, 3}}).size(), 12u);
}

TEST(ImportTflite, GivenShapesReplaceTheFiles) {
  ImportOptions options;
  options.input_shapes["x"] = {4, 2, 3};
  const absl::StatusOr<Graph> graph = FlattenedByShape().Import(options);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->tensor(graph->outputs[0]).shape, (Shape{4, 6}));
  options.input_shapes = {{"z", {1}}};
  EXPECT_THAT(std::string(FlattenedByShape().Import(options).status().message()),
              HasSubstr("there is no input 'z'; the inputs are 'x'"));
  options.input_shapes = {{"x", {1}}};
  EXPECT_THAT(std::string(FlattenedByShape().Import(options).status().message()),
              HasSubstr("input 'x' has 3 dimensions"));
}

TEST(ImportTflite, QuantizeAndDequantizeConvert) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 4}), q = maker.Tensor("q", {1, 4}, Type::INT8);
  const int r = maker.Tensor("r", {1, 4}, Type::UINT8), y = maker.Tensor("y", {1, 4});
  maker.Quantize(q, {0.5f}, {1}).Quantize(r, {0.25f}, {2});
  maker.Op(Code::QUANTIZE, {x}, {q}).Op(Code::QUANTIZE, {q}, {r}).Op(Code::DEQUANTIZE, {r}, {y});
  const absl::StatusOr<Graph> graph = maker.Output(y).Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->nodes.size(), 3u);
  EXPECT_EQ(graph->nodes[0].type(), OpType::QuantizeOptions);
  EXPECT_EQ(graph->nodes[1].type(), OpType::RequantizeOptions);
  EXPECT_EQ(graph->nodes[2].type(), OpType::DequantizeOptions);
}

TEST(ImportTflite, HalfPrecisionWeightsStayAsTheyAre) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 2}), y = maker.Tensor("y", {1, 1});
  // 1 and -2 as binary16.
  const int half = maker.Bytes("half", {1, 2}, {0x00, 0x3c, 0x00, 0xc0}, Type::FLOAT16);
  const int w = maker.Tensor("w", {1, 2});
  maker.Op(Code::DEQUANTIZE, {half}, {w});
  maker.Op(Code::FULLY_CONNECTED, {x, w}, {y}, tflite::FullyConnectedOptionsT()).Output(y);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(Named(*graph, "w").type, DataType::kF16);
  EXPECT_THAT(RunCounting(*graph, {{1, 2}}), ElementsAre(-2));
}

TEST(ImportTflite, FunctionsOfTwoStepsKeepTheirQuantization) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 4}, Type::INT8), y = maker.Tensor("y", {1, 4}, Type::INT8);
  maker.Quantize(x, {0.5f}, {-128}).Quantize(y, {0.25f}, {2});
  maker.Op(Code::RSQRT, {x}, {y}).Output(y);
  const absl::StatusOr<Graph> graph = maker.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->nodes.front().type(), OpType::DequantizeOptions);
  EXPECT_EQ(graph->nodes.back().type(), OpType::QuantizeOptions);
  EXPECT_EQ(*graph->tensor(graph->outputs[0]).quant, (QuantParams{{0.25f}, {2}, -1}));
}

TEST(ImportTflite, SlicesCutInTheFilesOrder) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 2, 3, 2});
  const int pooled = maker.Tensor("pooled", {1, 2, 3, 2}), y = maker.Tensor("y", {1, 2, 2});
  tflite::Pool2DOptionsT pool;
  pool.stride_w = pool.stride_h = pool.filter_w = pool.filter_h = 1;
  maker.Op(Code::MAX_POOL_2D, {x}, {pooled}, pool);
  tflite::StridedSliceOptionsT options;
  options.begin_mask = 1;
  options.end_mask = 9;
  options.shrink_axis_mask = 4;
  // pooled[:, 0:2, -1, :]
  maker.Op(Code::STRIDED_SLICE,
           {pooled, maker.Ints("begin", {4}, {0, 0, -1, 0}), maker.Ints("end", {4}, {0, 2, 0, 0}),
            maker.Ints("step", {4}, {1, 1, 1, 1})},
           {y}, options);
  const absl::StatusOr<Graph> graph = maker.Output(y).Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Tensor& result = graph->tensor(graph->outputs[0]);
  EXPECT_EQ(result.shape, (Shape{1, 2, 2}));
  for (const Node& node : graph->nodes) {
    if (node.type() != OpType::SliceOptions) continue;
    const auto& slice = node.as<schema::SliceOptionsT>();
    EXPECT_THAT(slice.axes, ElementsAre(2, 3));
    EXPECT_THAT(slice.starts, ElementsAre(0, -1));
  }
}

TEST(ImportTflite, DamagedFilesSayWhatIsWrong) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 4}), y = maker.Tensor("y", {1, 4});
  maker.Op(Code::RELU, {y}, {x}).Output(y);
  EXPECT_THAT(std::string(maker.Import().status().message()),
              HasSubstr("reads tensor 'y' before anything computes it"));
  maker.graph().operators[0]->inputs = {7};
  EXPECT_THAT(std::string(maker.Import().status().message()),
              HasSubstr("uses a tensor that does not exist"));
  maker.graph().operators.clear();
  EXPECT_THAT(std::string(maker.Import().status().message()),
              HasSubstr("nothing computes output 'y'"));
}

TEST(ImportTflite, ConstantsMustHaveTheBytesOfTheirShape) {
  TfliteMaker maker;
  const int x = maker.Input("x", {1, 2}), y = maker.Tensor("y", {1, 2});
  maker.Op(Code::ADD, {x, maker.Floats("c", {2}, {1})}, {y}, tflite::AddOptionsT()).Output(y);
  const absl::Status status = maker.Import().status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("'c' holds 4 bytes"));
}

}  // namespace
}  // namespace octet

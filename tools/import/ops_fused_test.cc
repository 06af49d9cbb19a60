#include <algorithm>
#include <cmath>
#include <functional>

#include "gtest/gtest.h"
#include "tools/import/testing.h"
#include "tools/simplify/testing.h"

// Operators of ONNX Runtime that join several of ONNX's: their numbers, computed here from the
// inputs 0, 1, 2, ..., and what they become.

namespace octet {
namespace {

using testing::Attr;
using testing::Count;
using testing::ImportSimplified;
using testing::Only;
using testing::OnnxMaker;
using testing::RunSession;
using Doubles = std::vector<double>;

constexpr char kMicrosoft[] = "com.microsoft";

void ExpectNear(const Doubles& actual, const Doubles& expected, double tolerance = 1e-5) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
}

// f(0), f(1), ...
Doubles Map(size_t count, const std::function<double(double)>& f) {
  Doubles result;
  for (size_t i = 0; i < count; ++i) result.push_back(f(static_cast<double>(i)));
  return result;
}

double Gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double TanhGelu(double x) {
  return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

TEST(ImportFused, MatMulOfConstantTakesAlphaIntoTheWeights) {
  OnnxMaker m(13);
  m.Input("x", {"2", "2"}).Floats("w", {3, 2}, {1, 2, 3, 4, 5, 6});
  m.OpOf(kMicrosoft, "FusedMatMul", {"x", "w"}, {"y"},
         {Attr("transA", 1), Attr("transB", 1), Attr("alpha", 0.5f)});
  const Graph graph = ImportSimplified(m.Output("y"));
  EXPECT_EQ(graph.nodes.size(), 1u);
  // x = [0 1; 2 3], transposed [0 2; 1 3]; half of its product with w's rows.
  ExpectNear(RunSession(graph, {{2, 2}}), {2, 4, 6, 3.5, 7.5, 11.5});
}

TEST(ImportFused, MatMulOfComputedTensors) {
  OnnxMaker m(13);
  m.Input("a", {"2", "1", "2"}).Input("b", {"2", "1", "2"});
  m.OpOf(kMicrosoft, "FusedMatMul", {"a", "b"}, {"y"}, {Attr("transB", 1), Attr("alpha", 2.0f)});
  ExpectNear(RunSession(ImportSimplified(m.Output("y")), {{2, 1, 2}, {2, 1, 2}}), {2, 26});
  OnnxMaker batches(13);
  batches.Input("a", {"2", "1", "2"}).Input("b", {"2", "1", "2"});
  batches.OpOf(kMicrosoft, "FusedMatMul", {"a", "b"}, {"y"}, {Attr("transBatchA", 1)});
  const absl::Status status = batches.Output("y").Import().status();
  EXPECT_TRUE(absl::IsUnimplemented(status));
  EXPECT_NE(status.message().find("transBatchA"), std::string::npos) << status;
}

// w * x + bias of one pixel per channel, with sums and activations.
Graph FusedConv(const std::vector<std::string>& more, const std::string& activation,
                const std::vector<float>& parameters = {}) {
  OnnxMaker m(13);
  m.Input("x", {"1", "1", "1", "4"}).Floats("w", {1, 1, 1, 1}, {2}).Floats("b", {1}, {-3});
  std::vector<std::string> inputs = {"x", "w", "b"};
  inputs.insert(inputs.end(), more.begin(), more.end());
  std::vector<onnx::AttributeProto> attributes = {Attr("activation", activation)};
  if (!parameters.empty()) {
    onnx::AttributeProto attribute;
    attribute.set_name("activation_params");
    attribute.set_type(onnx::AttributeProto::FLOATS);
    for (const float parameter : parameters) attribute.add_floats(parameter);
    attributes.push_back(attribute);
  }
  m.OpOf(kMicrosoft, "FusedConv", inputs, {"y"}, attributes);
  return ImportSimplified(m.Output("y"));
}

TEST(ImportFused, ConvWithSumAndActivation) {
  const Graph relu = FusedConv({}, "Relu");
  EXPECT_EQ(relu.nodes.size(), 1u);
  ExpectNear(RunSession(relu, {{1, 1, 1, 4}}), {0, 0, 1, 3});
  const Graph sum = FusedConv({"x"}, "Relu");
  EXPECT_EQ(sum.nodes.size(), 1u);  // the sum is the convolution's residual
  ExpectNear(RunSession(sum, {{1, 1, 1, 4}}), {0, 0, 3, 6});
  ExpectNear(RunSession(FusedConv({}, "LeakyRelu", {0.5f}), {{1, 1, 1, 4}}), {-1.5, -0.5, 1, 3});
  ExpectNear(RunSession(FusedConv({}, "Clip", {-1, 2}), {{1, 1, 1, 4}}), {-1, -1, 1, 2});
  ExpectNear(RunSession(FusedConv({}, "HardSigmoid", {0.25f, 0.5f}), {{1, 1, 1, 4}}),
             {0, 0.25, 0.75, 1});
  ExpectNear(RunSession(FusedConv({}, "Tanh"), {{1, 1, 1, 4}}),
             Map(4, [](double x) { return std::tanh(2 * x - 3); }));
  ExpectNear(RunSession(FusedConv({}, "Sigmoid"), {{1, 1, 1, 4}}),
             Map(4, [](double x) { return 1 / (1 + std::exp(3 - 2 * x)); }));
}

// Rows [0, 1, 2] and [3, 4, 5] plus `skip` and `bias`.
Doubles Sums(const Doubles& skip, const Doubles& bias) {
  Doubles result;
  for (size_t i = 0; i < 6; ++i) result.push_back(static_cast<double>(i) + skip[i] + bias[i % 3]);
  return result;
}

Doubles Normalized(const Doubles& x, bool centred, const Doubles& gamma, const Doubles& beta) {
  Doubles result;
  for (size_t row = 0; row < 2; ++row) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < 3 && centred; ++i) mean += x[row * 3 + i] / 3;
    for (size_t i = 0; i < 3; ++i) square += std::pow(x[row * 3 + i] - mean, 2) / 3;
    for (size_t i = 0; i < 3; ++i) {
      result.push_back((x[row * 3 + i] - mean) / std::sqrt(square + 0.25) * gamma[i] + beta[i]);
    }
  }
  return result;
}

TEST(ImportFused, SkipLayerNormalization) {
  OnnxMaker m(13);
  m.Input("x", {"1", "2", "3"}).Floats("skip", {1, 2, 3}, {1, 5, 2, -3, 0, 1});
  m.Floats("gamma", {3}, {1, 2, 3}).Floats("beta", {3}, {0, 1, -1}).Floats("bias", {3}, {4, -2, 1});
  m.OpOf(kMicrosoft, "SkipLayerNormalization", {"x", "skip", "gamma", "beta", "bias"},
         {"y", "", "", "sum"}, {Attr("epsilon", 0.25f)});
  const Graph graph = ImportSimplified(m.Output("y").Output("sum"));
  EXPECT_EQ(Count(graph, OpType::NormalizationOptions), 1);
  const Doubles sums = Sums({1, 5, 2, -3, 0, 1}, {4, -2, 1});
  Doubles expected = Normalized(sums, true, {1, 2, 3}, {0, 1, -1});
  expected.insert(expected.end(), sums.begin(), sums.end());
  ExpectNear(RunSession(graph, {{1, 2, 3}}), expected);
}

TEST(ImportFused, SkipSimplifiedLayerNormalization) {
  OnnxMaker m(13);
  m.Input("x", {"2", "3"}).Floats("skip", {2, 3}, {1, 5, 2, -3, 0, 1}).Floats("b", {3}, {4, -2, 1});
  m.Floats("gamma", {3}, {1, 2, 3});
  m.OpOf(kMicrosoft, "SkipSimplifiedLayerNormalization", {"x", "skip", "gamma", "b"},
         {"y", "", "", "sum"}, {Attr("epsilon", 0.25f)});
  const Graph graph = ImportSimplified(m.Output("sum").Output("y"));
  Doubles expected = Sums({1, 5, 2, -3, 0, 1}, {4, -2, 1});
  const Doubles y = Normalized(expected, false, {1, 2, 3}, {0, 0, 0});
  expected.insert(expected.end(), y.begin(), y.end());
  ExpectNear(RunSession(graph, {{2, 3}}), expected);
}

TEST(ImportFused, StatisticsForTrainingAreRefused) {
  OnnxMaker m(13);
  m.Input("x", {"2", "3"}).Floats("gamma", {3}, {1, 2, 3});
  m.OpOf(kMicrosoft, "SkipLayerNormalization", {"x", "x", "gamma"}, {"y", "mean"});
  const absl::Status status = m.Output("y").Import().status();
  EXPECT_TRUE(absl::IsUnimplemented(status));
  EXPECT_NE(status.message().find("training"), std::string::npos) << status;
}

// One operator of the domain on x [3], and on x plus a bias where it takes one.
Doubles RunGelu(const std::string& op, bool bias,
                const std::vector<onnx::AttributeProto>& attributes = {}) {
  OnnxMaker m(13);
  m.Input("x", {"1", "3"}).Floats("bias", {3}, {-1, -2, -1.5f});
  std::vector<std::string> inputs = {"x"};
  if (bias) inputs.push_back("bias");
  m.OpOf(kMicrosoft, op, inputs, {"y"}, attributes);
  return RunSession(ImportSimplified(m.Output("y")), {{1, 3}});
}

TEST(ImportFused, Gelus) {
  const Doubles biased = {-1, -1, 0.5};
  const auto of_biased = [&](double (*f)(double)) {
    return Map(3, [&](double i) { return f(biased[static_cast<size_t>(i)]); });
  };
  ExpectNear(RunGelu("Gelu", false), Map(3, Gelu));
  ExpectNear(RunGelu("BiasGelu", true), of_biased(Gelu));
  ExpectNear(RunGelu("FastGelu", false), Map(3, TanhGelu));
  ExpectNear(RunGelu("FastGelu", true), of_biased(TanhGelu));
  ExpectNear(RunGelu("QuickGelu", false),
             Map(3, [](double x) { return x / (1 + std::exp(-1.702 * x)); }));
  ExpectNear(RunGelu("QuickGelu", false, {Attr("alpha", 0.5f)}),
             Map(3, [](double x) { return x / (1 + std::exp(-0.5 * x)); }));
}

}  // namespace
}  // namespace octet

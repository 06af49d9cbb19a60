#include "tools/quantize/overrides.h"

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "tools/quantize/test_graph.h"

namespace octet {
namespace {

using testing::GraphBuilder;

std::string ParseError(const std::string& text) {
  const auto parsed = ParseOverrides(text, "o.txt");
  EXPECT_FALSE(parsed.ok()) << text;
  return std::string(parsed.status().message());
}

TEST(ParseOverridesTest, ReadsEveryKindOfLine) {
  const auto parsed = ParseOverrides(
      "# a comment\n"
      "\n"
      "operator Conv_3: float\r\n"
      "  type MatMul :per-tensor , int8\n"
      "regex /block_1[0-9]\\/.*/: calibrator=percentile, percentile=99.9, symmetric\n"
      "tensor input:0: range=[-1.5, 6]\n"
      "tensor-regex /a:b/c/:affine",
      "o.txt");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_EQ(parsed->size(), 5u);
  EXPECT_EQ((*parsed)[0].place, "o.txt:3");
  EXPECT_EQ((*parsed)[0].selector, OverrideSelector::kOperator);
  EXPECT_EQ((*parsed)[0].pattern, "Conv_3");
  EXPECT_EQ((*parsed)[0].settings.precision, Precision::kFloat);
  EXPECT_EQ((*parsed)[1].selector, OverrideSelector::kType);
  EXPECT_EQ((*parsed)[1].pattern, "MatMul");
  EXPECT_EQ((*parsed)[1].settings.weights, WeightGranularity::kPerTensor);
  EXPECT_EQ((*parsed)[1].settings.precision, Precision::kInt8);
  EXPECT_EQ((*parsed)[2].selector, OverrideSelector::kOperatorPattern);
  EXPECT_EQ((*parsed)[2].pattern, "block_1[0-9]\\/.*");
  EXPECT_EQ((*parsed)[2].settings.calibrator, CalibratorKind::kPercentile);
  EXPECT_EQ((*parsed)[2].settings.percentile, 99.9);
  EXPECT_EQ((*parsed)[2].settings.symmetric, true);
  EXPECT_EQ((*parsed)[3].pattern, "input:0");
  EXPECT_EQ((*parsed)[3].settings.range, (Range{-1.5f, 6}));
  EXPECT_EQ((*parsed)[4].selector, OverrideSelector::kTensorPattern);
  EXPECT_EQ((*parsed)[4].pattern, "a:b/c");
  EXPECT_EQ((*parsed)[4].settings.symmetric, false);
  EXPECT_TRUE(ParseOverrides("", "o.txt")->empty());
}

TEST(ParseOverridesTest, SaysWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {"\noperators Conv: float", "o.txt:2: unknown word 'operators'; a line is 'operator NAME"},
      {"operator Conv float", "o.txt:1: a line is"},
      {"operator", "o.txt:1: a line is"},
      {"operator : float", "o.txt:1: a line is"},
      {"operator Conv: flot", "o.txt:1: unknown setting 'flot'; there are: float, int8, dynamic"},
      {"operator Conv: float,", "o.txt:1: a setting is missing"},
      {"operator Conv:", "o.txt:1: a setting is missing"},
      {"type Conv: calibrator=kl", "o.txt:1: unknown calibrator 'kl'; there are: minmax"},
      {"type Conv: percentile=0", "percentile=0 should be above 0 and at most 100"},
      {"type Conv: percentile=nan", "percentile=nan should be"},
      {"type Conv: range=[1]", "'[1]' is no range; write range=[-1.5, 6]"},
      {"type Conv: range=[2,1]", "'[2,1]' is no range"},
      {"type Conv: range=[0,inf]", "'[0,inf]' is no range"},
      {"type Conv: range=0,1", "'0' is no range"},
      {"type Conv: range=[0,1], calibrator=mse", "a fixed range leaves nothing to a calibrator"},
      {"regex conv.*: float", "a pattern stands between slashes: regex /conv"},
      {"regex //: float", "a pattern stands between slashes"},
      {"operator Conv: int4", "there are: float, int8, dynamic, int16, bf16, f16, per-tensor"},
      {"tensor x: bf16", "bf16, f16, per-tensor and per-channel are settings of operators"},
      {"tensor x: float", "settings of operators, not of tensors"},
      {"tensor-regex /x/: per-tensor", "settings of operators, not of tensors"},
  };
  for (const auto& [text, words] : cases) {
    EXPECT_THAT(ParseError(text), ::testing::HasSubstr(words)) << text;
  }
}

// x -> a (Conv) -> r (Sigmoid) -> b (Conv)
struct Net {
  GraphBuilder b;
  TensorId x = b.Input("x");
  TensorId a = b.Conv("block_1/conv", x);
  TensorId r = b.Unary("block_1/act", schema::UnaryKind::SIGMOID, a);
  TensorId y = b.Conv("block_2/conv", r);
};

absl::StatusOr<GraphOverrides> Resolve(const std::string& text, const RangeRule& common = {}) {
  const Net net;
  return ResolveOverrides(ParseOverrides(text, "o.txt").value(), net.b.graph, common);
}

TEST(ResolveOverridesTest, DynamicMustBePossible) {
  const GraphOverrides overrides = Resolve("operator block_2/conv: dynamic").value();
  EXPECT_EQ(overrides.operators[2].precision, Precision::kDynamic);
  std::vector<Precision> precision(3, Precision::kInt8);
  const Net net;
  EXPECT_THAT(std::string(CheckOverrides(net.b.graph, overrides, precision).message()),
              ::testing::HasSubstr("o.txt:1: operator 'block_2/conv' cannot be dynamic"));
  precision[2] = Precision::kDynamic;
  EXPECT_TRUE(CheckOverrides(net.b.graph, overrides, precision).ok());
}

TEST(ResolveOverridesTest, SixteenBitsMustBePossible) {
  const std::string text =
      "operator block_1/conv: int16\noperator block_1/act: bf16\noperator block_2/conv: f16\n";
  const GraphOverrides overrides = Resolve(text).value();
  EXPECT_EQ(overrides.operators[0].precision, Precision::kInt16);
  EXPECT_EQ(overrides.operators[1].precision, Precision::kBF16);
  EXPECT_EQ(overrides.operators[2].precision, Precision::kF16);
  const Net net;
  const auto check = [&](const std::vector<Precision>& precision) {
    return std::string(CheckOverrides(net.b.graph, overrides, precision).message());
  };
  constexpr Precision kFloat = Precision::kFloat, kBF16 = Precision::kBF16, kF16 = Precision::kF16,
                      kInt16 = Precision::kInt16ToFloat;
  EXPECT_EQ(check({kInt16, kBF16, kF16}), "");
  EXPECT_THAT(
      check({kFloat, kBF16, kF16}),
      ::testing::HasSubstr("o.txt:1: operator 'block_1/conv' cannot be int16: there is no"));
  EXPECT_THAT(check({Precision::kDynamic, kBF16, kF16}),
              ::testing::HasSubstr("o.txt:1: operator 'block_1/conv' cannot be int16"));
  EXPECT_THAT(check({kInt16, kFloat, kF16}),
              ::testing::HasSubstr("o.txt:2: operator 'block_1/act' cannot be bf16: its result"));
  EXPECT_THAT(check({kInt16, kBF16, kBF16}),
              ::testing::HasSubstr("o.txt:3: operator 'block_2/conv' cannot be f16"));
}

TEST(ResolveOverridesTest, SelectsByNameTypeAndPattern) {
  const auto int8_of = [](const std::string& text) {
    std::vector<int> result;
    const GraphOverrides overrides = Resolve(text).value();
    for (const auto& choice : overrides.operators) {
      result.push_back(choice.precision ? *choice.precision != Precision::kFloat : -1);
    }
    return result;
  };
  using Choices = std::vector<int>;
  EXPECT_EQ(int8_of("operator block_1/act: float"), (Choices{-1, 0, -1}));
  EXPECT_EQ(int8_of("type Conv: int8"), (Choices{1, -1, 1}));
  EXPECT_EQ(int8_of("regex /block_1\\/.*/: float"), (Choices{0, 0, -1}));
  EXPECT_EQ(int8_of("type Conv: float\noperator block_2/conv: int8"), (Choices{0, -1, 1}));
  EXPECT_EQ(int8_of(""), (Choices{-1, -1, -1}));
}

TEST(ResolveOverridesTest, OperatorsSettingsAreThoseOfTheirResults) {
  const Net net;
  RangeRule common;
  common.scheme.type = DataType::kS8;
  const GraphOverrides result = Resolve(
                                    "type Conv: calibrator=mse, symmetric\n"
                                    "tensor x: range=[-2, 2]\n"
                                    "tensor-regex /block_2.*/: affine, percentile=99\n",
                                    common)
                                    .value();
  EXPECT_EQ(result.tensors.size(), 3u);
  EXPECT_EQ(result.tensors.at(net.x).fixed, (Range{-2, 2}));
  EXPECT_EQ(result.tensors.at(net.a).calibrator.kind, CalibratorKind::kMse);
  EXPECT_TRUE(result.tensors.at(net.a).scheme.symmetric);
  EXPECT_EQ(result.tensors.at(net.a).scheme.type, DataType::kS8);
  EXPECT_EQ(result.tensors.at(net.y).calibrator.kind, CalibratorKind::kMse);
  EXPECT_EQ(result.tensors.at(net.y).calibrator.percentile, 99);
  EXPECT_FALSE(result.tensors.at(net.y).scheme.symmetric);
}

TEST(ResolveOverridesTest, WeightsAreThoseOfProducts) {
  const GraphOverrides result = Resolve("regex /block_1.*/: per-tensor").value();
  EXPECT_EQ(result.operators[0].weights, WeightGranularity::kPerTensor);
  EXPECT_FALSE(result.operators[1].weights);
  EXPECT_EQ(Resolve("operator block_1/act: per-tensor").status().message(),
            "o.txt:1: 'block_1/act' has no constant weights to quantize per tensor or per channel");
}

TEST(CheckOverridesTest, Int8ThatCannotBeNamesItsLine) {
  const Net net;
  const GraphOverrides overrides = Resolve("type Conv: int8\noperator block_1/act: int8").value();
  const auto check = [&](const std::vector<Precision>& precision) {
    return std::string(CheckOverrides(net.b.graph, overrides, precision).message());
  };
  EXPECT_EQ(check({Precision::kInt8, Precision::kInt8, Precision::kInt8ToFloat}), "");
  EXPECT_THAT(check({Precision::kInt8ToFloat, Precision::kFloat, Precision::kInt8ToFloat}),
              ::testing::HasSubstr("o.txt:2: operator 'block_1/act' cannot be int8"));
}

TEST(CheckOverridesTest, SomeRangeMustBeNeeded) {
  const Net net;
  const auto check = [&](const std::string& text) {
    const GraphOverrides overrides = Resolve(text).value();
    return std::string(
        CheckOverrides(net.b.graph, overrides,
                       {Precision::kInt8ToFloat, Precision::kFloat, Precision::kInt8ToFloat})
            .message());
  };
  EXPECT_EQ(check("tensor x: affine\noperator block_1/act: range=[0, 1]"), "");
  EXPECT_EQ(check("tensor block_1/conv: affine"),
            "o.txt:1: tensor 'block_1/conv' stays float and has no range");
  EXPECT_EQ(check("type Conv: calibrator=mse"),
            "o.txt:1: tensor 'block_1/conv' and all others of this line stay float and have no "
            "range");
}

TEST(ResolveOverridesTest, RefusesLinesWithoutEffect) {
  const std::pair<const char*, const char*> cases[] = {
      {"type Conv: float\noperator block_3/conv: float",
       "o.txt:2: the model has no operator 'block_3/conv'"},
      {"type conv: float", "o.txt:1: the model has no operator of type 'conv'"},
      {"regex /conv/: float", "o.txt:1: the model has no operator 'conv'"},  // the whole name
      {"tensor block_1/conv.w: affine", "o.txt:1: the model has no tensor 'block_1/conv.w'"},
      {"regex /a(/: float", "o.txt:1: bad regular expression /a(/: "},
      {"tensor x: symmetric", "o.txt:1: activations of type u8 cannot be symmetric"},
  };
  for (const auto& [text, words] : cases) {
    EXPECT_THAT(std::string(Resolve(text).status().message()), ::testing::HasSubstr(words)) << text;
  }
  const std::string long_pattern = "regex /" + std::string(501, 'a') + "/: float";
  EXPECT_EQ(Resolve(long_pattern).status().message(),
            "o.txt:1: a pattern has at most 500 characters");
}

}  // namespace
}  // namespace octet

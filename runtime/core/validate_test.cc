#include "runtime/core/validate.h"

#include <functional>
#include <limits>
#include <ostream>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/core/testing/sample_graphs.h"

namespace octet {
namespace {

using testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;

TEST(ValidateGraph, AcceptsTheSample) {
  const absl::Status status = ValidateGraph(SampleClassifier());
  EXPECT_TRUE(status.ok()) << status;
}

TEST(ValidateGraph, AcceptsAnEmptyGraph) { EXPECT_TRUE(ValidateGraph(Graph()).ok()); }

// One change to a valid graph, and what the refusal must say.
struct Refusal {
  const char* name;
  std::function<void(Graph&)> change;
  std::vector<std::string> words;
  absl::StatusCode code = kInvalid;
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.name; }

class RefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(RefusalTest, NamesPlaceFoundAndExpected) {
  Graph g = SampleClassifier();
  GetParam().change(g);
  const absl::Status status = ValidateGraph(g);
  EXPECT_EQ(status.code(), GetParam().code) << status;
  for (const std::string& word : GetParam().words) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(word));
  }
}

schema::ConvOptionsT& ConvOf(Graph& g) { return NodeNamed(g, "conv").as<schema::ConvOptionsT>(); }

const Refusal kStructure[] = {
    {"InputOfNodeTooLarge",
     [](Graph& g) { NodeNamed(g, "pool").inputs[0] = 11; },
     {"operator 'pool' (Pool, number 2)", "x is tensor 11", "has 11"}},
    {"InputOfNodeNegative",
     [](Graph& g) { NodeNamed(g, "pool").inputs[0] = -2; },
     {"x is tensor -2"}},
    {"RequiredInputAbsent",
     [](Graph& g) { NodeNamed(g, "conv").inputs[1] = kNoTensor; },
     {"operator 'conv'", "w is absent"}},
    {"TooFewInputs",
     [](Graph& g) { NodeNamed(g, "conv").inputs.resize(1); },
     {"1 inputs, not 2 to 4"}},
    {"TooManyInputs",
     [](Graph& g) { NodeNamed(g, "pool").inputs.push_back(0); },
     {"2 inputs, not 1"}},
    {"NoOutput", [](Graph& g) { NodeNamed(g, "pool").outputs.clear(); }, {"0 outputs, not 1"}},
    {"OutputOfNodeAbsent",
     [](Graph& g) { NodeNamed(g, "pool").outputs[0] = kNoTensor; },
     {"an output is tensor -1"}},
    {"OutputOfNodeTooLarge",
     [](Graph& g) { NodeNamed(g, "pool").outputs[0] = 99; },
     {"an output is tensor 99"}},
    {"ComputedTwice",
     [](Graph& g) { NodeNamed(g, "pool").outputs[0] = Find(g, "y"); },
     {"'y'", "computed before"}},
    {"ComputesAConstant",
     [](Graph& g) { NodeNamed(g, "pool").outputs[0] = Find(g, "conv.w"); },
     {"'conv.w' is a constant"}},
    {"ComputesAnInput",
     [](Graph& g) { NodeNamed(g, "softmax").outputs[0] = Find(g, "x"); },
     {"'x'", "an input of the model"}},
    {"UsedBeforeComputed",
     [](Graph& g) { std::swap(g.nodes[1], g.nodes[2]); },
     {"operator 'pool' (Pool, number 1)", "'y'", "before an operator has computed it"}},
    {"ReadsItself",
     [](Graph& g) { NodeNamed(g, "pool").inputs[0] = Find(g, "p"); },
     {"'p'", "before an operator has computed it"}},
    {"NobodyComputes",
     [](Graph& g) { g.nodes.pop_back(); },
     {"'probabilities'", "no operator computes it"}},
    {"InputOfModelOutside", [](Graph& g) { g.inputs[0] = 40; }, {"input 0", "tensor 40"}},
    {"InputOfModelConstant",
     [](Graph& g) { g.inputs.push_back(Find(g, "conv.w")); },
     {"input 1", "'conv.w', is a constant"}},
    {"InputOfModelTwice",
     [](Graph& g) { g.inputs.push_back(g.inputs[0]); },
     {"'x'", "more than once"}},
    {"InputOfModelComputed",
     [](Graph& g) { g.inputs.push_back(Find(g, "y")); },
     {"operator 'conv'", "'y'"}},
    {"OutputOfModelOutside", [](Graph& g) { g.outputs[0] = -1; }, {"output 0", "tensor -1"}},
    {"UnknownOperator",
     [](Graph& g) { NodeNamed(g, "pool").options.Reset(); },
     {"options of unknown type 0"}},
};

const Refusal kTensors[] = {
    {"UnknownType",
     [](Graph& g) { TensorNamed(g, "y").type = static_cast<DataType>(77); },
     {"tensor 2 'y'", "number 77, is unknown"}},
    {"NegativeSize", [](Graph& g) { TensorNamed(g, "y").shape[1] = -3; }, {"'y'", "size -3"}},
    {"HugeSize", [](Graph& g) { TensorNamed(g, "y").shape[1] = INT64_MAX; }, {"outside [0,"}},
    {"HugeProduct",
     [](Graph& g) { TensorNamed(g, "y").shape = Shape(4, INT32_MAX); },
     {"more than"}},
    {"HighRank", [](Graph& g) { TensorNamed(g, "y").shape = Shape(9, 1); }, {"rank is 9"}},
    {"OpenConstant",
     [](Graph& g) { TensorNamed(g, "conv.w").shape[1] = -1; },
     {"'conv.w'", "size -1"}},
    {"SymbolCount",
     [](Graph& g) { TensorNamed(g, "x").symbols.pop_back(); },
     {"'x'", "3 names of sizes"}},
    {"DataTooShort",
     [](Graph& g) { TensorNamed(g, "conv.w").data = Constant::Own(std::vector<uint8_t>(80)); },
     {"'conv.w'", "80 bytes", "takes 81"}},
    {"DataTooLong",
     [](Graph& g) { TensorNamed(g, "conv.bias").data = Constant::Own(std::vector<uint8_t>(16)); },
     {"16 bytes", "takes 12"}},
    {"QuantizedFloat",
     [](Graph& g) {
       TensorNamed(g, "x").quant = QuantParams{{1}, {0}, -1};
     },
     {"'x'", "has scales, but its type is f32"}},
    {"NoScales",
     [](Graph& g) { TensorNamed(g, "y").quant = QuantParams{}; },
     {"0 scales, expected 1"}},
    {"ScaleZero", [](Graph& g) { TensorNamed(g, "y").quant->scales[0] = 0; }, {"the scale 0"}},
    {"ScaleNegative", [](Graph& g) { TensorNamed(g, "y").quant->scales[0] = -1; }, {"scale -1"}},
    {"ScaleInfinite", [](Graph& g) { TensorNamed(g, "y").quant->scales[0] = kInf; }, {"scale inf"}},
    {"ScaleNaN", [](Graph& g) { TensorNamed(g, "y").quant->scales[0] = kNaN; }, {"scale nan"}},
    {"ScalesPerChannelMissing",
     [](Graph& g) { TensorNamed(g, "conv.w").quant->scales.pop_back(); },
     {"2 scales, expected 3"}},
    {"ZeroPointsMissing",
     [](Graph& g) { TensorNamed(g, "y").quant->zero_points.clear(); },
     {"0 zero points for 1 scales"}},
    {"ZeroPointTooLarge",
     [](Graph& g) { TensorNamed(g, "y").quant->zero_points[0] = 256; },
     {"zero point 256, outside [0, 255] of u8"}},
    {"ZeroPointNegative",
     [](Graph& g) { TensorNamed(g, "y").quant->zero_points[0] = -1; },
     {"zero point -1"}},
    {"ZeroPointOfBias",
     [](Graph& g) { TensorNamed(g, "conv.bias").quant->zero_points[1] = 1; },
     {"'conv.bias'", "zero point 1"}},
    {"AxisOutside",
     [](Graph& g) { TensorNamed(g, "conv.w").quant->axis = 4; },
     {"axis of its scales is 4"}},
    {"AxisNegative",
     [](Graph& g) { TensorNamed(g, "conv.w").quant->axis = -2; },
     {"axis of its scales is -2"}},
    {"AxisAlongOpenSize",
     [](Graph& g) { TensorNamed(g, "y").quant->axis = 0; },
     {"known only at run time"}},
};

const Refusal kOperands[] = {
    {"ConvOfFloatsAndIntegers",
     [](Graph& g) { NodeNamed(g, "conv").inputs[0] = Find(g, "x"); },
     {"operator 'conv'", "x f32, w constant s8 quantized along an axis"},
     kUnimplemented},
    {"ConvWithFloatBias",
     [](Graph& g) {
       TensorNamed(g, "conv.bias").type = DataType::kF32;
       TensorNamed(g, "conv.bias").quant.reset();
     },
     {"bias constant f32"},
     kUnimplemented},
    {"ResidualOfOtherType",
     [](Graph& g) { NodeNamed(g, "conv").inputs[3] = Find(g, "x"); },
     {"residual f32 -> u8 quantized"},
     kUnimplemented},
    {"ActivationsPerChannel",
     [](Graph& g) {
       TensorNamed(g, "y").quant = QuantParams{{1, 1, 1}, {0, 0, 0}, 1};
     },
     {"-> u8 quantized along an axis"},
     kUnimplemented},
    {"IntegersWithoutScales",
     [](Graph& g) { TensorNamed(g, "y").quant.reset(); },
     {"operator 'conv'", "-> u8"},
     kUnimplemented},
    {"QuantizeToFloat",
     [](Graph& g) { NodeNamed(g, "quantize").inputs[0] = Find(g, "conv.w"); },
     {"operator 'quantize'"},
     kUnimplemented},
    {"ThirtyTwoBits",
     [](Graph& g) { TensorNamed(g, "p").type = DataType::kS32; },
     {"operator 'pool'", "s32"},
     kUnimplemented},
    {"WordsAsWeightsOfBytes",
     [](Graph& g) {
       Tensor& w = TensorNamed(g, "conv.w");
       w.type = DataType::kS16;
       w.data = Constant::Own(std::vector<uint8_t>(2 * w.data.size()));
     },
     {"operator 'conv'", "s16"},
     kUnimplemented},
    {"QuantizedHalf",
     [](Graph& g) {
       Tensor& t = TensorNamed(g, "probabilities");
       t.type = DataType::kF16;
       t.quant = QuantParams{{1.0f}, {0}, -1};
     },
     {"'probabilities'", "f16", "only u8, s8, s16, s32 and s64 are quantized"},
     kInvalid},
    {"QuantizedWeightsNotConstant",
     [](Graph& g) {
       TensorNamed(g, "conv.w").data = {};
       g.inputs.push_back(Find(g, "conv.w"));
     },
     {"operator 'conv'", "cannot compute with these types"},
     kUnimplemented},
    {"WeightsWithZeroPoint",
     [](Graph& g) { TensorNamed(g, "conv.w").quant->zero_points[2] = 1; },
     {"operator 'conv'", "weights have the zero point 1, not 0"}},
    {"WeightsAlongInputs",
     [](Graph& g) { TensorNamed(g, "conv.w").quant->axis = 1; },
     {"scales of the weights run along axis 1, but their output channels along axis 0"}},
    {"MatMulWeightsAlongDepth",
     [](Graph& g) {
       TensorNamed(g, "classify.w").quant =
           QuantParams{std::vector<float>(12, 1), std::vector<int32_t>(12, 0), 0};
     },
     {"operator 'classify'", "along axis 0, but their output channels along axis 1"}},
    {"BiasScaleOff",
     [](Graph& g) { TensorNamed(g, "conv.bias").quant->scales[1] *= 1.00001f; },
     {"operator 'conv'", "channel 1", "= 0.125"}},
    {"BiasScaleCount",
     [](Graph& g) {
       TensorNamed(g, "classify.w").quant =
           QuantParams{std::vector<float>(5, 0.5f), std::vector<int32_t>(5, 0), 1};
       TensorNamed(g, "classify.bias").shape = {4};
       TensorNamed(g, "classify.bias").data = Constant::Own(std::vector<uint8_t>(16));
       TensorNamed(g, "classify.bias").quant =
           QuantParams{std::vector<float>(4, 0.125f), std::vector<int32_t>(4, 0), 0};
     },
     {"bias has 4 scales, but the weights have 5"}},
    {"BiasOverflows",
     [](Graph& g) {
       const std::vector<int32_t> bias = {0, std::numeric_limits<int32_t>::min(), 0};
       TensorNamed(g, "conv.bias").data = Constant::Of<int32_t>(bias);
     },
     {"bias has the value -2147483648", "with 27 products", "at most 2146602367"}},
    {"DynamicOfIntegers",
     [](Graph& g) { ConvOf(g).arithmetic = schema::Arithmetic::DYNAMIC; },
     {"operator 'conv'", "DYNAMIC", "f32 activations and quantized weights"}},
    {"UnknownArithmetic",
     [](Graph& g) { ConvOf(g).arithmetic = static_cast<schema::Arithmetic>(2); },
     {"operator 'conv'", "arithmetic 2 is unknown"}},
    {"MovementChangesTheType",
     [](Graph& g) {
       Graph ints;
       Tensor t;
       t.type = DataType::kS64;
       t.shape = {1};
       const TensorId x = ints.AddTensor(t);
       t.type = DataType::kS32;
       const TensorId y = ints.AddTensor(t);
       schema::ReshapeOptionsT reshape;
       reshape.shape = {1};
       ints.AddNode("reshape", reshape, {x}, {y});
       ints.inputs = {x};
       ints.outputs = {y};
       g = ints;
     },
     {"it cannot compute with these types: x s64 -> s32", "x s64 -> s32"},
     kUnimplemented},
};

const Refusal kOptionsAndShapes[] = {
    {"ActivationNaN",
     [](Graph& g) { ConvOf(g).activation_max = kNaN; },
     {"operator 'conv'", "activation range"}},
    {"ActivationReversed", [](Graph& g) { ConvOf(g).activation_max = -1; }, {"[0, -1]"}},
    {"StrideZero", [](Graph& g) { ConvOf(g).strides[0] = 0; }, {"strides has the entry 0"}},
    {"DeclaredShape",
     [](Graph& g) { TensorNamed(g, "p").shape[2] = 3; },
     {"operator 'pool'", "'p' is declared as ?x3x3x2"}},
    {"ReshapeOfOtherSize",
     [](Graph& g) {
       NodeNamed(g, "flatten").as<schema::ReshapeOptionsT>().shape = {0, 13};
     },
     {"operator 'flatten'", "13"}},
    {"SoftmaxAxis",
     [](Graph& g) { NodeNamed(g, "softmax").as<schema::SoftmaxOptionsT>().axis = 2; },
     {"operator 'softmax'", "axis is 2"}},
};

const Refusal kMetadata[] = {
    {"PreprocessingOfNoInput", [](Graph& g) { g.preprocessing->input = 1; }, {"input 1"}},
    {"PreprocessingNegativeInput", [](Graph& g) { g.preprocessing->input = -1; }, {"input -1"}},
    {"PixelOrder",
     [](Graph& g) { g.preprocessing->pixel_order = static_cast<schema::PixelOrder>(5); },
     {"pixel order 5"}},
    {"CropNegative", [](Graph& g) { g.preprocessing->crop = -1; }, {"size -1"}},
    {"ResizeHuge", [](Graph& g) { g.preprocessing->resize = 1 << 20; }, {"size 1048576"}},
    {"MeanCount", [](Graph& g) { g.preprocessing->mean.pop_back(); }, {"2 means"}},
    {"MeanNaN", [](Graph& g) { g.preprocessing->mean[1] = kNaN; }, {"must be finite"}},
    {"StdZero", [](Graph& g) { g.preprocessing->std[2] = 0; }, {"above 0"}},
    {"NotAPicture",
     [](Graph& g) {
       g.preprocessing->input = 0;
       TensorNamed(g, "x").shape[1] = 4;
     },
     {"[N, 3, height, width]", "?x4x4x4"}},
    {"RangeReversed", [](Graph& g) { g.quantization->ranges[0]->min = 61; }, {"'y' is [61, 60]"}},
    {"RangeNaN", [](Graph& g) { g.quantization->ranges[0]->max = kNaN; }, {"'y'"}},
    {"SamplesNegative", [](Graph& g) { g.quantization->samples = -1; }, {"-1 samples"}},
};

std::string NameOf(const testing::TestParamInfo<Refusal>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Structure, RefusalTest, testing::ValuesIn(kStructure), NameOf);
INSTANTIATE_TEST_SUITE_P(Tensors, RefusalTest, testing::ValuesIn(kTensors), NameOf);
INSTANTIATE_TEST_SUITE_P(Operands, RefusalTest, testing::ValuesIn(kOperands), NameOf);
INSTANTIATE_TEST_SUITE_P(OptionsAndShapes, RefusalTest, testing::ValuesIn(kOptionsAndShapes),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Metadata, RefusalTest, testing::ValuesIn(kMetadata), NameOf);

TEST(ValidateGraph, ProductsMayYieldReals) {
  Graph g = SampleClassifier();
  // The residual is real where the result is.
  NodeNamed(g, "classify").inputs = {Find(g, "f"), Find(g, "classify.w")};
  EXPECT_TRUE(ValidateGraph(g).ok()) << ValidateGraph(g);
}

TEST(ValidateGraph, OneScaleOfWeightsServesABiasPerChannel) {
  Graph g = SampleClassifier();
  TensorNamed(g, "classify.bias").quant =
      QuantParams{std::vector<float>(5, 0.125f), std::vector<int32_t>(5, 0), 0};
  EXPECT_TRUE(ValidateGraph(g).ok()) << ValidateGraph(g);
}

// x f32 [2, depth] times quantized weights [depth, 3], with an f32 bias.
Graph RealsByIntegers(int64_t depth, schema::Arithmetic arithmetic) {
  Graph g;
  Tensor t;
  t.type = DataType::kF32;
  t.shape = {2, depth};
  const TensorId x = g.AddTensor(t);
  t.shape = {2, 3};
  const TensorId y = g.AddTensor(t);
  t.shape = {3};
  t.data = Constant::Own(std::vector<uint8_t>(12));
  const TensorId bias = g.AddTensor(t);
  t.type = DataType::kS8;
  t.shape = {depth, 3};
  t.quant = QuantParams{std::vector<float>(3, 0.5f), std::vector<int32_t>(3, 0), 1};
  t.data = Constant::Own(std::vector<uint8_t>(static_cast<size_t>(depth * 3)));
  const TensorId w = g.AddTensor(t);
  schema::MatMulOptionsT options;
  options.arithmetic = arithmetic;
  g.AddNode("product", options, {x, w, bias}, {y});
  g.inputs = {x};
  g.outputs = {y};
  return g;
}

TEST(ValidateGraph, RealActivationsTakeQuantizedWeights) {
  for (auto arithmetic : schema::EnumValuesArithmetic()) {
    Graph g = RealsByIntegers(4, arithmetic);
    EXPECT_TRUE(ValidateGraph(g).ok()) << ValidateGraph(g);
    g.tensors[3].quant->zero_points[1] = 1;
    EXPECT_THAT(std::string(ValidateGraph(g).message()), HasSubstr("have the zero point 1"));
    g = RealsByIntegers(4, arithmetic);
    g.tensors[3].type = DataType::kU8;
    EXPECT_EQ(ValidateGraph(g).code(), kUnimplemented);
  }
  // Only integers can overflow.
  const int64_t deep = 70000;
  EXPECT_TRUE(ValidateGraph(RealsByIntegers(deep, schema::Arithmetic::STORED)).ok());
  EXPECT_THAT(
      std::string(ValidateGraph(RealsByIntegers(deep, schema::Arithmetic::DYNAMIC)).message()),
      HasSubstr("70000 products"));
  // There are no integers to multiply with.
  Graph g = RealsByIntegers(4, schema::Arithmetic::DYNAMIC);
  g.tensors[3].type = DataType::kF32;
  g.tensors[3].quant.reset();
  g.tensors[3].data = Constant::Own(std::vector<uint8_t>(48));
  EXPECT_THAT(std::string(ValidateGraph(g).message()), HasSubstr("DYNAMIC"));
}

TEST(ValidateGraph, AttentionHasOneOfTheKindsOfArithmetic) {
  Graph g;
  Tensor t;
  t.type = DataType::kF32;
  t.shape = {1, 1, 2, 2};
  g.inputs = {g.AddTensor(t)};
  g.outputs = {g.AddTensor(t)};
  schema::AttentionOptionsT options;
  options.arithmetic = schema::Arithmetic::DYNAMIC;
  g.AddNode("attention", options, {0, 0, 0}, {1});
  EXPECT_TRUE(ValidateGraph(g).ok()) << ValidateGraph(g);
  g.nodes[0].as<schema::AttentionOptionsT>().arithmetic = static_cast<schema::Arithmetic>(9);
  EXPECT_THAT(std::string(ValidateGraph(g).message()), HasSubstr("arithmetic 9 is unknown"));
}

TEST(ValidateGraph, RealWeightsMayBeComputed) {
  Graph g;
  Tensor t;
  t.type = DataType::kF32;
  t.shape = {1, 1, 1};
  const TensorId x = g.AddTensor(t), w = g.AddTensor(t), y = g.AddTensor(t);
  schema::ConvOptionsT conv;
  conv.strides = conv.dilations = {1};
  conv.pads_begin = conv.pads_end = {0};
  g.AddNode("conv", conv, {x, w}, {y});
  g.inputs = {x, w};
  g.outputs = {y};
  EXPECT_TRUE(ValidateGraph(g).ok()) << ValidateGraph(g);
}

TEST(ValidateGraph, LeavesErrorsOfOpenSizesToThePlan) {
  Graph g;
  Tensor t;
  t.type = DataType::kF32;
  t.shape = {1, 3, -1, -1};
  const TensorId x = g.AddTensor(t), y = g.AddTensor(t);
  schema::PoolOptionsT pool;
  pool.kernel = {3, 3};
  pool.strides = pool.dilations = {1, 1};
  pool.pads_begin = pool.pads_end = {0, 0};
  g.AddNode("pool", pool, {x}, {y});
  g.inputs = {x};
  g.outputs = {y};
  EXPECT_TRUE(ValidateGraph(g).ok()) << ValidateGraph(g);
  NodeNamed(g, "pool").as<schema::PoolOptionsT>().kernel = {600, 600};
  EXPECT_TRUE(ValidateGraph(g).ok()) << ValidateGraph(g);
  NodeNamed(g, "pool").as<schema::PoolOptionsT>().strides = {0, 0};
  EXPECT_THAT(std::string(ValidateGraph(g).message()), HasSubstr("operator 'pool'"));
}

TEST(ValidateGraph, TiesGoAwayFromZeroInAveragesOfTheSameNumbersOnly) {
  Graph g;
  Tensor t;
  t.type = DataType::kS8;
  t.shape = {1, 3, 4, 4};
  t.quant = QuantParams{{0.5f}, {-3}, -1};
  const TensorId x = g.AddTensor(t), y = g.AddTensor(t);
  g.tensors[static_cast<size_t>(y)].shape = {1, 3, 2, 2};
  schema::PoolOptionsT pool;
  pool.kind = schema::PoolKind::AVERAGE;
  pool.ties = schema::TieRule::AWAY_FROM_ZERO;
  pool.kernel = pool.strides = {2, 2};
  pool.dilations = {1, 1};
  pool.pads_begin = pool.pads_end = {0, 0};
  g.AddNode("pool", pool, {x}, {y});
  g.inputs = {x};
  g.outputs = {y};
  EXPECT_TRUE(ValidateGraph(g).ok()) << ValidateGraph(g);
  const std::vector<std::function<void(Graph&)>> changes = {
      [](Graph& b) {
        NodeNamed(b, "pool").as<schema::PoolOptionsT>().kind = schema::PoolKind::MAXIMUM;
      },
      [=](Graph& b) { b.tensor(y).quant->scales = {0.25f}; },
      [=](Graph& b) { b.tensor(y).quant->zero_points = {0}; },
      [=](Graph& b) {
        b.tensor(y).type = DataType::kU8;
        b.tensor(x).quant->zero_points = b.tensor(y).quant->zero_points = {3};
      },
      [=](Graph& b) {
        for (TensorId id : {x, y}) {
          b.tensor(id).type = DataType::kF32;
          b.tensor(id).quant.reset();
        }
      }};
  for (size_t i = 0; i < changes.size(); ++i) {
    Graph broken = g;
    changes[i](broken);
    EXPECT_THAT(std::string(ValidateGraph(broken).message()),
                HasSubstr("ties are rounded away from zero"))
        << "change " << i;
  }
}

TEST(MaxBias, LeavesRoomForTheProducts) {
  EXPECT_EQ(MaxBias(0), INT32_MAX);
  EXPECT_EQ(MaxBias(1), INT32_MAX - 255 * 128);
  EXPECT_GE(MaxBias(65793), 0);
  EXPECT_LT(MaxBias(65794), 0);
  EXPECT_LT(MaxBias(INT64_MAX), 0);
  EXPECT_EQ(MaxBias((1 << 22) - 1, DataType::kS16), (int64_t{1} << 52) - 1);
  EXPECT_LT(MaxBias(1 << 22, DataType::kS16), 0);
}

}  // namespace
}  // namespace octet

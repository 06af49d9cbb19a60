#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "tools/import/testing.h"
#include "tools/simplify/testing.h"

// What each ONNX operator becomes, and its numbers where they tell.

namespace octet {
namespace {

using testing::Attr;
using testing::Only;
using testing::OnnxMaker;
using testing::RunCounting;
using Longs = std::vector<int64_t>;
using Doubles = std::vector<double>;

// Imports or fails the test.
Graph Import(OnnxMaker& m) {
  absl::StatusOr<Graph> graph = m.Import();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

void ExpectUnsupported(OnnxMaker& m, const std::string& text) {
  const absl::Status status = m.Import().status();
  EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
  EXPECT_NE(std::string(status.message()).find(text), std::string::npos) << status;
}

Graph ConvOf(const std::string& height, const std::vector<onnx::AttributeProto>& attributes) {
  OnnxMaker m(13);
  m.Input("x", {"1", "1", height, "9"}).Floats("w", {1, 1, 3, 2}, {1, 2, 3, 4, 5, 6});
  m.Op("Conv", {"x", "w", ""}, {"y"}, attributes).Output("y");
  return Import(m);
}

TEST(ImportConv, ResolvesAutoPad) {
  Graph graph =
      ConvOf("8", {Attr("auto_pad", std::string("SAME_UPPER")), Attr("strides", Longs{2, 2})});
  const auto upper = Only(graph, OpType::ConvOptions).as<schema::ConvOptionsT>();
  EXPECT_EQ(upper.pads_begin, (std::vector<int>{0, 0}));
  EXPECT_EQ(upper.pads_end, (std::vector<int>{1, 1}));
  EXPECT_EQ(graph.tensor(graph.outputs[0]).shape, (Shape{1, 1, 4, 5}));
  graph =
      ConvOf("8", {Attr("auto_pad", std::string("SAME_LOWER")), Attr("dilations", Longs{1, 2})});
  const auto lower = Only(graph, OpType::ConvOptions).as<schema::ConvOptionsT>();
  EXPECT_EQ(lower.pads_begin, (std::vector<int>{1, 1}));
  EXPECT_EQ(lower.pads_end, (std::vector<int>{1, 1}));
  graph = ConvOf("8", {Attr("auto_pad", std::string("VALID")), Attr("kernel_shape", Longs{3, 2})});
  EXPECT_EQ(graph.tensor(graph.outputs[0]).shape, (Shape{1, 1, 6, 8}));
  graph = ConvOf("H", {Attr("auto_pad", std::string("SAME_UPPER"))});
  EXPECT_EQ(graph.tensor(graph.outputs[0]).symbols[2], "H");
  graph = ConvOf("8", {Attr("pads", Longs{1, 0, 2, 3})});
  const auto pads = Only(graph, OpType::ConvOptions).as<schema::ConvOptionsT>();
  EXPECT_EQ(pads.pads_begin, (std::vector<int>{1, 0}));
  EXPECT_EQ(pads.pads_end, (std::vector<int>{2, 3}));
}

TEST(ImportConv, RefusesWhatItCannotExpress) {
  OnnxMaker open(13);
  open.Input("x", {"1", "1", "H", "9"}).Floats("w", {1, 1, 3, 3}, std::vector<float>(9, 1));
  open.Op("Conv", {"x", "w"}, {"y"},
          {Attr("auto_pad", std::string("SAME_UPPER")), Attr("strides", Longs{2, 2})});
  open.Output("y");
  ExpectUnsupported(open, "auto_pad");
  OnnxMaker computed(13);
  computed.Input("x", {"1", "1", "5", "5"}).Input("w", {"1", "1", "K", "3"});
  computed.Op("Conv", {"x", "w"}, {"y"}).Output("y");
  ExpectUnsupported(computed, "weights whose sizes are known only when the model runs");
}

TEST(ImportConv, TakesWeightsThatAreComputed) {
  OnnxMaker m(13);
  m.Input("x", {"1", "1", "5", "5"}).Input("w", {"1", "1", "3", "3"});
  m.Op("Conv", {"x", "w"}, {"y"});
  // Both inputs count from 0: the first window holds 0, 1, 2, 5, 6, 7, 10, 11, 12 against 0 to 8.
  EXPECT_EQ(RunCounting(Import(m.Output("y")), {{1, 1, 5, 5}, {1, 1, 3, 3}})[0], 312);
}

TEST(ImportPool, CeilModeBecomesPadding) {
  for (const char* size : {"6", "H"}) {
    OnnxMaker m(13);
    m.Input("x", {"1", "1", size});
    m.Op("MaxPool", {"x"}, {"y"},
         {Attr("kernel_shape", Longs{3}), Attr("strides", Longs{2}), Attr("ceil_mode", 1)});
    const Graph graph = Import(m.Output("y"));
    EXPECT_EQ(RunCounting(graph, {{1, 1, 6}}), (Doubles{2, 4, 5}));
    if (size[0] == 'H') {
      EXPECT_EQ(RunCounting(graph, {{1, 1, 7}}), (Doubles{2, 4, 6}));
    }
  }
  // The fourth window would start behind the input: it does not exist.
  OnnxMaker m(13);
  m.Input("x", {"1", "1", "5"});
  m.Op("AveragePool", {"x"}, {"y"},
       {Attr("kernel_shape", Longs{2}), Attr("strides", Longs{3}), Attr("pads", Longs{0, 1}),
        Attr("ceil_mode", 1)});
  EXPECT_EQ(RunCounting(Import(m.Output("y")), {{1, 1, 5}}), (Doubles{0.5, 3.5}));
}

TEST(ImportPool, AveragesCountPaddingOnRequest) {
  for (const int count : {0, 1}) {
    OnnxMaker m(13);
    m.Input("x", {"1", "1", "3"});
    m.Op("AveragePool", {"x"}, {"y"},
         {Attr("kernel_shape", Longs{2}), Attr("pads", Longs{1, 0}),
          Attr("count_include_pad", count)});
    m.Op("GlobalAveragePool", {"x"}, {"g"}).Op("GlobalMaxPool", {"x"}, {"h"});
    const Graph graph = Import(m.Output("y").Output("g").Output("h"));
    EXPECT_EQ(RunCounting(graph, {{1, 1, 3}}), (Doubles{0, 0.5, 1.5, 1, 2}));
  }
  OnnxMaker indices(13);
  indices.Input("x", {"1", "1", "3"});
  indices.Op("MaxPool", {"x"}, {"y", "i"}, {Attr("kernel_shape", Longs{2})}).Output("y");
  ExpectUnsupported(indices, "indices");
}

TEST(ImportMatMul, ConstantsGetChannelsFirst) {
  OnnxMaker m(13);
  m.Input("a", {"N", "2"}).Floats("b", {2, 3}, {1, 2, 3, 4, 5, 6});
  m.Op("MatMul", {"a", "b"}, {"y"}).Output("y");
  const Graph graph = Import(m);
  const Node& node = Only(graph, OpType::MatMulOptions);
  EXPECT_TRUE(node.as<schema::MatMulOptionsT>().transpose_b);
  EXPECT_EQ(graph.tensor(node.inputs[1]).shape, (Shape{3, 2}));
  EXPECT_EQ(graph.tensor(node.inputs[1]).name, "b");
  EXPECT_EQ(RunCounting(graph, {{2, 2}}), (Doubles{4, 5, 6, 14, 19, 24}));
}

TEST(ImportMatMul, VectorsAndComputedOperands) {
  OnnxMaker m(13);
  m.Input("a", {"N", "2", "2"}).Floats("v", {2}, {1, 10}).Floats("u", {2}, {1, 10});
  m.Op("MatMul", {"a", "v"}, {"y"}).Op("MatMul", {"a", "a"}, {"z"});
  const Graph graph = Import(m.Output("y").Output("z"));
  EXPECT_EQ(graph.tensor(graph.outputs[0]).shape, (Shape{-1, 2}));
  EXPECT_EQ(RunCounting(graph, {{1, 2, 2}}), (Doubles{10, 32, 2, 3, 6, 11}));
}

TEST(ImportGemm, ScalesTransposesAndAdds) {
  for (const int trans_b : {0, 1}) {
    OnnxMaker m(13);
    m.Input("a", {"2", "2"});
    m.Floats("b", trans_b ? Longs{3, 2} : Longs{2, 3},
             trans_b ? std::vector<float>{1, 4, 2, 5, 3, 6} : std::vector<float>{1, 2, 3, 4, 5, 6});
    m.Floats("c", {1, 3}, {1, 2, 3});
    m.Op("Gemm", {"a", "b", "c"}, {"y"},
         {Attr("alpha", 2.0f), Attr("beta", 10.0f), Attr("transA", 1), Attr("transB", trans_b)});
    const Graph graph = Import(m.Output("y"));
    EXPECT_EQ(graph.nodes.size(), 1u);
    EXPECT_EQ(graph.nodes[0].inputs.size(), 3u);
    // a transposed: 0 2 / 1 3
    EXPECT_EQ(RunCounting(graph, {{2, 2}}), (Doubles{26, 40, 54, 36, 54, 72}));
  }
}

TEST(ImportGemm, AddsMatricesAndComputedTerms) {
  OnnxMaker m(11);
  m.Input("a", {"2", "2"}).Floats("i", {2, 2}, {1, 0, 0, 1}).Floats("c", {2, 1}, {10, 20});
  m.Op("Gemm", {"a", "i", "c"}, {"y"}, {Attr("beta", 2.0f)});
  m.Op("Gemm", {"a", "a", "a"}, {"z"}, {Attr("alpha", 2.0f)});
  m.Op("Gemm", {"a", "a"}, {"w"}, {Attr("alpha", 3.0f), Attr("transB", 1)});
  const Graph graph = Import(m.Output("y").Output("z").Output("w"));
  EXPECT_EQ(RunCounting(graph, {{2, 2}}), (Doubles{20, 21, 42, 43, 4, 7, 14, 25, 3, 9, 9, 39}));
}

TEST(ImportElementwise, FunctionsOfOneNumber) {
  OnnxMaker m(20);
  m.Input("x", {"3"});
  const std::vector<std::pair<std::string, double (*)(double)>> rows = {
      {"Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"Tanh", [](double x) { return std::tanh(x); }},
      {"Exp", [](double x) { return std::exp(x); }},
      {"Sqrt", [](double x) { return std::sqrt(x); }},
      {"Abs", [](double x) { return std::fabs(x); }},
      {"Neg", [](double x) { return -x; }},
      {"Floor", [](double x) { return std::floor(x); }},
      {"Ceil", [](double x) { return std::ceil(x); }},
      {"Round", [](double x) { return std::nearbyint(x); }},
      {"Erf", [](double x) { return std::erf(x); }},
      {"HardSwish", [](double x) { return x * std::min(1.0, x / 6 + 0.5); }},
      {"Softplus", [](double x) { return std::log1p(std::exp(x)); }},
      {"Sign", [](double x) { return x > 0 ? 1.0 : 0.0; }},
      {"Sin", [](double x) { return std::sin(x); }},
      {"Cos", [](double x) { return std::cos(x); }},
      {"Gelu", [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }},
      {"Relu", [](double x) { return x; }},
  };
  for (const auto& row : rows) m.Op(row.first, {"x"}, {row.first}).Output(row.first);
  const Doubles values = RunCounting(Import(m), {{3}});
  ASSERT_EQ(values.size(), rows.size() * 3);
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(values[i], rows[i / 3].second(static_cast<double>(i % 3)), 1e-5)
        << rows[i / 3].first;
  }
}

TEST(ImportElementwise, ParametersAndTheirDefaults) {
  OnnxMaker m(13);
  m.Input("x", {"1"}).Floats("c", {1}, {5}).Floats("slope", {1}, {0.5f});
  m.Op("Sub", {"x", "c"}, {"n"}).Op("LeakyRelu", {"n"}, {"a"});
  m.Op("LeakyRelu", {"n"}, {"b"}, {Attr("alpha", 0.2f)}).Op("Elu", {"n"}, {"d"});
  m.Op("HardSigmoid", {"x"}, {"e"}).Op("PRelu", {"n", "slope"}, {"f"});
  m.Op("HardSigmoid", {"x"}, {"g"}, {Attr("alpha", 1.0f), Attr("beta", 0.25f)});
  for (const char* name : {"a", "b", "d", "e", "f", "g"}) m.Output(name);
  const Doubles values = RunCounting(Import(m), {{1}});
  const Doubles expected = {-0.05, -1, std::exp(-5.0) - 1, 0.5, -2.5, 0.25};
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-6) << i;
}

TEST(ImportElementwise, SlopesPerChannel) {
  OnnxMaker m(13);
  m.Input("x", {"1", "2", "2"}).Floats("two", {}, {2}).Floats("slopes", {2, 1}, {0.5f, 0.25f});
  m.Op("Sub", {"x", "two"}, {"n"}).Op("PRelu", {"n", "slopes"}, {"y"}).Output("y");
  EXPECT_EQ(RunCounting(Import(m), {{1, 2, 2}}), (Doubles{-1, -0.5, 0, 1}));
}

TEST(ImportElementwise, ClipInAllForms) {
  OnnxMaker old(7);
  old.Input("x", {"4"}).Op("Clip", {"x"}, {"y"}, {Attr("min", 1.0f), Attr("max", 2.0f)});
  EXPECT_EQ(RunCounting(Import(old.Output("y")), {{4}}), (Doubles{1, 1, 2, 2}));
  OnnxMaker m(13);
  m.Input("x", {"4"}).Floats("two", {}, {2}).Floats("one", {}, {1});
  m.Op("Clip", {"x", "", "two"}, {"a"}).Op("Clip", {"x", "one"}, {"b"}).Op("Clip", {"x"}, {"c"});
  m.Op("Clip", {"x", "two", "one"}, {"d"}).Output("a").Output("b").Output("c").Output("d");
  EXPECT_EQ(RunCounting(Import(m), {{4}}),
            (Doubles{0, 1, 2, 2, 1, 1, 2, 3, 0, 1, 2, 3, 1, 1, 1, 1}));
  OnnxMaker computed(13);
  computed.Input("x", {"4"}).Input("low", {}).Op("Clip", {"x", "low"}, {"y"}).Output("y");
  EXPECT_EQ(Only(Import(computed), OpType::BinaryOptions).as<schema::BinaryOptionsT>().kind,
            schema::BinaryKind::MAXIMUM);
}

TEST(ImportElementwise, SumsAndExtremesOfManyInputs) {
  OnnxMaker m(13);
  m.Input("x", {"3"}).Floats("c", {1}, {1}).Floats("d", {3}, {5, 0, 1});
  m.Op("Sum", {"x", "c", "d"}, {"a"}).Op("Max", {"x", "c", "d"}, {"b"});
  m.Op("Min", {"x", "c", "d"}, {"e"}).Op("Max", {"x"}, {"f"}).Output("a").Output("b").Output("e");
  EXPECT_EQ(RunCounting(Import(m.Output("f")), {{3}}),
            (Doubles{6, 2, 4, 5, 1, 2, 0, 0, 1, 0, 1, 2}));
}

TEST(ImportElementwise, Powers) {
  OnnxMaker m(13);
  m.Input("x", {"3"}).Ints("two", {}, {2}).Floats("half", {}, {0.5f}).Floats("p", {3}, {3, 1, 3});
  m.Op("Pow", {"x", "two"}, {"a"}).Op("Pow", {"x", "half"}, {"b"}).Op("Pow", {"x", "p"}, {"c"});
  const Graph graph = Import(m.Output("a").Output("b").Output("c"));
  const Doubles values = RunCounting(graph, {{3}});
  const Doubles expected = {0, 1, 4, 0, 1, std::sqrt(2.0), 0, 1, 8};
  for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-5) << i;
  EXPECT_EQ(graph.nodes[0].as<schema::BinaryOptionsT>().kind, schema::BinaryKind::MUL);
}

TEST(ImportNormalization, SoftmaxOfOldFilesFlattens) {
  OnnxMaker old(11);
  old.Input("x", {"N", "2", "2"}).Op("Softmax", {"x"}, {"y"}).Output("y");
  const Graph flat = Import(old);
  EXPECT_EQ(flat.tensor(flat.outputs[0]).shape, (Shape{-1, 2, 2}));
  double sum = 0;
  for (const double v : RunCounting(flat, {{1, 2, 2}})) sum += v;
  EXPECT_NEAR(sum, 1, 1e-6);
  OnnxMaker narrow(7);
  narrow.Input("x", {"1", "5", "1", "1"}).Op("Softmax", {"x"}, {"y"}).Output("y");
  const Graph direct = Import(narrow);
  ASSERT_EQ(direct.nodes.size(), 1u);
  EXPECT_EQ(direct.nodes[0].as<schema::SoftmaxOptionsT>().axis, 1);
  OnnxMaker now(13);
  now.Input("x", {"N", "2", "2"}).Op("Softmax", {"x"}, {"y"}).Output("y");
  EXPECT_EQ(Import(now).nodes[0].as<schema::SoftmaxOptionsT>().axis, 2);
}

TEST(ImportNormalization, ReductionsInAllForms) {
  OnnxMaker old(11);
  old.Input("x", {"2", "3"});
  old.Op("ReduceMean", {"x"}, {"a"}, {Attr("axes", Longs{-1}), Attr("keepdims", 0)});
  old.Op("ReduceMax", {"x"}, {"b"}).Output("a").Output("b");
  EXPECT_EQ(RunCounting(Import(old), {{2, 3}}), (Doubles{1, 4, 5}));
  OnnxMaker m(18);
  m.Input("x", {"2", "3"}).Ints("axes", {1}, {0});
  m.Op("ReduceSum", {"x", "axes"}, {"a"}, {Attr("keepdims", 0)})
      .Op("ReduceMin", {"x", "axes"}, {"b"});
  m.Op("ReduceMean", {"x"}, {"c"}, {Attr("noop_with_empty_axes", 1)});
  EXPECT_EQ(RunCounting(Import(m.Output("a").Output("b").Output("c")), {{2, 3}}),
            (Doubles{3, 5, 7, 0, 1, 2, 0, 1, 2, 3, 4, 5}));
}

TEST(ImportNormalization, BatchNormalization) {
  OnnxMaker m(15);
  m.Input("x", {"1", "2", "2"}).Floats("s", {2}, {2, 1}).Floats("b", {2}, {1, 0});
  m.Floats("mean", {2}, {0.5f, 2}).Floats("var", {2}, {4, 0});
  m.Op("BatchNormalization", {"x", "s", "b", "mean", "var"}, {"y"},
       {Attr("epsilon", 0.25f), Attr("momentum", 0.9f)});
  const Doubles values = RunCounting(Import(m.Output("y")), {{1, 2, 2}});
  const double r = std::sqrt(4.25);
  const Doubles expected = {1 - 1 / r, 1 + 1 / r, 0, 2};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(values[i], expected[i], 1e-5);
}

TEST(ImportData, ConcatSplitSlicePad) {
  OnnxMaker m(13);
  m.Input("x", {"1", "4"}).Ints("sizes", {2}, {1, 3}).Ints("pads", {4}, {0, 1, 0, 2});
  m.Floats("seven", {}, {7})
      .Ints("starts", {1}, {1})
      .Ints("ends", {1}, {-1})
      .Ints("axes", {1}, {-1});
  m.Op("Split", {"x", "sizes"}, {"a", "b"}, {Attr("axis", 1)});
  m.Op("Concat", {"b", "a"}, {"c"}, {Attr("axis", -1)});
  m.Op("Pad", {"a", "pads", "seven"}, {"p"}).Op("Slice", {"x", "starts", "ends", "axes"}, {"s"});
  m.Op("Pad", {"x", "pads"}, {"r"}, {Attr("mode", std::string("reflect"))});
  m.Op("Pad", {"x", "pads"}, {"e"}, {Attr("mode", std::string("edge"))});
  for (const char* name : {"c", "p", "s", "r", "e"}) m.Output(name);
  EXPECT_EQ(RunCounting(Import(m), {{1, 4}}),
            (Doubles{1, 2, 3, 0, 7, 0, 7, 7, 1, 2, 1, 0, 1, 2, 3, 2, 1, 0, 0, 1, 2, 3, 3, 3}));
}

TEST(ImportData, AttributeFormsOfOldFiles) {
  OnnxMaker m(9);
  m.Input("x", {"1", "4"});
  m.Op("Split", {"x"}, {"a", "b"}, {Attr("axis", 1), Attr("split", Longs{3, 1})});
  m.Op("Split", {"x"}, {"c", "d"}, {Attr("axis", 1)});
  m.Op("Pad", {"b"}, {"p"}, {Attr("pads", Longs{0, 1, 0, 0}), Attr("value", 2.0f)});
  m.Op("Slice", {"x"}, {"s"},
       {Attr("starts", Longs{0, 2}), Attr("ends", Longs{1, std::numeric_limits<int64_t>::max()})});
  m.Op("Squeeze", {"a"}, {"q"}, {Attr("axes", Longs{0})});
  m.Op("Unsqueeze", {"q"}, {"u"}, {Attr("axes", Longs{0, 2})}).Op("Dropout", {"u"}, {"o"});
  for (const char* name : {"d", "p", "s", "o"}) m.Output(name);
  const Graph graph = Import(m);
  EXPECT_EQ(RunCounting(graph, {{1, 4}}), (Doubles{2, 3, 2, 3, 2, 3, 0, 1, 2}));
  EXPECT_EQ(graph.tensor(graph.outputs[3]).shape, (Shape{1, 3, 1}));
}

TEST(ImportData, SplitByCountLeavesASmallerLastPart) {
  OnnxMaker m(18);
  m.Input("x", {"7"});
  m.Op("Split", {"x"}, {"a", "b", "c"}, {Attr("num_outputs", 3)})
      .Output("a")
      .Output("b")
      .Output("c");
  const Graph graph = Import(m);
  EXPECT_EQ(Only(graph, OpType::SplitOptions).as<schema::SplitOptionsT>().sizes, (Longs{3, 3, 1}));
}

TEST(ImportData, ExpandsToFixedSizes) {
  OnnxMaker m(13);
  m.Input("x", {"N", "1", "2"})
      .Op("Shape", {"x"}, {"s"})
      .Ints("zero", {1}, {0})
      .Ints("to", {2}, {3, 1});
  m.Op("Gather", {"s", "zero"}, {"n"}).Op("Concat", {"n", "to"}, {"t"}, {Attr("axis", 0)});
  m.Op("Expand", {"x", "t"}, {"y"}).Op("Expand", {"x", "s"}, {"z"}).Output("y").Output("z");
  const Graph graph = Import(m);
  EXPECT_EQ(graph.tensor(graph.outputs[0]).shape, (Shape{-1, 3, 2}));
  EXPECT_EQ(RunCounting(graph, {{1, 1, 2}}), (Doubles{0, 1, 0, 1, 0, 1, 0, 1}));
  OnnxMaker open(13);
  open.Input("x", {"1", "2"}).Input("z", {"N", "2"}).Op("Shape", {"z"}, {"s"});
  open.Op("Expand", {"x", "s"}, {"y"}).Output("y");
  const Graph by_value = Import(open);
  EXPECT_EQ(by_value.tensor(by_value.outputs[0]).symbols[0], "N");
  EXPECT_EQ(Only(by_value, OpType::ExpandOptions).inputs.size(), 2u);
}

TEST(ImportData, PadsOfChosenAxes) {
  OnnxMaker m(18);
  m.Input("x", {"1", "2", "1"}).Ints("pads", {2}, {1, 0}).Ints("axes", {1}, {-1});
  m.Op("Pad", {"x", "pads", "", "axes"}, {"y"}).Output("y");
  EXPECT_EQ(RunCounting(Import(m), {{1, 2, 1}}), (Doubles{0, 0, 0, 1}));
}

}  // namespace
}  // namespace octet

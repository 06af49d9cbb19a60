#include "tools/import/onnx_importer.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "tools/import/testing.h"
#include "tools/simplify/constants.h"

// Files, names, inputs, outputs and what is reported.

namespace octet {
namespace {

using testing::Attr;
using testing::OnnxMaker;
using ::testing::Test;
using testing::WriteTestFile;

bool Contains(const absl::Status& status, const std::string& text) {
  return std::string(status.message()).find(text) != std::string::npos;
}

OnnxMaker ReluModel() {
  OnnxMaker m(13);
  m.Input("x", {"N", "3"}).Op("Relu", {"x"}, {"y"}).Output("y");
  return m;
}

TEST(ImportOnnx, KeepsNamesAndOpenSizes) {
  const auto graph = ReluModel().Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Tensor& x = graph->tensor(graph->inputs[0]);
  EXPECT_EQ(x.name, "x");
  EXPECT_EQ(x.shape, (Shape{-1, 3}));
  EXPECT_EQ(x.symbols, (std::vector<std::string>{"N", ""}));
  EXPECT_EQ(graph->tensor(graph->outputs[0]).name, "y");
  EXPECT_EQ(graph->tensor(graph->outputs[0]).symbols[0], "N");
  EXPECT_EQ(graph->nodes[0].name, "node_y");
}

TEST(ImportOnnx, NodesWithoutNameTakeTheirOutputs) {
  OnnxMaker m = ReluModel();
  m.graph().mutable_node(0)->clear_name();
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->nodes[0].name, "y");
}

TEST(ImportOnnx, NamesSizesThatHaveNone) {
  OnnxMaker m(13);
  m.Input("x", {"-1", "0", "?", "?", "4"}).Op("Relu", {"x"}, {"y"}).Output("y");
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Tensor& x = graph->tensor(graph->inputs[0]);
  EXPECT_EQ(x.shape, (Shape{-1, -1, -1, -1, 4}));
  EXPECT_EQ(x.symbols, (std::vector<std::string>{"batch", "x_1", "x_2", "x_3", ""}));
}

TEST(ImportOnnx, TakesGivenShapes) {
  const std::string path = WriteTestFile(ReluModel().model().SerializeAsString());
  ImportOptions options;
  options.input_shapes["x"] = {4, -1};
  auto graph = ImportOnnx(path, options);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->tensor(graph->inputs[0]).shape, (Shape{4, 3}));
  options.input_shapes["x"] = {4};
  EXPECT_TRUE(absl::IsInvalidArgument(ImportOnnx(path, options).status()));
  options.input_shapes = {{"z", {4, 3}}};
  const absl::Status status = ImportOnnx(path, options).status();
  EXPECT_TRUE(Contains(status, "'z'")) << status;
  EXPECT_TRUE(Contains(status, "x")) << status;
}

TEST(ImportOnnx, AGivenSizeHoldsForAllDimensionsOfItsName) {
  OnnxMaker m(13);
  m.Input("a", {"N", "3"}).Input("b", {"N", "3"}).Op("Add", {"a", "b"}, {"y"}).Output("y");
  ImportOptions options;
  options.input_shapes["b"] = {2, -1};
  const auto graph = ImportOnnx(WriteTestFile(m.model().SerializeAsString()), options);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->tensor(graph->inputs[0]).shape, (Shape{2, 3}));
}

TEST(ImportOnnx, InitializersListedAsInputsAreConstants) {
  OnnxMaker m(7);
  m.Input("w", {"3"}).Input("x", {"2", "3"}).Floats("w", {3}, {1, 2, 3});
  m.Op("Add", {"x", "w"}, {"y"}).Output("y");
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->inputs.size(), 1u);
  EXPECT_EQ(graph->tensor(graph->inputs[0]).name, "x");
  EXPECT_EQ(testing::RunCounting(*graph, {{2, 3}}), (std::vector<double>{1, 3, 5, 4, 6, 8}));
}

TEST(ImportOnnx, SortsNodes) {
  OnnxMaker m(13);
  m.Input("x", {"2"}).Op("Neg", {"a"}, {"y"}).Op("Exp", {"x"}, {"a"}).Output("y");
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->nodes[0].name, "node_a");
}

TEST(ImportOnnx, OutputsThatAreInputsOrConstantsOrTwiceTheSame) {
  OnnxMaker m(13);
  m.Input("x", {"2"}).Floats("c", {1}, {5}).Op("Neg", {"x"}, {"a"}).Op("Identity", {"a"}, {"b"});
  m.Op("Identity", {"x"}, {"same"}).Output("a").Output("b").Output("c").Output("same");
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_EQ(graph->outputs.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(graph->tensor(graph->outputs[i]).name,
              (std::vector<std::string>{"a", "b", "c", "same"})[i]);
  }
  EXPECT_EQ(testing::RunCounting(*graph, {{2}}), (std::vector<double>{0, -1, 0, -1, 5, 0, 1}));
}

TEST(ImportOnnx, HalfModelsComputeInFloat) {
  OnnxMaker m(13);
  m.Input("x", {"1", "2"}, onnx::TensorProto::FLOAT16);
  onnx::TensorProto* w = m.graph().add_initializer();
  w->set_name("w");
  w->set_data_type(onnx::TensorProto::FLOAT16);
  w->add_dims(2);
  w->add_int32_data(0x3c00);  // 1
  w->add_int32_data(0xc000);  // -2
  m.Op("Mul", {"x", "w"}, {"y"}).Op("Cast", {"y"}, {"z"}, {Attr("to", 1)}).Output("y").Output("z");
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto type = [&](TensorId id) { return graph->tensor(id).type; };
  EXPECT_EQ(type(graph->inputs[0]), DataType::kF16);
  ASSERT_EQ(graph->nodes[0].type(), OpType::CastOptions);
  EXPECT_EQ(type(graph->nodes[0].outputs[0]), DataType::kF32);
  ASSERT_EQ(graph->nodes[1].type(), OpType::BinaryOptions);
  EXPECT_EQ(type(graph->nodes[1].inputs[1]), DataType::kF16);
  EXPECT_EQ(type(graph->nodes[1].outputs[0]), DataType::kF32);
  EXPECT_EQ(type(graph->outputs[0]), DataType::kF16);
  EXPECT_EQ(type(graph->outputs[1]), DataType::kF32);
  EXPECT_EQ(graph->tensor(graph->outputs[1]).name, "z");
}

TEST(ImportOnnx, IntegersAndBooleansKeepTheirTypes) {
  OnnxMaker m(13);
  m.Input("ids", {"N", "2"}, onnx::TensorProto::INT64).Input("x", {"N", "2"});
  m.Op("Greater", {"x", "y"}, {"mask"}).Op("Cast", {"ids"}, {"y"}, {Attr("to", 1)});
  m.Op("Where", {"mask", "ids", "ids"}, {"z"})
      .Op("Not", {"mask"}, {"not"})
      .Op("Shape", {"x"}, {"s"});
  m.Op("Mul", {"ids", "ids"}, {"squares"});
  for (const char* name : {"mask", "y", "z", "not", "s", "squares"}) m.Output(name);
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const DataType expected[] = {DataType::kBool, DataType::kF32, DataType::kS64,
                               DataType::kBool, DataType::kS64, DataType::kS64};
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(graph->tensor(graph->outputs[i]).type, expected[i]) << i;
  }
}

TEST(ImportOnnx, OpenChannelsFollowFromTheConvolution) {
  OnnxMaker m(13);
  m.Input("x", {"N", "C", "H", "W"}).Floats("w", {1, 2, 1, 1}, {1, 1});
  m.Op("Conv", {"x", "w"}, {"y"}).Output("y");
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->tensor(graph->inputs[0]).shape, (Shape{-1, 2, -1, -1}));
}

TEST(ImportOnnx, ListsEverythingUnsupportedAtOnce) {
  OnnxMaker m(17);
  m.Input("x", {"1", "2", "4", "4"}).Ints("pads", {8}, {0, 0, 1, 1, 0, 0, 1, 1});
  m.Op("Bernoulli", {"x"}, {"a"}).Op("Bernoulli", {"x"}, {"b"}).Op("Relu", {"a"}, {"c"});
  m.Op("Multinomial", {"c"}, {"d"}).Op("Sin", {"i"}, {"e"}).Input("i", {"2"}, 7);
  m.Op("Relu", {"x"}, {"f"}, {Attr("slope", 1)});
  m.Output("c").Output("d");
  const absl::Status status = m.Import().status();
  EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
  for (const char* text : {"operator set 17", "Bernoulli", "node_a, node_b", "Multinomial",
                           "node_d", "s64", "node_e", "'slope'", "node_f"}) {
    EXPECT_TRUE(Contains(status, text)) << text << " in " << status;
  }
  EXPECT_FALSE(Contains(status, "node_c")) << status;
}

TEST(ImportOnnx, UnsupportedTypesAndDomains) {
  OnnxMaker m(17);
  m.Input("x", {"2"}, onnx::TensorProto::STRING).Input("ids", {"2"}, onnx::TensorProto::INT64);
  m.Op("Exp", {"ids"}, {"y"}).Op("Relu", {"x"}, {"z"}).Output("y").Output("z");
  m.Op("Gelu", {"ids"}, {"g"});
  m.graph().mutable_node(2)->set_domain("com.microsoft");
  const absl::Status status = m.Import().status();
  EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
  for (const char* text : {"string", "s64", "com.microsoft"}) {
    EXPECT_TRUE(Contains(status, text)) << text << " in " << status;
  }
}

TEST(ImportOnnx, OperatorSetsOutsideOfTheSupportedOnes) {
  for (const int opset : {5, 29}) {
    OnnxMaker m(opset);
    m.Input("x", {"2"}).Op("Neg", {"x"}, {"y"}).Output("y");
    const absl::Status status = m.Import().status();
    EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
    EXPECT_TRUE(Contains(status, "6 to 28")) << status;
  }
}

TEST(ImportOnnx, MissingAndForeignFiles) {
  EXPECT_TRUE(absl::IsNotFound(ImportOnnx("/nonexistent/m.onnx").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ImportOnnx(::testing::TempDir()).status()));
  for (const std::string& bytes : {std::string(), std::string("not a model"),
                                   std::string(100, '\0'), std::string("\x08\x08")}) {
    const absl::Status status = ImportOnnx(WriteTestFile(bytes)).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_TRUE(Contains(status, ".onnx")) << status;
  }
}

TEST(ImportOnnx, GraphsThatContradictThemselves) {
  const auto expect = [](OnnxMaker& m, const std::string& text) {
    const absl::Status status = m.Import().status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_TRUE(Contains(status, text)) << text << " in " << status;
  };
  OnnxMaker missing(13);
  missing.Input("x", {"2"}).Op("Add", {"x", "ghost"}, {"y"}).Output("y");
  expect(missing, "'ghost'");
  OnnxMaker cycle(13);
  cycle.Input("x", {"2"}).Op("Add", {"x", "b"}, {"a"}).Op("Neg", {"a"}, {"b"}).Output("b");
  expect(cycle, "cycle");
  OnnxMaker twice(13);
  twice.Input("x", {"2"}).Op("Neg", {"x"}, {"y"}).Op("Exp", {"x"}, {"y"}).Output("y");
  expect(twice, "more than once");
  OnnxMaker output(13);
  output.Input("x", {"2"}).Op("Neg", {"x"}, {"y"}).Output("z");
  expect(output, "'z'");
  OnnxMaker few(13);
  few.Input("x", {"2"}).Floats("w", {3}, {1, 2}).Op("Add", {"x", "w"}, {"y"}).Output("y");
  expect(few, "'w'");
  OnnxMaker shapes(13);
  shapes.Input("x", {"2"}).Floats("w", {3}, {1, 2, 3}).Op("Add", {"x", "w"}, {"y"}).Output("y");
  expect(shapes, "node_y");
  OnnxMaker kind(13);
  kind.Input("x", {"2"}).Op("LeakyRelu", {"x"}, {"y"}, {Attr("alpha", 1)}).Output("y");
  expect(kind, "'alpha'");
  OnnxMaker opset(13);
  opset.Input("x", {"2"}).Op("Neg", {"x"}, {"y"}).Output("y");
  opset.model().clear_opset_import();
  expect(opset, "operator set");
  OnnxMaker huge(13);
  huge.Input("x", {"4000000000000", "4000000000000"}).Op("Neg", {"x"}, {"y"}).Output("y");
  expect(huge, "'x'");
}

// A model with constants, shape arithmetic and window operators, cut anywhere and with any byte
// changed.
TEST(ImportOnnx, DamagedFilesNeverCrash) {
  OnnxMaker m(13);
  m.Input("x", {"N", "2", "8", "8"}).Floats("w", {2, 2, 3, 3}, std::vector<float>(36, 0.5f));
  m.Op("Conv", {"x", "w"}, {"c"}, {Attr("pads", std::vector<int64_t>{1, 1, 1, 1})});
  m.Op("MaxPool", {"c"}, {"p"},
       {Attr("kernel_shape", std::vector<int64_t>{2, 2}), Attr("ceil_mode", 1)});
  m.Op("Shape", {"p"}, {"s"}).Ints("zero", {1}, {0}).Op("Gather", {"s", "zero"}, {"n"});
  m.Ints("rest", {1}, {-1}).Op("Concat", {"n", "rest"}, {"t"}, {Attr("axis", 0)});
  m.Op("Reshape", {"p", "t"}, {"y"}).Op("Softmax", {"y"}, {"z"}, {Attr("axis", 1)}).Output("z");
  const std::string bytes = m.model().SerializeAsString();
  ASSERT_TRUE(ImportOnnx(WriteTestFile(bytes)).ok());
  const std::string path = WriteTestFile("");
  const auto import = [&](const std::string& damaged) {
    const std::string file = WriteTestFile(damaged);
    (void)ImportOnnx(file);
    std::remove(file.c_str());
  };
  for (size_t length = 0; length < bytes.size(); ++length) import(bytes.substr(0, length));
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int change : {0x01, 0x10, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ change);
      import(damaged);
    }
  }
}

}  // namespace
}  // namespace octet

#include <gmock/gmock.h>

#include "gtest/gtest.h"
#include "tools/import/testing.h"
#include "tools/simplify/testing.h"

// Quantized ONNX operators after simplifying: what they become, and their numbers.

namespace octet {
namespace {

using onnx::TensorProto;
using testing::Attr;
using testing::Count;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ImportSimplified;
using testing::Only;
using testing::OnnxMaker;
using testing::Types;

constexpr char kMicrosoft[] = "com.microsoft";

// An initializer of 8-bit or 32-bit integers.
void Integers(OnnxMaker& m, const std::string& name, const std::vector<int64_t>& dims,
              const std::vector<int>& values, int type = TensorProto::UINT8) {
  TensorProto* tensor = m.graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(type);
  for (const int64_t d : dims) tensor->add_dims(d);
  for (const int v : values) tensor->add_int32_data(v);
}

OnnxMaker Maker(int opset = 13) {
  OnnxMaker m(opset);
  m.Floats("half", {}, {0.5f}).Floats("quarter", {}, {0.25f});
  Integers(m, "z128", {}, {128});
  Integers(m, "z0", {}, {0}, TensorProto::INT8);
  return m;
}

void Quantize(OnnxMaker& m, const std::string& x, const std::string& scale = "half") {
  m.Op("QuantizeLinear", {x, scale, "z128"}, {x + "_q"});
  m.Op("DequantizeLinear", {x + "_q", scale, "z128"}, {x + "_r"});
}

TEST(ImportQuantized, QdqAroundMatMul) {
  OnnxMaker m = Maker();
  m.Input("x", {"2", "3"});
  Quantize(m, "x");
  Integers(m, "w", {3, 2}, {1, -2, 3, 4, -5, 6}, TensorProto::INT8);
  m.Floats("w_scale", {2}, {0.5f, 0.25f});
  Integers(m, "w_zero", {2}, {0, 0}, TensorProto::INT8);
  m.Op("DequantizeLinear", {"w", "w_scale", "w_zero"}, {"w_r"}, {Attr("axis", 1)});
  m.Op("MatMul", {"x_r", "w_r"}, {"y"});
  Quantize(m, "y");
  m.Output("y_r");
  const Graph graph = ImportSimplified(m);
  EXPECT_THAT(Types(graph), ElementsAre("Quantize", "MatMul", "Dequantize"));
  const Tensor& w = graph.tensor(graph.nodes[1].inputs[1]);
  EXPECT_THAT(w.data.as<int8_t>(), ElementsAre(1, 3, -5, -2, 4, 6));
  EXPECT_THAT(w.quant->scales, ElementsAre(0.5f, 0.25f));
}

TEST(ImportQuantized, QLinearOperatorsPassBytesOn) {
  OnnxMaker m = Maker();
  m.Input("x", {"1", "2", "4", "4"}, TensorProto::UINT8);
  Integers(m, "w", {2, 2, 1, 1}, {1, 2, -3, 4}, TensorProto::INT8);
  Integers(m, "b", {2}, {10, -20}, TensorProto::INT32);
  m.Op("QLinearConv", {"x", "half", "z128", "w", "quarter", "z0", "half", "z128", "b"}, {"c"});
  m.Op("MaxPool", {"c"}, {"p"}, {Attr("kernel_shape", std::vector<int64_t>{2, 2})});
  m.Op("Transpose", {"p"}, {"t"}, {Attr("perm", std::vector<int64_t>{0, 2, 3, 1})});
  m.OpOf(kMicrosoft, "QLinearAdd", {"t", "half", "z128", "t", "half", "z128", "quarter", "z128"},
         {"y"});
  m.Output("y");
  m.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      TensorProto::UINT8);
  const Graph graph = ImportSimplified(m);
  EXPECT_THAT(Types(graph), ElementsAre("Conv", "Pool", "Transpose", "Binary"));
  EXPECT_EQ(graph.tensor(graph.inputs[0]).quant->scale(), 0.5f);
  EXPECT_EQ(graph.tensor(graph.outputs[0]).quant->scale(), 0.25f);
  EXPECT_EQ(graph.tensor(graph.outputs[0]).type, DataType::kU8);
}

TEST(ImportQuantized, ScalesAlongAnAxisOfComputedTensorsAreArithmetic) {
  OnnxMaker m = Maker();
  m.Input("x", {"1", "2", "3"});
  m.Floats("scales", {2}, {0.5f, 0.25f});
  Integers(m, "zeros", {2}, {3, 4});
  m.Op("QuantizeLinear", {"x", "scales", "zeros"}, {"q"});
  m.Op("DequantizeLinear", {"q", "scales", "zeros"}, {"y"});
  m.Output("y");
  const Graph graph = ImportSimplified(m);
  EXPECT_EQ(Count(graph, OpType::QuantizeOptions), 0);
  EXPECT_EQ(Count(graph, OpType::CastOptions), 2);
}

TEST(ImportQuantized, ConstantsAreQuantizedHalfToEven) {
  OnnxMaker m = Maker();
  m.Input("x", {"4"});
  m.Floats("c", {4}, {0.25f, 0.75f, -64.5f, 1000});
  m.Op("QuantizeLinear", {"c", "half", "z128"}, {"q"});
  m.Op("DequantizeLinear", {"q", "half", "z128"}, {"r"});
  m.Op("Add", {"x", "r"}, {"y"});
  m.Output("y");
  const Graph graph = ImportSimplified(m);
  const Tensor& c = graph.tensor(Only(graph, OpType::BinaryOptions).inputs[1]);
  EXPECT_THAT(c.data.as<float>(), ElementsAre(0, 1, -64, 63.5f));
}

TEST(ImportQuantized, MatMulIntegerOfSmallSumsMultipliesBytes) {
  OnnxMaker m = Maker();
  m.Input("x", {"2", "3"}, TensorProto::UINT8);
  Integers(m, "w", {3, 2}, {1, -2, 3, 4, -5, 6}, TensorProto::INT8);
  m.Op("MatMulInteger", {"x", "w", "z128"}, {"y"});
  m.Op("Cast", {"y"}, {"f"}, {Attr("to", int64_t{TensorProto::FLOAT})});
  m.Output("f");
  const Graph graph = ImportSimplified(m);
  const Node& product = Only(graph, OpType::MatMulOptions);
  EXPECT_EQ(graph.tensor(product.inputs[0]).quant->zero_point(), 128);
  EXPECT_EQ(graph.tensor(product.outputs[0]).type, DataType::kF32);
}

TEST(ImportQuantized, RefusesScalesPerBlockAndBadScales) {
  OnnxMaker blocks = Maker(21);
  blocks.Input("x", {"4", "4"});
  blocks.Floats("s", {2, 4}, std::vector<float>(8, 0.5f));
  blocks.Op("QuantizeLinear", {"x", "s"}, {"q"}, {Attr("block_size", 2), Attr("axis", 0)});
  blocks.Op("DequantizeLinear", {"q", "s"}, {"y"}, {Attr("block_size", 2), Attr("axis", 0)});
  blocks.Output("y");
  EXPECT_THAT(std::string(blocks.Import().status().message()),
              HasSubstr("has a scale per block of 2 elements"));

  OnnxMaker negative = Maker();
  negative.Input("x", {"4"});
  negative.Floats("s", {}, {-1});
  negative.Op("QuantizeLinear", {"x", "s"}, {"q"});
  negative.Op("DequantizeLinear", {"q", "s"}, {"y"});
  negative.Output("y");
  EXPECT_THAT(std::string(negative.Import().status().message()), HasSubstr("has the scale -1"));
}

}  // namespace
}  // namespace octet

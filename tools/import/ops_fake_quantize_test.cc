#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "tools/import/testing.h"
#include "tools/simplify/testing.h"

// FakeQuantize, and QDQ pairs whose scales were trained: both must keep their scales.

namespace octet {
namespace {

using testing::Attr;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ImportSimplified;
using testing::OnnxMaker;
using testing::RunSession;
using testing::Types;

void FakeQuantize(OnnxMaker& m, const std::string& x, const std::string& y, int64_t levels,
                  const std::vector<int64_t>& shape, const std::vector<float>& low,
                  const std::vector<float>& high) {
  m.Floats(y + "_low", shape, low).Floats(y + "_high", shape, high);
  m.OpOf("org.openvinotoolkit", "FakeQuantize",
         {x, y + "_low", y + "_high", y + "_low", y + "_high"}, {y}, {Attr("levels", levels)});
}

TEST(ImportFakeQuantize, RoundsToTheLevelsOfItsRange) {
  // u8 with scale 0.5 and zero point 4: from -2 to 125.5.
  OnnxMaker m(13);
  m.Input("x", {"5"})
      .Floats("factor", {5}, {1, -1.3f, 0.4f, -2, 100})
      .Op("Mul", {"x", "factor"}, {"z"});
  FakeQuantize(m, "z", "y", 256, {}, {-2}, {125.5f});
  EXPECT_THAT(RunSession(ImportSimplified(m.Output("y")), {{5}}),
              ElementsAre(0, -1.5, 1, -2, 125.5));
  // s8 with scale 1: -127 is the lowest level.
  OnnxMaker around(13);
  around.Input("x", {"5"}).Floats("factor", {5}, {1, -1.3f, 0.4f, -60, 100});
  around.Op("Mul", {"x", "factor"}, {"z"});
  FakeQuantize(around, "z", "y", 255, {1}, {-127}, {127});
  EXPECT_THAT(RunSession(ImportSimplified(around.Output("y")), {{5}}),
              ElementsAre(0, -1, 1, -127, 127));
}

TEST(ImportFakeQuantize, MakesIntegerConvolutions) {
  OnnxMaker m(13);
  m.Input("x", {"1", "1", "1", "3"}).Floats("w", {2, 1, 1, 1}, {0.6f, -3});
  FakeQuantize(m, "x", "x_q", 256, {}, {-128}, {127});
  FakeQuantize(m, "w", "w_q", 255, {2, 1, 1, 1}, {-63.5f, -254}, {63.5f, 254});
  m.Op("Conv", {"x_q", "w_q"}, {"c"});
  FakeQuantize(m, "c", "y", 256, {1, 1, 1, 1}, {-64}, {63.5f});
  const Graph graph = ImportSimplified(m.Output("y"));
  EXPECT_THAT(Types(graph), ElementsAre("Quantize", "Conv", "Dequantize"));
  const Tensor& w = graph.tensor(graph.nodes[1].inputs[1]);
  EXPECT_THAT(w.quant->scales, ElementsAre(0.5f, 2.0f));
  EXPECT_THAT(w.data.as<int8_t>(), ElementsAre(1, -2));  // -3 / 2 is a tie
  EXPECT_THAT(graph.tensor(graph.nodes[1].outputs[0]).quant->scales, ElementsAre(0.5f));
  EXPECT_THAT(RunSession(graph, {{1, 1, 1, 3}}), ElementsAre(0, 0.5, 1, 0, -4, -8));
}

TEST(ImportFakeQuantize, RefusesOtherGrids) {
  const auto refusal = [](int64_t levels, const std::vector<int64_t>& shape,
                          const std::vector<float>& low, const std::vector<float>& high) {
    OnnxMaker m(13);
    m.Input("x", {"1", "2"});
    FakeQuantize(m, "x", "y", levels, shape, low, high);
    const absl::Status status = m.Output("y").Import().status();
    EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(refusal(16, {}, {0}, {15}), HasSubstr("16 levels"));
  EXPECT_THAT(refusal(256, {}, {-0.5f}, {254.1f}), HasSubstr("one of which is 0"));
  EXPECT_THAT(refusal(256, {}, {1}, {256}), HasSubstr("one of which is 0"));
  EXPECT_THAT(refusal(255, {}, {0}, {254}), HasSubstr("255 around 0"));
  EXPECT_THAT(refusal(256, {1, 2}, {0, 0}, {255, 510}), HasSubstr("range per channel"));
  OnnxMaker m(13);
  m.Input("x", {"2"}).Floats("a", {}, {0}).Floats("b", {}, {255}).Floats("c", {}, {1});
  m.Op("FakeQuantize", {"x", "a", "b", "a", "c"}, {"y"}, {Attr("levels", 256)});
  m.graph().mutable_node(0)->set_domain("org.openvinotoolkit");
  EXPECT_THAT(std::string(m.Output("y").Import().status().message()), HasSubstr("another range"));
}

// What PyTorch's quantization-aware training exports: real weights behind a pair of their own.
TEST(ImportTrainedScales, OfQdqPairsOnRealWeights) {
  OnnxMaker m(13);
  m.Input("x", {"1", "1", "1", "3"}).Floats("w", {2, 1, 1, 1}, {0.6f, -3});
  m.Floats("w_scale", {2}, {0.5f, 2}).Floats("x_scale", {}, {1}).Floats("y_scale", {}, {0.25f});
  const auto zero = [&m](const std::string& name, const std::vector<int64_t>& dims, size_t count) {
    onnx::TensorProto* tensor = m.graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::INT8);
    for (const int64_t d : dims) tensor->add_dims(d);
    for (size_t i = 0; i < count; ++i) tensor->add_int32_data(0);
  };
  zero("z", {}, 1);
  zero("zs", {2}, 2);
  const auto pair = [&m](const std::string& x, const std::string& scale, const std::string& z) {
    m.Op("QuantizeLinear", {x, scale, z}, {x + "_i"}, {Attr("axis", 0)});
    m.Op("DequantizeLinear", {x + "_i", scale, z}, {x + "_q"}, {Attr("axis", 0)});
  };
  pair("x", "x_scale", "z");
  pair("w", "w_scale", "zs");
  m.Op("Conv", {"x_q", "w_q"}, {"c"});
  pair("c", "y_scale", "z");
  const Graph graph = ImportSimplified(m.Output("c_q"));
  EXPECT_THAT(Types(graph), ElementsAre("Quantize", "Conv", "Dequantize"));
  const Tensor& w = graph.tensor(graph.nodes[1].inputs[1]);
  EXPECT_THAT(w.quant->scales, ElementsAre(0.5f, 2.0f));
  EXPECT_THAT(w.data.as<int8_t>(), ElementsAre(1, -2));
  EXPECT_THAT(graph.tensor(graph.nodes[0].outputs[0]).quant->scales, ElementsAre(1.0f));
  EXPECT_THAT(graph.tensor(graph.nodes[1].outputs[0]).quant->scales, ElementsAre(0.25f));
  EXPECT_THAT(RunSession(graph, {{1, 1, 1, 3}}), ElementsAre(0, 0.5, 1, 0, -4, -8));
}

}  // namespace
}  // namespace octet

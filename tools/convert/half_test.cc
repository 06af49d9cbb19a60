#include "tools/convert/half.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/core/validate.h"
#include "tools/convert/precise.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;
using ::testing::ElementsAre;
using testing::GraphMaker;
using ::testing::IsEmpty;

constexpr DataType kF32 = DataType::kF32, kF16 = DataType::kF16, kBF16 = DataType::kBF16;

// "MatMul f32 f32 f32 -> f32" per node.
std::vector<std::string> Types(const Graph& g) {
  std::vector<std::string> lines;
  for (const Node& node : g.nodes) {
    std::string line(Name(node.type()));
    for (TensorId id : node.inputs) {
      if (id != kNoTensor) absl::StrAppend(&line, " ", Name(g.tensor(id).type));
    }
    absl::StrAppend(&line, " -> ", Name(g.tensor(node.outputs[0]).type));
    lines.push_back(line);
  }
  return lines;
}

Graph Converted(const Graph& graph, DataType type, HalfReport* report = nullptr, bool io = false) {
  absl::StatusOr<Graph> result = ConvertToHalf(graph, {type, io}, report);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return Graph();
  EXPECT_TRUE(ValidateGraph(*result).ok()) << ValidateGraph(*result);
  return *std::move(result);
}

// Two products with a bias and a residual.
Graph TwoLayers() {
  GraphMaker m;
  const TensorId x = m.Input({2, 4});
  const TensorId h = m.Op(testing::MatMul(), {x, m.RandomConstant({6, 4}), m.RandomConstant({6})});
  const TensorId r = m.Op(testing::Unary(UnaryKind::TANH), {h});
  const TensorId y =
      m.Op(testing::MatMul(), {r, m.RandomConstant({6, 6}), m.RandomConstant({6}), h});
  return m.Finish({y});
}

TEST(HalfTest, WeightsBiasesAndWhatIsComputedAreNarrowedTheBoundaryStays) {
  HalfReport report;
  const Graph g = Converted(TwoLayers(), kBF16, &report);
  EXPECT_THAT(Types(g), ElementsAre("Cast f32 -> bf16", "MatMul bf16 bf16 f16 -> bf16",
                                    "Unary bf16 -> bf16", "MatMul bf16 bf16 f16 bf16 -> f32"));
  EXPECT_EQ(report.narrowed_constants, 2);
  EXPECT_EQ(report.narrowed_tensors, 2);
  EXPECT_EQ(report.casts, 1);
  EXPECT_THAT(report.losses, IsEmpty());
  EXPECT_THAT(report.f32_operators, IsEmpty());
}

TEST(HalfTest, InputsAndOutputsFollowOnRequest) {
  const Graph g = Converted(TwoLayers(), kF16, nullptr, true);
  EXPECT_THAT(Types(g), ElementsAre("MatMul f16 f16 f16 -> f16", "Unary f16 -> f16",
                                    "MatMul f16 f16 f16 f16 -> f16"));
  EXPECT_EQ(g.tensor(g.inputs[0]).type, kF16);
}

Graph Narrowed(const Graph& graph, const std::set<std::string>& only,
               HalfReport* report = nullptr) {
  HalfOptions options;
  options.only = only;
  absl::StatusOr<Graph> result = ConvertToHalf(graph, options, report);
  EXPECT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(ValidateGraph(*result).ok()) << ValidateGraph(*result);
  return *std::move(result);
}

TEST(HalfTest, OnlySomeOperators) {
  Graph graph = TwoLayers();
  for (size_t i = 0; i < graph.nodes.size(); ++i) graph.nodes[i].name = std::string(1, "abc"[i]);
  // What others read stays f32.
  EXPECT_THAT(Types(Narrowed(graph, {"a"})),
              ElementsAre("Cast f32 -> bf16", "MatMul bf16 bf16 f16 -> f32", "Unary f32 -> f32",
                          "MatMul f32 f32 f32 f32 -> f32"));
  EXPECT_THAT(Types(Narrowed(graph, {"c"})),
              ElementsAre("MatMul f32 f32 f32 -> f32", "Unary f32 -> f32", "Cast f32 -> bf16",
                          "MatMul bf16 bf16 f16 f32 -> f32"));
  // What lies between them follows.
  EXPECT_EQ(Types(Narrowed(graph, {"a", "c"})), Types(Converted(graph, kBF16)));
  EXPECT_EQ(Types(Narrowed(graph, {})), Types(graph));
}

TEST(HalfTest, ConstantsThatOthersReadStay) {
  GraphMaker m;
  const TensorId x = m.Input({2, 4});
  const TensorId w = m.RandomConstant({4, 4});
  const TensorId h = m.Op(testing::MatMul(), {x, w});
  Graph graph = m.Finish({m.Op(testing::MatMul(), {h, w})});
  graph.nodes[0].name = "a", graph.nodes[1].name = "b";
  HalfReport report;
  EXPECT_THAT(Types(Narrowed(graph, {"b"}, &report)),
              ElementsAre("MatMul f32 f32 -> f32", "MatMul f32 f32 -> f32"));
  EXPECT_THAT(report.f32_operators, ElementsAre("b"));
}

TEST(HalfTest, ResultsStayNearTheFloatNetworks) {
  const Graph before = TwoLayers();
  const std::vector<double> want = testing::RunModel(before)[0];
  double largest = 0;
  for (double v : want) largest = std::max(largest, std::abs(v));
  for (DataType type : {kBF16, kF16}) {
    // Deterministic models do not round between operators: what is left is the weights' rounding.
    const std::vector<double> got = testing::RunModel(Converted(before, type))[0];
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_NEAR(got[i], want[i], (type == kBF16 ? 0.02 : 0.002) * largest);
    }
    EXPECT_NE(got, want);
  }
}

TEST(HalfTest, BiasesThatF16RoundsTooMuchStayF32) {
  const auto type_of_bias = [](const std::vector<float>& bias) {
    GraphMaker m;
    const TensorId y =
        m.Op(testing::MatMul(), {m.Input({1, 2}), m.RandomConstant({2, 2}), m.Constant({2}, bias)});
    const Graph g = Converted(m.Finish({y}), kBF16);
    return g.tensor(g.nodes.back().inputs[2]).type;
  };
  EXPECT_EQ(type_of_bias({1.5f, -0.1f}), kF16);
  EXPECT_EQ(type_of_bias({1e5f, 0.0f}), kF32);
  EXPECT_EQ(type_of_bias({1e-6f, 2e-7f}), kF32);
}

TEST(HalfTest, FromOneTypeToTheOther) {
  const Graph f16 = Converted(TwoLayers(), kF16);
  EXPECT_THAT(Types(Converted(f16, kBF16)),
              ElementsAre("Cast f32 -> bf16", "MatMul bf16 bf16 f16 -> bf16", "Unary bf16 -> bf16",
                          "MatMul bf16 bf16 f16 bf16 -> f32"));
}

TEST(HalfTest, ConstantsThatOverflowStayAndAreNamed) {
  GraphMaker m;
  const TensorId x = m.Input({1, 2});
  const TensorId w = m.Constant({2, 2}, {1, 2, 70000, -1e-9f});
  const TensorId y = m.Op(testing::MatMul(), {x, w});
  const Graph graph = m.Finish({m.Op(testing::Unary(UnaryKind::TANH), {y})});
  HalfReport report;
  const Graph g = Converted(graph, kF16, &report);
  ASSERT_EQ(report.losses.size(), 1u);
  EXPECT_EQ(report.losses[0].name, graph.tensor(w).name);
  EXPECT_EQ(report.losses[0].overflowing, 1);
  EXPECT_EQ(report.losses[0].vanishing, 1);
  EXPECT_EQ(report.losses[0].elements, 4);
  EXPECT_FLOAT_EQ(static_cast<float>(report.losses[0].largest), 70000.0f);
  EXPECT_TRUE(report.losses[0].kept);
  EXPECT_THAT(report.f32_operators, ElementsAre("n0"));
  EXPECT_THAT(Types(g), ElementsAre("MatMul f32 f32 -> f16", "Unary f16 -> f32"));
  // bf16 holds 70000.
  HalfReport bf16;
  Converted(graph, kBF16, &bf16);
  EXPECT_THAT(bf16.losses, IsEmpty());
}

TEST(HalfTest, ConstantsThatVanishStayWhereTheyWeigh) {
  const auto report_of = [](const std::vector<float>& weights) {
    GraphMaker m;
    const TensorId y = m.Op(testing::MatMul(), {m.Input({1, 2}), m.Constant({2, 2}, weights)});
    HalfReport report;
    Converted(m.Finish({y}), kF16, &report);
    return report;
  };
  const HalfReport small = report_of({1e-9f, 2e-9f, -1e-8f, 1e-7f});
  ASSERT_EQ(small.losses.size(), 1u);
  EXPECT_EQ(small.losses[0].vanishing, 3);  // below half of 2^-24
  EXPECT_TRUE(small.losses[0].kept);
  const HalfReport mixed = report_of({1e-9f, 1.0f, -0.5f, 0.25f});
  ASSERT_EQ(mixed.losses.size(), 1u);
  EXPECT_EQ(mixed.losses[0].vanishing, 1);
  EXPECT_FALSE(mixed.losses[0].kept);
  EXPECT_EQ(mixed.narrowed_constants, 1);
}

TEST(HalfTest, AVarianceThatIsSpelledOutStaysF32) {
  GraphMaker m;
  const TensorId x = m.Op(testing::MatMul(), {m.Input({3, 4}), m.RandomConstant({8, 4})});
  const TensorId mean = m.Op(testing::Reduce(schema::ReduceKind::MEAN, {1}, true), {x});
  const TensorId d = m.Op(testing::Binary(BinaryKind::SUB), {x, mean});
  const TensorId square = m.Op(testing::Binary(BinaryKind::MUL), {d, d});
  const TensorId variance = m.Op(testing::Reduce(schema::ReduceKind::MEAN, {1}, true), {square});
  const TensorId sum =
      m.Op(testing::Binary(BinaryKind::ADD), {variance, m.Constant({1}, {1e-12f})});
  const TensorId deviation = m.Op(testing::Unary(UnaryKind::SQRT), {sum});
  const TensorId y = m.Op(testing::Binary(BinaryKind::DIV), {d, deviation});
  const TensorId z = m.Op(testing::MatMul(), {y, m.RandomConstant({4, 8})});
  const Graph graph = m.Finish({z});
  const Graph g = Converted(graph, kF16);
  const auto type_of = [&](TensorId id) {
    for (const Tensor& t : g.tensors) {
      if (t.name == graph.tensor(id).name) return t.type;
    }
    return DataType::kUnknown;
  };
  for (TensorId id : {mean, square, variance, sum, deviation}) EXPECT_EQ(type_of(id), kF32) << id;
  for (TensorId id : {x, d, y}) EXPECT_EQ(type_of(id), kF16) << id;
}

TEST(HalfTest, MasksStayF32AllTheWay) {
  GraphMaker m;
  const TensorId q = m.Input({1, 2, 3, 4}), mask = m.Input({1, 1, 1, 3});
  const TensorId negative =
      m.Op(testing::Binary(BinaryKind::MUL), {mask, m.Constant({1}, {-3.4028235e38f})});
  const TensorId k = m.Op(testing::Unary(UnaryKind::TANH), {q});
  const TensorId y = m.Op(schema::AttentionOptionsT(), {k, k, k, negative});
  const Graph g = Converted(m.Finish({y}), kBF16);
  EXPECT_THAT(Types(g),
              ElementsAre("Binary f32 f32 -> f32", "Cast f32 -> bf16", "Unary bf16 -> bf16",
                          "Attention bf16 bf16 bf16 f32 -> bf16", "Cast bf16 -> f32"));
  EXPECT_EQ(g.tensor(g.outputs[0]).name, "t5");
}

TEST(HalfTest, QuantizedTensorsStay) {
  GraphMaker m;
  const TensorId x = m.Input({1, 4});
  const TensorId q = m.Quantize(x, DataType::kU8, 0.1f, 128);
  const TensorId y = m.Op(testing::Unary(UnaryKind::TANH), {m.Dequantize(q)});
  const TensorId z = m.Op(testing::MatMul(), {y, m.RandomConstant({4, 4})});
  const Graph g = Converted(m.Finish({z}), kBF16);
  EXPECT_THAT(Types(g), ElementsAre("Quantize f32 -> u8", "Dequantize u8 -> bf16",
                                    "Unary bf16 -> bf16", "MatMul bf16 bf16 -> f32"));
}

TEST(HalfTest, OtherTypesAreRefused) {
  const absl::Status status = ConvertToHalf(TwoLayers(), {DataType::kS8, false}, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("not to s8"));
}

}  // namespace
}  // namespace octet

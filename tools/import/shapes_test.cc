#include "gtest/gtest.h"
#include "tools/import/fold.h"
#include "tools/import/probes.h"
#include "tools/import/testing.h"
#include "tools/simplify/testing.h"

// Shape arithmetic: probes, evaluation of constants, and what becomes of chains that compute
// shapes.

namespace octet {
namespace {

using importer::Probes;
using testing::Attr;
using testing::Only;
using testing::OnnxMaker;
using Longs = std::vector<int64_t>;

Longs ReshapeOf(OnnxMaker& m) {
  const absl::StatusOr<Graph> graph = m.Import();
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return {};
  return Only(*graph, OpType::ReshapeOptions).as<schema::ReshapeOptionsT>().shape;
}

TEST(Probes, TellSymbolsApartAndRecognizeThem) {
  Probes probes({{{32, 10}, {1, 306}, {1, 1008}, {1, 2002}}});
  const importer::ProbedSize n = probes.SizeOf("N"), h = probes.SizeOf("H");
  EXPECT_EQ(probes.SizeOf("N"), n);
  EXPECT_EQ(n[0] % 32, 0);
  for (size_t p = 0; p < importer::kProbes; ++p) {
    EXPECT_NE(n[p], h[p]);
    for (size_t q = 0; q < p; ++q) EXPECT_NE(n[p], n[q]);
  }
  const auto shape_of = [&](int64_t (*last)(int64_t)) {
    importer::ProbedShape shape;
    for (size_t p = 0; p < importer::kProbes; ++p) shape[p] = {n[p], 3, h[p], last(h[p])};
    return shape;
  };
  const auto halved = shape_of([](int64_t size) { return size / 2; });
  const auto [shape, symbols] = probes.Symbolic(halved);
  EXPECT_EQ(shape, (Shape{-1, 3, -1, -1}));
  EXPECT_EQ(symbols[0], "N");
  EXPECT_EQ(symbols[1], "");
  EXPECT_EQ(symbols[2], "H");
  // A computed size has one name; rounding up and rounding down are different sizes, at any depth.
  EXPECT_EQ(probes.Symbolic(halved).second[3], symbols[3]);
  const auto up = shape_of([](int64_t size) { return (size + 1) / 2; });
  EXPECT_NE(probes.Symbolic(up).second[3], symbols[3]);
  const auto up_down = shape_of([](int64_t size) { return (size + 1) / 2 / 2; });
  const auto up_up = shape_of([](int64_t size) { return ((size + 1) / 2 + 1) / 2; });
  EXPECT_NE(probes.Symbolic(up_down).second[3], probes.Symbolic(up_up).second[3]);
  EXPECT_TRUE(probes.Symbolic(importer::Unprobed(Shape{3})).second.empty());
}

TEST(ShapeChains, FlattenWrittenWithShapeGatherConcat) {
  OnnxMaker m(11);
  m.Input("x", {"N", "3", "2", "2"}).Op("Shape", {"x"}, {"s"}).Ints("zero", {}, {0});
  m.Op("Gather", {"s", "zero"}, {"n"}, {Attr("axis", 0)});
  m.Op("Unsqueeze", {"n"}, {"n1"}, {Attr("axes", Longs{0})}).Ints("rest", {1}, {-1});
  m.Op("Concat", {"n1", "rest"}, {"t"}, {Attr("axis", 0)})
      .Op("Reshape", {"x", "t"}, {"y"})
      .Output("y");
  EXPECT_EQ(ReshapeOf(m), (Longs{0, 12}));
}

TEST(ShapeChains, ArithmeticSliceCastAndSqueeze) {
  OnnxMaker m(13);
  m.Input("x", {"N", "8", "H"}).Op("Shape", {"x"}, {"s"});
  m.Ints("one", {1}, {1}).Ints("two", {1}, {2}).Ints("three", {1}, {3}).Ints("zero", {1}, {0});
  m.Op("Slice", {"s", "one", "two", "zero"}, {"c"}).Op("Cast", {"c"}, {"f"}, {Attr("to", 1)});
  m.Floats("half", {1}, {0.5f})
      .Op("Mul", {"f", "half"}, {"g"})
      .Op("Cast", {"g"}, {"h"}, {Attr("to", 7)});
  m.Op("Slice", {"s", "zero", "one"}, {"n"}).Op("Slice", {"s", "two", "three"}, {"w"});
  m.Op("Concat", {"n", "two", "h", "w"}, {"t"}, {Attr("axis", 0)});
  m.Op("Reshape", {"x", "t"}, {"y"}).Output("y");
  EXPECT_EQ(ReshapeOf(m), (Longs{0, 2, 4, -1}));
}

TEST(ShapeChains, ZeroAndMinusOneOfTheSourceAreResolved) {
  OnnxMaker m(13);
  m.Input("x", {"N", "3", "4"})
      .Ints("t", {3}, {0, -1, 2})
      .Op("Reshape", {"x", "t"}, {"y"})
      .Output("y");
  EXPECT_EQ(ReshapeOf(m), (Longs{0, 6, 2}));
  OnnxMaker joined(13);
  joined.Input("x", {"N", "3", "4"}).Ints("t", {2}, {-1, 4});
  joined.Op("Reshape", {"x", "t"}, {"y"}).Output("y");
  EXPECT_EQ(ReshapeOf(joined), (Longs{-1, 4}));
}

TEST(ShapeChains, SqueezeUnsqueezeFlatten) {
  OnnxMaker m(13);
  m.Input("x", {"N", "6", "1", "1"}).Ints("axes", {2}, {2, 3}).Op("Squeeze", {"x", "axes"}, {"y"});
  EXPECT_EQ(ReshapeOf(m.Output("y")), (Longs{0, 6}));
  OnnxMaker u(13);
  u.Input("x", {"N", "H"}).Ints("axes", {1}, {0}).Op("Unsqueeze", {"x", "axes"}, {"y"});
  EXPECT_EQ(ReshapeOf(u.Output("y")), (Longs{1, -2, -3}));
  OnnxMaker f(13);
  f.Input("x", {"N", "2", "3"}).Op("Flatten", {"x"}, {"y"}).Output("y");
  EXPECT_EQ(ReshapeOf(f), (Longs{0, 6}));
}

TEST(ShapeChains, ConstantsFromShapesOfConstants) {
  OnnxMaker m(13);
  m.Input("x", {"2", "3"}).Op("Shape", {"x"}, {"s"}).Op("ConstantOfShape", {"s"}, {"zeros"});
  m.Ints("start", {}, {0}).Ints("limit", {}, {6}).Ints("delta", {}, {1});
  m.Op("Range", {"start", "limit", "delta"}, {"r"}).Op("Cast", {"r"}, {"f"}, {Attr("to", 1)});
  m.Op("Reshape", {"f", "s"}, {"g"}).Op("Add", {"x", "g"}, {"h"}).Op("Add", {"h", "zeros"}, {"y"});
  const auto graph = m.Output("y").Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(testing::RunCounting(*graph, {{2, 3}}), (std::vector<double>{0, 2, 4, 6, 8, 10}));
}

// The numbers of shapes are computed by the graph where the options of an operator cannot say them.
TEST(ShapeChains, WhatDependsOnOpenSizesIsComputed) {
  OnnxMaker m(13);
  m.Input("x", {"N", "3"}).Op("Shape", {"x"}, {"s"}).Op("ConstantOfShape", {"s"}, {"c"});
  m.Op("Add", {"x", "c"}, {"y"}).Output("y");
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->tensor(graph->outputs[0]).symbols[0], "N");
  ASSERT_EQ(graph->nodes.size(), 3u);
  EXPECT_EQ(graph->nodes[0].type(), OpType::ShapeOfOptions);
  EXPECT_EQ(graph->nodes[1].type(), OpType::ExpandOptions);
  EXPECT_EQ(graph->nodes[1].inputs[1], graph->nodes[0].outputs[0]);
}

TEST(ShapeChains, TwoSizesOfOtherTensorsAreAValueOfReshape) {
  OnnxMaker m(13);
  m.Input("x", {"A"}).Input("z", {"B", "C"}).Op("Shape", {"z"}, {"s"});
  m.Op("Reshape", {"x", "s"}, {"y"}).Output("y");
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Node& reshape = Only(*graph, OpType::ReshapeOptions);
  ASSERT_EQ(reshape.inputs.size(), 2u);
  EXPECT_TRUE(reshape.as<schema::ReshapeOptionsT>().shape.empty());
}

TEST(ShapeChains, SizesOfOtherPlacesAreCopies) {
  OnnxMaker m(13);
  m.Input("x", {"N", "C", "L"}).Op("Shape", {"x"}, {"s"}).Ints("order", {3}, {2, 0, 1});
  m.Op("Gather", {"s", "order"}, {"t"}).Op("Reshape", {"x", "t"}, {"y"}).Output("y");
  EXPECT_EQ(ReshapeOf(m), (Longs{-4, -2, -3}));
}

TEST(ShapeChains, NumbersThatComeWithTheInputs) {
  OnnxMaker m(13);
  m.Input("x", {"N", "3"}).Input("k", {"2"}, onnx::TensorProto::INT64).Floats("w", {3}, {1, 2, 3});
  m.Op("Reshape", {"x", "k"}, {"y"}).Op("Add", {"y", "w"}, {"z"}).Output("z");
  const auto graph = m.Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Tensor& z = graph->tensor(graph->outputs[0]);
  // What has a size of 3 is known from the sum only.
  EXPECT_EQ(z.shape, (Shape{-1, 3}));
  EXPECT_NE(z.symbols[0], "N");
}

// Evaluates one node on constants.
std::vector<int64_t> Evaluate(const std::string& op, const std::vector<importer::Array>& inputs,
                              const std::vector<onnx::AttributeProto>& attributes = {}) {
  onnx::NodeProto node;
  node.set_op_type(op);
  node.add_output("y");
  for (const auto& attribute : attributes) *node.add_attribute() = attribute;
  importer::Attributes reader(node);
  importer::FoldContext context{node, reader, 13, {}, nullptr};
  for (const importer::Array& input : inputs) context.inputs.push_back(&input);
  const auto function = importer::FindFold(op);
  EXPECT_NE(function, nullptr) << op;
  if (function == nullptr) return {};
  const importer::Folded result = function(context);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? (*result)[0].ints() : std::vector<int64_t>{};
}

importer::Array Vec(const Longs& values) { return importer::Array::Vector(values); }

TEST(Fold, IntegerArithmetic) {
  EXPECT_EQ(Evaluate("Div", {Vec({7, -7, 5}), Vec({2, 2, 0})}), (Longs{3, -3, 0}));
  EXPECT_EQ(Evaluate("Mod", {Vec({7, -7, 7}), Vec({3, 3, -3})}), (Longs{1, 2, -2}));
  EXPECT_EQ(Evaluate("Pow", {Vec({3}), Vec({4})}), (Longs{81}));
  EXPECT_EQ(Evaluate("Max", {Vec({1, 5}), Vec({3}), Vec({4, 4})}), (Longs{4, 5}));
  EXPECT_EQ(Evaluate("Neg", {Vec({3, -4})}), (Longs{-3, 4}));
  EXPECT_EQ(Evaluate("Equal", {Vec({1, 2}), Vec({2})}), (Longs{0, 1}));
  EXPECT_EQ(Evaluate("Where", {importer::Array::OfInts(DataType::kBool, {2}, {1, 0}), Vec({1, 2}),
                               Vec({9})}),
            (Longs{1, 9}));
  EXPECT_EQ(Evaluate("ReduceProd", {Vec({2, 3, 4})}), (Longs{24}));
}

TEST(Fold, Movement) {
  const importer::Array grid = importer::Array::OfInts(DataType::kS64, {2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(Evaluate("Transpose", {grid}), (Longs{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(Evaluate("Gather", {grid, Vec({-1, 0})}, {Attr("axis", 1)}), (Longs{2, 0, 5, 3}));
  EXPECT_EQ(Evaluate("Concat", {grid, grid}, {Attr("axis", 1)}),
            (Longs{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  EXPECT_EQ(Evaluate("Slice", {Vec({0, 1, 2, 3, 4}), Vec({-1}), Vec({-100}), Vec({0}), Vec({-2})}),
            (Longs{4, 2, 0}));
  EXPECT_EQ(Evaluate("Expand", {Vec({7}), Vec({2, 2})}), (Longs{7, 7, 7, 7}));
  EXPECT_EQ(Evaluate("Range", {importer::Array::OfInts(DataType::kS64, {}, {5}),
                               importer::Array::OfInts(DataType::kS64, {}, {0}),
                               importer::Array::OfInts(DataType::kS64, {}, {-2})}),
            (Longs{5, 3, 1}));
}

TEST(Slice, ResolvesEndsOfAllKinds) {
  const auto expect = [](importer::SliceRange range, int64_t start, int64_t count) {
    EXPECT_EQ(range.start, start);
    EXPECT_EQ(range.count, count);
  };
  expect(importer::ResolveSlice(5, 1, 1000, 1), 1, 4);
  expect(importer::ResolveSlice(5, -2, INT64_MAX, 1), 3, 2);
  expect(importer::ResolveSlice(5, INT64_MIN, -1, 2), 0, 2);
  expect(importer::ResolveSlice(5, 4, INT64_MIN, -1), 4, 5);
  expect(importer::ResolveSlice(5, 4, INT64_MIN, INT64_MIN), 4, 1);
  expect(importer::ResolveSlice(5, 3, 2, 1), 3, 0);
}

}  // namespace
}  // namespace octet

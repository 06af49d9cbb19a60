#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "runtime/core/infer.h"
#include "runtime/lower/layout.h"
#include "runtime/lower/placement.h"
#include "runtime/lower/post.h"
#include "runtime/lower/widen.h"

namespace octet {
namespace {

TensorId AddF32(Graph& g, const std::string& name, const Shape& shape) {
  Tensor t;
  t.name = name;
  t.type = DataType::kF32;
  t.shape = shape;
  return g.AddTensor(std::move(t));
}

schema::GlobalPoolOptionsT AverageAll() {
  schema::GlobalPoolOptionsT options;
  options.kind = schema::PoolKind::AVERAGE;
  return options;
}

schema::UnaryOptionsT Unary(schema::UnaryKind kind) {
  schema::UnaryOptionsT options;
  options.kind = kind;
  return options;
}

struct Lowered {
  std::vector<Shape> shapes;
  std::vector<NodeLayouts> layouts;
  Placement placement;
};

Lowered Lower(Graph& g) {
  Lowered result;
  result.shapes = *InferGraphShapes(g, DefaultInputShapes(g));
  result.layouts = AssignLayouts(g, result.shapes);
  result.placement = PlaceTensors(g, result.shapes, result.layouts);
  return result;
}

TEST(LayoutTest, BytesOfThinShapesDoNotDependOnTheLayout) {
  EXPECT_TRUE(LayoutFree({5, 7}));
  EXPECT_TRUE(LayoutFree({2, 1, 4, 4}));
  EXPECT_TRUE(LayoutFree({2, 8, 1, 1}));
  EXPECT_FALSE(LayoutFree({2, 8, 1, 2}));
}

TEST(LayoutTest, NarrowElementsChangeTheirLayoutBeforeTheyAreWidened) {
  for (const DataType type : {DataType::kF16, DataType::kF64}) {
    Graph g;
    const TensorId x = AddF32(g, "x", {1, 4, 3, 3}), wide = AddF32(g, "wide", {1, 4, 3, 3});
    const TensorId y = AddF32(g, "y", {1, 4, 1, 1});
    g.tensor(x).type = type;
    g.inputs = {x};
    g.outputs = {y};
    g.AddNode("cast", schema::CastOptionsT(), {x}, {wide});
    g.AddNode("pool", AverageAll(), {wide}, {y});
    Lower(g);
    ASSERT_EQ(g.nodes.size(), 3u);
    const bool narrow = type == DataType::kF16;
    EXPECT_EQ(g.nodes[0].type(), narrow ? OpType::TransposeOptions : OpType::CastOptions);
    EXPECT_EQ(g.nodes[1].type(), narrow ? OpType::CastOptions : OpType::TransposeOptions);
  }
}

TEST(LayoutTest, ConvertsOnceBetweenPlainInputAndTwoSpatialReaders) {
  Graph g;
  const TensorId x = AddF32(g, "x", {1, 4, 3, 3});
  const TensorId a = AddF32(g, "a", {1, 4, 1, 1}), b = AddF32(g, "b", {1, 4, 1, 1});
  g.inputs = {x};
  g.outputs = {a, b};
  g.AddNode("a", AverageAll(), {x}, {a});
  g.AddNode("b", AverageAll(), {x}, {b});
  const Lowered lowered = Lower(g);
  ASSERT_EQ(g.nodes.size(), 3u);
  EXPECT_EQ(g.nodes[0].type(), OpType::TransposeOptions);
  EXPECT_EQ(lowered.layouts[0].inputs[0], Layout::kPlain);
  EXPECT_EQ(lowered.layouts[0].outputs[0], Layout::kChannelsLast);
  EXPECT_EQ(g.nodes[1].inputs[0], g.nodes[0].outputs[0]);
  EXPECT_EQ(g.nodes[2].inputs[0], g.nodes[0].outputs[0]);
  // 1 x 1 pictures are the same bytes in either layout: nothing converts the outputs back.
  EXPECT_EQ(g.outputs, (std::vector<TensorId>{a, b}));
}

TEST(LayoutTest, ElementwiseFollowsItsInputAndOutputsComeBackPlain) {
  Graph g;
  const TensorId x = AddF32(g, "x", {1, 4, 3, 3}), p = AddF32(g, "p", {1, 4, 3, 3});
  const TensorId y = AddF32(g, "y", {1, 4, 3, 3});
  g.inputs = {x};
  g.outputs = {y};
  schema::PoolOptionsT pool;
  pool.kernel = {3, 3};
  pool.strides = pool.dilations = pool.pads_begin = pool.pads_end = {1, 1};
  g.AddNode("pool", std::move(pool), {x}, {p});
  g.AddNode("abs", Unary(schema::UnaryKind::ABS), {p}, {y});
  const Lowered lowered = Lower(g);
  ASSERT_EQ(g.nodes.size(), 4u);
  EXPECT_EQ(g.nodes[2].name, "abs");
  EXPECT_EQ(lowered.layouts[2].inputs[0], Layout::kChannelsLast);
  EXPECT_EQ(lowered.layouts[2].outputs[0], Layout::kChannelsLast);
  EXPECT_EQ(g.nodes[3].type(), OpType::TransposeOptions);
  EXPECT_EQ(g.outputs[0], g.nodes[3].outputs[0]);
}

TEST(LayoutTest, QuantizeConvertsOnTheWay) {
  Graph g;
  const TensorId x = AddF32(g, "x", {1, 4, 3, 3}), q = AddF32(g, "q", {1, 4, 3, 3});
  const TensorId y = AddF32(g, "y", {1, 4, 1, 1});
  g.tensor(q).type = g.tensor(y).type = DataType::kU8;
  g.tensor(q).quant = g.tensor(y).quant = QuantParams{{0.5f}, {3}, -1};
  g.inputs = {x};
  g.outputs = {y};
  g.AddNode("quantize", schema::QuantizeOptionsT(), {x}, {q});
  g.AddNode("mean", AverageAll(), {q}, {y});
  const Lowered lowered = Lower(g);
  ASSERT_EQ(g.nodes.size(), 2u);
  EXPECT_EQ(lowered.layouts[0].inputs[0], Layout::kPlain);
  EXPECT_EQ(lowered.layouts[0].outputs[0], Layout::kChannelsLast);
}

TEST(PlacementTest, ReshapeIsAViewButNotOfTheGraphsOwnTensors) {
  Graph g;
  const TensorId x = AddF32(g, "x", {2, 8}), a = AddF32(g, "a", {2, 8}), b = AddF32(g, "b", {16});
  const TensorId y = AddF32(g, "y", {4, 4});
  g.inputs = {x};
  g.outputs = {y};
  schema::ReshapeOptionsT to16, to44;
  to16.shape = {16};
  to44.shape = {4, 4};
  g.AddNode("abs", Unary(schema::UnaryKind::ABS), {x}, {a});
  g.AddNode("b", std::move(to16), {a}, {b});
  g.AddNode("y", std::move(to44), {b}, {y});
  const Lowered lowered = Lower(g);
  EXPECT_EQ(lowered.placement.is_view, (std::vector<bool>{false, true, false}));
  EXPECT_EQ(lowered.placement.places[static_cast<size_t>(b)].buffer,
            lowered.placement.places[static_cast<size_t>(a)].buffer);
}

TEST(PlacementTest, ConcatOfWholeRowsMovesItsInputsIntoTheOutput) {
  Graph g;
  const TensorId x = AddF32(g, "x", {1, 16}), a = AddF32(g, "a", {1, 16}),
                 b = AddF32(g, "b", {1, 16});
  const TensorId c = AddF32(g, "c", {1, 32}), y = AddF32(g, "y", {1, 32});
  g.inputs = {x};
  g.outputs = {y};
  g.AddNode("a", Unary(schema::UnaryKind::ABS), {x}, {a});
  g.AddNode("b", Unary(schema::UnaryKind::NEG), {x}, {b});
  schema::ConcatOptionsT concat;
  concat.axis = 1;
  g.AddNode("c", concat, {a, b}, {c});
  g.AddNode("y", Unary(schema::UnaryKind::ABS), {c}, {y});
  const Lowered lowered = Lower(g);
  EXPECT_EQ(lowered.placement.is_view, (std::vector<bool>{false, false, true, false}));
  const auto place = [&](TensorId id) { return lowered.placement.places[static_cast<size_t>(id)]; };
  EXPECT_EQ(place(a).buffer, place(c).buffer);
  EXPECT_EQ(place(b).buffer, place(c).buffer);
  EXPECT_EQ(place(a).offset, 0u);
  EXPECT_EQ(place(b).offset, 64u);
}

TEST(PlacementTest, ConcatCopiesWhereATensorComesTwiceOrNumbersDiffer) {
  Graph g;
  const TensorId x = AddF32(g, "x", {1, 16}), a = AddF32(g, "a", {1, 16}),
                 c = AddF32(g, "c", {1, 32});
  const TensorId y = AddF32(g, "y", {1, 32});
  g.inputs = {x};
  g.outputs = {y};
  g.AddNode("a", Unary(schema::UnaryKind::ABS), {x}, {a});
  schema::ConcatOptionsT concat;
  concat.axis = 1;
  g.AddNode("c", concat, {a, a}, {c});
  g.AddNode("y", Unary(schema::UnaryKind::ABS), {c}, {y});
  EXPECT_FALSE(Lower(g).placement.is_view[1]);
}

TEST(PlacementTest, SplitOfTheOuterDimensionIsAView) {
  Graph g;
  const TensorId x = AddF32(g, "x", {4, 16}), a = AddF32(g, "a", {4, 16});
  const TensorId b = AddF32(g, "b", {1, 16}), c = AddF32(g, "c", {3, 16});
  const TensorId y = AddF32(g, "y", {1, 16}), z = AddF32(g, "z", {3, 16});
  g.inputs = {x};
  g.outputs = {y, z};
  g.AddNode("a", Unary(schema::UnaryKind::ABS), {x}, {a});
  schema::SplitOptionsT split;
  split.axis = 0;
  split.sizes = {1, 3};
  g.AddNode("split", split, {a}, {b, c});
  g.AddNode("y", Unary(schema::UnaryKind::ABS), {b}, {y});
  g.AddNode("z", Unary(schema::UnaryKind::ABS), {c}, {z});
  const Lowered lowered = Lower(g);
  EXPECT_TRUE(lowered.placement.is_view[1]);
  EXPECT_EQ(lowered.placement.places[static_cast<size_t>(c)].offset, 64u);
}

// Whether taking [start, end) of each dimension of x, of shape `from` and in a network that
// computes channels last if `spatial`, is a view; -1 or where it lies in x.
int64_t SliceOffset(const Shape& from, const std::vector<int64_t>& starts,
                    const std::vector<int64_t>& ends, int64_t step, bool spatial) {
  Graph g;
  schema::SliceOptionsT slice;
  slice.starts = starts;
  slice.ends = ends;
  Shape to;
  for (size_t d = 0; d < from.size(); ++d) {
    slice.axes.push_back(static_cast<int>(d));
    slice.steps.push_back(step);
    to.push_back((ends[d] - starts[d] + step - 1) / step);
  }
  const TensorId x = AddF32(g, "x", from), a = AddF32(g, "a", from), b = AddF32(g, "b", to);
  const TensorId y = AddF32(g, "y", to);
  g.inputs = {x};
  g.outputs = {y};
  if (spatial) {
    schema::PoolOptionsT pool;
    pool.kernel = pool.strides = pool.dilations = {1, 1};
    pool.pads_begin = pool.pads_end = {0, 0};
    g.AddNode("a", std::move(pool), {x}, {a});
  } else {
    g.AddNode("a", Unary(schema::UnaryKind::ABS), {x}, {a});
  }
  g.AddNode("slice", std::move(slice), {a}, {b});
  g.AddNode("y", Unary(schema::UnaryKind::ABS), {b}, {y});
  const Lowered lowered = Lower(g);
  const size_t node = spatial ? 2 : 1;
  EXPECT_EQ(g.nodes[node].type(), OpType::SliceOptions);
  const Place place = lowered.placement.places[static_cast<size_t>(b)];
  const bool shares = place.buffer == lowered.placement.places[static_cast<size_t>(a)].buffer;
  EXPECT_EQ(lowered.placement.is_view[node], shares);
  return shares ? static_cast<int64_t>(place.offset) : -1;
}

TEST(PlacementTest, SliceOfOnePieceIsAView) {
  EXPECT_EQ(SliceOffset({4, 16}, {1, 0}, {3, 16}, 1, false), 64);
  EXPECT_EQ(SliceOffset({4, 16}, {1, 0}, {2, 8}, 1, false), 64);
  EXPECT_EQ(SliceOffset({1, 8, 2, 8}, {0, 4, 0, 0}, {1, 8, 2, 8}, 1, false), 4 * 16 * 4);
  // Channels last, rows of the picture are outermost and channels are not.
  EXPECT_EQ(SliceOffset({1, 8, 4, 2}, {0, 0, 1, 0}, {1, 8, 3, 2}, 1, true), 64);
  EXPECT_EQ(SliceOffset({1, 32, 2, 2}, {0, 16, 0, 0}, {1, 32, 2, 2}, 1, true), -1);
}

TEST(PlacementTest, SliceIsCopiedWhereItsBytesAreApartOrNotAligned) {
  EXPECT_EQ(SliceOffset({4, 16}, {0, 0}, {4, 8}, 1, false), -1);
  EXPECT_EQ(SliceOffset({4, 16}, {0, 0}, {4, 16}, 2, false), -1);
  EXPECT_EQ(SliceOffset({4, 15}, {1, 0}, {3, 15}, 1, false), -1);
}

TEST(PlacementTest, ExpandIsAViewWhereItRepeatsNothing) {
  for (int64_t repeat : {1, 2}) {
    Graph g;
    const TensorId x = AddF32(g, "x", {3, 4}), a = AddF32(g, "a", {3, 4});
    const TensorId b = AddF32(g, "b", {repeat, 3, 4}), y = AddF32(g, "y", {repeat, 3, 4});
    g.inputs = {x};
    g.outputs = {y};
    schema::ExpandOptionsT expand;
    expand.shape = {repeat, 1, 1};
    g.AddNode("a", Unary(schema::UnaryKind::ABS), {x}, {a});
    g.AddNode("expand", std::move(expand), {a}, {b});
    g.AddNode("y", Unary(schema::UnaryKind::ABS), {b}, {y});
    EXPECT_EQ(Lower(g).placement.is_view[1], repeat == 1);
  }
}

TEST(PlacementTest, CastToTheSameTypeIsAView) {
  Graph g;
  const TensorId x = AddF32(g, "x", {4}), a = AddF32(g, "a", {4}), b = AddF32(g, "b", {4});
  const TensorId c = AddF32(g, "c", {4}), y = AddF32(g, "y", {4});
  g.tensor(c).type = g.tensor(y).type = DataType::kS32;
  g.inputs = {x};
  g.outputs = {y};
  g.AddNode("a", Unary(schema::UnaryKind::ABS), {x}, {a});
  g.AddNode("b", schema::CastOptionsT(), {a}, {b});
  g.AddNode("c", schema::CastOptionsT(), {b}, {c});
  g.AddNode("y", Unary(schema::UnaryKind::ABS), {c}, {y});
  EXPECT_EQ(Lower(g).placement.is_view, (std::vector<bool>{false, true, false, false}));
}

TEST(LayoutTest, SliceFollowsItsInputAndShapeOfTakesAnyLayout) {
  Graph g;
  const TensorId x = AddF32(g, "x", {1, 4, 3, 3}), p = AddF32(g, "p", {1, 4, 3, 3});
  const TensorId s = AddF32(g, "s", {1, 2, 3, 3}), y = AddF32(g, "y", {1, 2, 1, 1});
  const TensorId n = AddF32(g, "n", {4});
  g.tensor(n).type = DataType::kS64;
  g.inputs = {x};
  g.outputs = {y, n};
  schema::PoolOptionsT pool;
  pool.kernel = pool.strides = pool.dilations = {1, 1};
  pool.pads_begin = pool.pads_end = {0, 0};
  schema::SliceOptionsT slice;
  slice.axes = {1};
  slice.starts = {0};
  slice.ends = {2};
  schema::ShapeOfOptionsT shape;
  shape.end = 4;
  g.AddNode("pool", std::move(pool), {x}, {p});
  g.AddNode("slice", std::move(slice), {p}, {s});
  g.AddNode("shape", shape, {p}, {n});
  g.AddNode("mean", AverageAll(), {s}, {y});
  const Lowered lowered = Lower(g);
  ASSERT_EQ(g.nodes.size(), 5u);  // one conversion, before the pool
  EXPECT_EQ(lowered.layouts[2].inputs[0], Layout::kChannelsLast);
  EXPECT_EQ(lowered.layouts[2].outputs[0], Layout::kChannelsLast);
  EXPECT_EQ(lowered.layouts[3].inputs[0], Layout::kChannelsLast);
}

TEST(PlacementTest, InputsAndOutputsLiveAcrossTheWholeRun) {
  Graph g;
  const TensorId x = AddF32(g, "x", {4}), a = AddF32(g, "a", {4}), y = AddF32(g, "y", {4});
  g.inputs = {x};
  g.outputs = {y};
  g.AddNode("a", Unary(schema::UnaryKind::ABS), {x}, {a});
  g.AddNode("y", Unary(schema::UnaryKind::NEG), {a}, {y});
  const Lowered lowered = Lower(g);
  const std::vector<Lifetime> lives = BufferLifetimes(g, lowered.placement);
  const auto life = [&](TensorId id) {
    return lives[static_cast<size_t>(lowered.placement.places[static_cast<size_t>(id)].buffer)];
  };
  EXPECT_EQ(life(x).first, -1);
  EXPECT_EQ(life(x).last, 2);
  EXPECT_EQ(life(a).first, 0);
  EXPECT_EQ(life(a).last, 1);
  EXPECT_EQ(life(y).first, 1);
  EXPECT_EQ(life(y).last, 2);
}

TensorId AddNumbers(Graph& g, const std::string& name, const Shape& shape, float value) {
  const std::vector<float> values(static_cast<size_t>(NumElements(shape)), value);
  const TensorId id = AddF32(g, name, shape);
  g.tensor(id).data = Constant::Of<float>(values);
  return id;
}

schema::BinaryOptionsT Binary(schema::BinaryKind kind) {
  schema::BinaryOptionsT options;
  options.kind = kind;
  return options;
}

struct PostGraph {
  Graph g;
  TensorId x = AddF32(g, "x", {2, 4}), w = AddNumbers(g, "w", {4, 3}, 1),
           a = AddF32(g, "a", {2, 3});

  PostGraph() {
    g.inputs = {x};
    g.AddNode("a", schema::MatMulOptionsT(), {x, w}, {a});
  }
  std::vector<std::vector<PostFunction>> Fuse(TensorId output) {
    g.outputs = {output};
    std::vector<Shape> shapes = *InferGraphShapes(g, DefaultInputShapes(g));
    std::vector<NodeLayouts> layouts = AssignLayouts(g, shapes);
    auto post = FusePostFunctions(g, shapes, layouts);
    EXPECT_EQ(layouts.size(), g.nodes.size());
    EXPECT_EQ(post.size(), g.nodes.size());
    return post;
  }
};

TEST(PostTest, ChainsOfFunctionsBecomePartOfTheProduct) {
  PostGraph p;
  Graph& g = p.g;
  const TensorId b = AddF32(g, "b", {2, 3}), c = AddF32(g, "c", {2, 3}), y = AddF32(g, "y", {2, 3});
  g.AddNode("b", Unary(schema::UnaryKind::HARD_SWISH), {p.a}, {b});
  g.AddNode("c", Binary(schema::BinaryKind::MUL), {b, AddNumbers(g, "two", {1}, 2)}, {c});
  g.AddNode("y", Binary(schema::BinaryKind::ADD), {c, AddNumbers(g, "three", {3}, 3)}, {y});
  const auto post = p.Fuse(y);
  ASSERT_EQ(g.nodes.size(), 1u);
  EXPECT_EQ(g.nodes[0].outputs[0], y);
  ASSERT_EQ(post[0].size(), 2u);
  EXPECT_EQ(post[0][0].kind, schema::UnaryKind::HARD_SWISH);
  EXPECT_FALSE(post[0][1].kind.has_value());
  EXPECT_EQ(post[0][1].alpha, 2.0f);
  EXPECT_EQ(post[0][1].beta, 3.0f);
}

TEST(PostTest, ActivationsOfSumsFollowThem) {
  PostGraph p;
  const TensorId y = AddF32(p.g, "y", {2, 3});
  schema::BinaryOptionsT add = Binary(schema::BinaryKind::ADD);
  add.activation_min = 0.0f;
  p.g.AddNode("y", add, {p.a, AddNumbers(p.g, "one", {}, 1)}, {y});
  const auto post = p.Fuse(y);
  ASSERT_EQ(p.g.nodes.size(), 1u);
  ASSERT_EQ(post[0].size(), 2u);
  EXPECT_EQ(post[0][1].kind, schema::UnaryKind::CLIP);
  EXPECT_EQ(post[0][1].alpha, 0.0f);
}

TEST(PostTest, WhatOthersReadStays) {
  PostGraph p;
  const TensorId b = AddF32(p.g, "b", {2, 3}), y = AddF32(p.g, "y", {2, 3});
  p.g.AddNode("b", Unary(schema::UnaryKind::SIGMOID), {p.a}, {b});
  p.g.AddNode("y", Binary(schema::BinaryKind::MUL), {p.a, b}, {y});
  const auto post = p.Fuse(y);
  EXPECT_EQ(p.g.nodes.size(), 3u);
  EXPECT_TRUE(post[0].empty());
}

TEST(PostTest, NumbersThatDifferOrEnlargeStay) {
  for (const bool enlarge : {false, true}) {
    PostGraph p;
    const Shape shape = enlarge ? Shape{5, 2, 3} : Shape{2, 3};
    const TensorId number = AddNumbers(p.g, "c", enlarge ? Shape{5, 1, 1} : Shape{3}, 1);
    if (!enlarge) p.g.tensor(number).data = Constant::Of<float>({1.0f, 2.0f, 1.0f});
    const TensorId y = AddF32(p.g, "y", shape);
    p.g.AddNode("y", Binary(schema::BinaryKind::ADD), {p.a, number}, {y});
    EXPECT_TRUE(p.Fuse(y)[0].empty());
    EXPECT_EQ(p.g.nodes.size(), 2u);
  }
}

TEST(WidenTest, StoredWeightsBecomeTheRealsThatTheyStandFor) {
  Graph g;
  Tensor x;
  x.type = DataType::kF32;
  x.shape = {1, 2};
  g.inputs = {g.AddTensor(x)};
  Tensor w;
  w.type = DataType::kS8;
  w.shape = {2, 3};
  w.quant = QuantParams{{0.5f, 0.25f, 2.0f}, {0, 0, 0}, 1};
  const int8_t integers[] = {1, -2, 127, -127, 0, 3};
  w.data = Constant::Of<int8_t>(integers);
  const TensorId weights = g.AddTensor(std::move(w));
  x.shape = {1, 3};
  const TensorId stored = g.AddTensor(x), dynamic = g.AddTensor(x), again = g.AddTensor(x);
  g.AddNode("stored", schema::MatMulOptionsT(), {0, weights}, {stored});
  schema::MatMulOptionsT options;
  options.arithmetic = schema::Arithmetic::DYNAMIC;
  g.AddNode("dynamic", options, {0, weights}, {dynamic});
  g.AddNode("again", schema::MatMulOptionsT(), {0, weights}, {again});
  WidenStoredWeights(g);
  EXPECT_EQ(g.nodes[1].inputs[1], weights);
  EXPECT_EQ(g.tensor(weights).type, DataType::kS8);
  EXPECT_EQ(g.nodes[0].inputs[1], g.nodes[2].inputs[1]);
  const Tensor& wide = g.tensor(g.nodes[0].inputs[1]);
  EXPECT_EQ(wide.type, DataType::kF32);
  EXPECT_FALSE(wide.quant);
  const absl::Span<const float> got = wide.data.as<float>();
  EXPECT_EQ(std::vector<float>(got.begin(), got.end()),
            std::vector<float>({0.5f, -0.5f, 254.0f, -63.5f, 0.0f, 6.0f}));
}

}  // namespace
}  // namespace octet

#include "runtime/program.h"

#include <cstdio>
#include <functional>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "octet/model.h"
#include "runtime/core/validate.h"
#include "runtime/model_internal.h"

// Models whose shapes depend on shapes, on elements, and on control flow.

namespace octet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr DataType kF32 = DataType::kF32, kS64 = DataType::kS64, kBool = DataType::kBool;

class Builder {
 public:
  TensorId Input(const std::string& name, DataType type, const Shape& shape) {
    const TensorId id = Add(name, type, shape);
    graph.inputs.push_back(id);
    return id;
  }
  TensorId Add(const std::string& name, DataType type, const Shape& shape) {
    Tensor t;
    t.name = name;
    t.type = type;
    t.shape = shape;
    return graph.AddTensor(std::move(t));
  }
  template <typename T>
  TensorId Constant(DataType type, const Shape& shape, const std::vector<T>& values) {
    const TensorId id = Add(absl::StrCat("c", graph.tensors.size()), type, shape);
    graph.tensor(id).data = octet::Constant::Of(absl::MakeConstSpan(values));
    return id;
  }
  template <typename OptionsT>
  TensorId Node(OptionsT options, std::vector<TensorId> inputs, DataType type, const Shape& shape) {
    const std::string name = absl::StrCat("n", graph.nodes.size());
    const TensorId id = Add(name, type, shape);
    graph.AddNode(name, std::move(options), std::move(inputs), {id});
    return id;
  }

  Graph graph;
};

schema::ShapeOfOptionsT ShapeOf(int start, int end) {
  schema::ShapeOfOptionsT options;
  options.start = start;
  options.end = end;
  return options;
}

schema::BinaryOptionsT Binary(schema::BinaryKind kind) {
  schema::BinaryOptionsT options;
  options.kind = kind;
  return options;
}

schema::UnaryOptionsT Unary(schema::UnaryKind kind) {
  schema::UnaryOptionsT options;
  options.kind = kind;
  return options;
}

std::shared_ptr<const Model> Load(Graph graph, int max_plans = 8) {
  ModelOptions options;
  options.pool = ThreadPool::Create(1);
  options.max_plans = max_plans;
  auto model = ModelFromGraph(std::move(graph), options);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *model : nullptr;
}

template <typename T>
void Set(Session& session, int input, const std::vector<T>& values) {
  const absl::Span<T> to = session.input<T>(input);
  ASSERT_EQ(to.size(), values.size());
  std::copy(values.begin(), values.end(), to.begin());
}

template <typename T>
std::vector<T> Get(const Session& session, int output) {
  const absl::Span<const T> from = session.output<T>(output);
  return std::vector<T>(from.begin(), from.end());
}

// x [?, ?] -> y [x's second size, x's first size], by a shape that is computed of x's.
Graph SwapSizes() {
  Builder b;
  const TensorId x = b.Input("x", kF32, {-1, -1});
  const TensorId rows = b.Node(ShapeOf(0, 1), {x}, kS64, {1});
  const TensorId columns = b.Node(ShapeOf(1, 2), {x}, kS64, {1});
  const TensorId shape = b.Node(schema::ConcatOptionsT(), {columns, rows}, kS64, {2});
  const TensorId y = b.Node(schema::ReshapeOptionsT(), {x, shape}, kF32, {-1, -1});
  b.graph.outputs = {b.Node(Unary(schema::UnaryKind::NEG), {y}, kF32, {-1, -1})};
  return std::move(b.graph);
}

TEST(ProgramTest, ShapeArithmeticIsDoneWhenPlanning) {
  EXPECT_TRUE(Program::IsStatic(SwapSizes()));
  const auto model = Load(SwapSizes());
  auto session = *model->NewSession({Shape{2, 3}});
  EXPECT_EQ(session->output_shape(0), (Shape{3, 2}));
  Set<float>(*session, 0, {1, 2, 3, 4, 5, 6});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_THAT(Get<float>(*session, 0), ElementsAre(-1, -2, -3, -4, -5, -6));
  for (const StepInfo& step : session->steps()) EXPECT_NE(step.type, "ShapeOf");
  ASSERT_TRUE(session->Resize({Shape{5, 1}}).ok());
  EXPECT_EQ(session->output_shape(0), (Shape{1, 5}));
}

TEST(ProgramTest, ShapesMayBeInputs) {
  Builder b;
  const TensorId x = b.Input("x", kF32, {2, 6});
  const TensorId shape = b.Input("shape", kS64, {3});
  b.graph.outputs = {b.Node(schema::ReshapeOptionsT(), {x, shape}, kF32, {-1, -1, -1})};
  EXPECT_FALSE(Program::IsStatic(b.graph));
  auto session = *Load(std::move(b.graph))->NewSession();
  EXPECT_EQ(session->output_shape(0), (Shape{0, 0, 0}));
  Set<float>(*session, 0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  Set<int64_t>(*session, 1, {3, -1, 2});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_EQ(session->output_shape(0), (Shape{3, 2, 2}));
  EXPECT_EQ(Get<float>(*session, 0)[11], 11);
  Set<int64_t>(*session, 1, {1, 0, 2});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_EQ(session->output_shape(0), (Shape{1, 6, 2}));
  Set<int64_t>(*session, 1, {5, 5, 5});
  EXPECT_THAT(session->Run().ToString(), HasSubstr("operator 'n0' (Reshape"));
  Set<int64_t>(*session, 1, {12, 1, 1});
  EXPECT_TRUE(session->Run().ok()) << "a session works again after a refused run";
}

// y = x at the indices where x is not 0, negated.
Graph NonZeroElements() {
  Builder b;
  const TensorId x = b.Input("x", kF32, {-1});
  const TensorId found = b.Node(schema::NonZeroOptionsT(), {x}, kS64, {1, -1});
  schema::ReshapeOptionsT flat;
  flat.shape = {-1};
  const TensorId indices = b.Node(flat, {found}, kS64, {-1});
  const TensorId taken = b.Node(schema::GatherOptionsT(), {x, indices}, kF32, {-1});
  b.graph.outputs = {b.Node(Unary(schema::UnaryKind::NEG), {taken}, kF32, {-1}), found};
  return std::move(b.graph);
}

TEST(ProgramTest, SizesMayDependOnElements) {
  auto session = *Load(NonZeroElements())->NewSession({Shape{5}});
  Set<float>(*session, 0, {0, 7, 0, 8, 9});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_THAT(Get<float>(*session, 0), ElementsAre(-7, -8, -9));
  EXPECT_THAT(Get<int64_t>(*session, 1), ElementsAre(1, 3, 4));
  Set<float>(*session, 0, {0, 0, 0, 0, 0});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_EQ(session->output_shape(0), (Shape{0}));
  std::vector<int64_t> ns(session->steps().size());
  EXPECT_TRUE(session->RunProfiled(absl::MakeSpan(ns)).ok());
  EXPECT_FALSE(session->RunProfiled({}).ok());
}

// A number computed by the network decides how often x is repeated.
TEST(ProgramTest, NumbersThatTheNetworkComputesDecideShapes) {
  Builder b;
  const TensorId x = b.Input("x", kS64, {2, 1});
  schema::ReduceOptionsT sum;
  sum.kind = schema::ReduceKind::SUM;
  sum.axes = {0};
  sum.keep_dims = false;
  const TensorId count = b.Node(sum, {x}, kS64, {1});
  const TensorId one = b.Constant<int64_t>(kS64, {1}, {1});
  const TensorId repeats = b.Node(schema::ConcatOptionsT(), {one, count}, kS64, {2});
  b.graph.outputs = {b.Node(schema::TileOptionsT(), {x, repeats}, kS64, {2, -1})};
  auto session = *Load(std::move(b.graph))->NewSession();
  Set<int64_t>(*session, 0, {1, 2});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_EQ(session->output_shape(0), (Shape{2, 3}));
  EXPECT_THAT(Get<int64_t>(*session, 0), ElementsAre(1, 1, 1, 2, 2, 2));
}

Graph Branch(schema::BinaryKind kind) {
  Builder b;
  const TensorId a = b.Input("a", kF32, {-1});
  const TensorId c = b.Input("b", kF32, {-1});
  b.graph.name = "branch";
  b.graph.outputs = {b.Node(Binary(kind), {a, c}, kF32, {-1})};
  return std::move(b.graph);
}

TEST(ProgramTest, IfRunsOneBranch) {
  Builder b;
  const TensorId condition = b.Input("condition", kBool, {});
  const TensorId a = b.Input("a", kF32, {2});
  const TensorId c = b.Input("b", kF32, {2});
  b.graph.subgraphs.push_back(Branch(schema::BinaryKind::ADD));
  b.graph.subgraphs.push_back(Branch(schema::BinaryKind::MUL));
  schema::IfOptionsT options;
  options.then_graph = 0;
  options.else_graph = 1;
  b.graph.outputs = {b.Node(options, {condition, a, c}, kF32, {-1})};
  auto session = *Load(std::move(b.graph))->NewSession();
  Set<float>(*session, 1, {2, 3});
  Set<float>(*session, 2, {10, 20});
  Set<bool>(*session, 0, {true});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_THAT(Get<float>(*session, 0), ElementsAre(12, 23));
  Set<bool>(*session, 0, {false});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_THAT(Get<float>(*session, 0), ElementsAre(20, 60));
}

// Doubles `carried` while it is below the limit that the outer graph holds; yields every value.
Graph DoublingBody() {
  Builder b;
  b.graph.name = "body";
  b.Input("round", kS64, {});
  b.Input("condition", kBool, {});
  const TensorId carried = b.Input("carried", kF32, {1});
  const TensorId limit = b.Input("limit", kF32, {1});
  const TensorId next = b.Node(Binary(schema::BinaryKind::ADD), {carried, carried}, kF32, {1});
  const TensorId less = b.Node(Binary(schema::BinaryKind::LESS), {next, limit}, kBool, {1});
  const TensorId copy = b.Node(Unary(schema::UnaryKind::NEG), {next}, kF32, {1});
  b.graph.outputs = {less, next, copy};
  return std::move(b.graph);
}

Graph DoublingLoop() {
  Builder b;
  const TensorId rounds = b.Input("rounds", kS64, {});
  const TensorId start = b.Input("start", kF32, {1});
  const TensorId limit = b.Input("limit", kF32, {1});
  const TensorId condition = b.Constant<uint8_t>(kBool, {}, {1});
  b.graph.subgraphs.push_back(DoublingBody());
  schema::LoopOptionsT options;
  options.body = 0;
  options.carried = 1;
  const TensorId last = b.Add("last", kF32, {1});
  const TensorId all = b.Add("all", kF32, {-1, 1});
  b.graph.AddNode("loop", options, {rounds, condition, start, limit}, {last, all});
  b.graph.outputs = {last, all};
  return std::move(b.graph);
}

TEST(ProgramTest, LoopRunsWhileItsConditionHolds) {
  auto session = *Load(DoublingLoop())->NewSession();
  Set<int64_t>(*session, 0, {100});
  Set<float>(*session, 1, {3});
  Set<float>(*session, 2, {20});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_THAT(Get<float>(*session, 0), ElementsAre(24));
  EXPECT_THAT(Get<float>(*session, 1), ElementsAre(-6, -12, -24));
  EXPECT_EQ(session->output_shape(1), (Shape{3, 1}));
  Set<int64_t>(*session, 0, {1});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_THAT(Get<float>(*session, 0), ElementsAre(6));
  Set<int64_t>(*session, 0, {0});
  ASSERT_TRUE(session->Run().ok());
  EXPECT_THAT(Get<float>(*session, 0), ElementsAre(3));
  EXPECT_EQ(session->output_shape(1), (Shape{0, 1}));
}

TEST(ProgramTest, SubgraphsMustFitTheirNode) {
  ASSERT_TRUE(ValidateGraph(DoublingLoop()).ok()) << ValidateGraph(DoublingLoop());
  const auto error = [](const std::function<void(Graph&)>& damage) {
    Graph graph = DoublingLoop();
    damage(graph);
    return ValidateGraph(graph).ToString();
  };
  EXPECT_THAT(error([](Graph& g) { g.nodes[0].as<schema::LoopOptionsT>().body = 1; }),
              HasSubstr("subgraph 1, but there are 1"));
  EXPECT_THAT(error([](Graph& g) { g.nodes[0].as<schema::LoopOptionsT>().carried = 3; }),
              HasSubstr("carries 3 tensors"));
  EXPECT_THAT(error([](Graph& g) { g.tensor(g.outputs[0]).type = kS64; }),
              HasSubstr("'n0' is f32, but 'last' is s64"));
  EXPECT_THAT(
      error([](Graph& g) { std::swap(g.subgraphs[0].outputs[0], g.subgraphs[0].outputs[1]); }),
      HasSubstr("must take a round"));
  EXPECT_THAT(error([](Graph& g) { g.subgraphs[0].nodes.clear(); }),
              HasSubstr("subgraph 'body': "));
}

TEST(ProgramTest, OutOfRangeIndicesAreErrors) {
  Builder b;
  const TensorId x = b.Input("x", kF32, {3});
  const TensorId i = b.Input("i", kS64, {1, 1});
  b.graph.outputs = {b.Node(schema::GatherOptionsT(), {x, i}, kF32, {1, 1})};
  auto session = *Load(std::move(b.graph))->NewSession();
  Set<int64_t>(*session, 1, {3});
  EXPECT_THAT(session->Run().ToString(), HasSubstr("operator 'n0' (Gather): "));
  Set<int64_t>(*session, 1, {-3});
  EXPECT_TRUE(session->Run().ok());
}

size_t ResidentBytes() {
  size_t pages = 0, resident = 0;
  FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%zu %zu", &pages, &resident) != 2) resident = 0;
  if (file != nullptr) std::fclose(file);
  return resident * 4096;
}

// A convolution and a product with constant weights behind shape arithmetic.
Graph ImageNetwork() {
  Builder b;
  std::mt19937 rng(1);
  const auto random = [&](size_t n) {
    std::vector<float> values(n);
    for (float& v : values) v = static_cast<float>(rng() % 200) * 0.01f - 1;
    return values;
  };
  const TensorId x = b.Input("x", kF32, {-1, 3, -1, -1});
  const TensorId w = b.Constant<float>(kF32, {16, 3, 3, 3}, random(432));
  schema::ConvOptionsT conv;
  conv.strides = conv.dilations = conv.pads_begin = conv.pads_end = {1, 1};
  const TensorId y = b.Node(conv, {x, w}, kF32, {-1, 16, -1, -1});
  const TensorId batch = b.Node(ShapeOf(0, 1), {y}, kS64, {1});
  const TensorId rest = b.Constant<int64_t>(kS64, {2}, {-1, 16});
  const TensorId shape = b.Node(schema::ConcatOptionsT(), {batch, rest}, kS64, {3});
  const TensorId rows = b.Node(schema::ReshapeOptionsT(), {y, shape}, kF32, {-1, -1, 16});
  const TensorId matrix = b.Constant<float>(kF32, {16, 8}, random(128));
  b.graph.outputs = {b.Node(schema::MatMulOptionsT(), {rows, matrix}, kF32, {-1, -1, 8})};
  return std::move(b.graph);
}

TEST(ProgramTest, MemoryStaysFlatOverManyShapes) {
  auto session = *Load(ImageNetwork(), 4)->NewSession({Shape{1, 3, 8, 8}});
  std::mt19937 rng(7);
  size_t settled = 0;
  constexpr int kShapes = 10000;
  for (int i = 0; i < kShapes; ++i) {
    const auto size = [&] { return static_cast<int64_t>(4 + rng() % 29); };
    ASSERT_TRUE(
        session->Resize({Shape{1 + static_cast<int64_t>(rng() % 2), 3, size(), size()}}).ok());
    if (i % 50 == 0) {
      ASSERT_TRUE(session->Run().ok());
    }
    if (i == kShapes / 5) settled = ResidentBytes();
  }
  ASSERT_GT(settled, 0u);
  EXPECT_LT(ResidentBytes(), settled + (16 << 20));
}

}  // namespace
}  // namespace octet

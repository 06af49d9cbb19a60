#include "tools/evaluate/numerics.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/model_internal.h"
#include "schema/model_generated.h"

namespace octet {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

TensorId Add(Graph& g, const char* name, DataType type) {
  Tensor t;
  t.name = name;
  t.type = type;
  t.shape = {-1, 2};
  return g.AddTensor(std::move(t));
}

schema::UnaryOptionsT Unary(schema::UnaryKind kind) {
  schema::UnaryOptionsT options;
  options.kind = kind;
  return options;
}

// x -> exp -> e -> log -> y, with e of `type`.
Graph ExpLog(DataType type) {
  Graph g;
  const TensorId x = Add(g, "x", DataType::kF32), e = Add(g, "e", type);
  const TensorId y = Add(g, "y", DataType::kF32);
  g.inputs = {x};
  g.outputs = {y};
  g.AddNode("exp", Unary(schema::UnaryKind::EXP), {x}, {e});
  g.AddNode("log", Unary(schema::UnaryKind::LOG), {e}, {y});
  return g;
}

absl::optional<NonFinite> Find(const Graph& g, const std::vector<float>& x) {
  DataSpec spec;
  spec.inputs.push_back({"x", DataType::kF32, {-1, 2}, {}, {}});
  const auto source =
      SamplesOf({{"x", ArrayOf<float>(DataType::kF32, {static_cast<int64_t>(x.size() / 2), 2}, x)}},
                spec)
          .value();
  auto found = FindNonFinite(g, *source, {});
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() ? *found : absl::nullopt;
}

TEST(NumericsTest, FiniteNumbersAreNoFinding) {
  EXPECT_FALSE(Find(ExpLog(DataType::kF32), {1, 2, 3, 50}));
}

TEST(NumericsTest, NamesOperatorTensorSampleAndElement) {
  const auto found = Find(ExpLog(DataType::kF32), {1, 2, 3, 100});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->op, "exp");
  EXPECT_EQ(found->type, "Unary");
  EXPECT_EQ(found->tensor, "e");
  EXPECT_EQ(found->sample, 1);
  EXPECT_EQ(found->element, 1);
  EXPECT_EQ(found->elements, 1);
  EXPECT_EQ(found->value, kInf);
  EXPECT_EQ(found->largest, 100);
}

TEST(NumericsTest, TheFilesTypeOverflowsEarlier) {
  // e^12 is beyond f16, whatever the CPU computes in.
  const auto found = Find(ExpLog(DataType::kF16), {1, 12});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tensor, "e");
  EXPECT_EQ(found->stored, DataType::kF16);
  EXPECT_FALSE(Find(ExpLog(DataType::kBF16), {1, 12}));
}

TEST(NumericsTest, InfinityThatComesInIsNoFindingButNaNOfItIs) {
  // exp(-inf) = 0; log(0) = -inf is one.
  const auto found = Find(ExpLog(DataType::kF32), {1, -kInf});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->op, "log");
  // exp(inf) = inf and log(inf) = inf pass it on.
  EXPECT_FALSE(Find(ExpLog(DataType::kF32), {1, kInf}));
  Graph sine = ExpLog(DataType::kF32);
  sine.nodes[1] = Graph::MakeNode("sine", Unary(schema::UnaryKind::SIN), {1}, {2});
  const auto nan = Find(sine, {1, kInf});
  ASSERT_TRUE(nan);
  EXPECT_EQ(nan->op, "sine");
  EXPECT_TRUE(std::isnan(nan->value));
}

}  // namespace
}  // namespace octet

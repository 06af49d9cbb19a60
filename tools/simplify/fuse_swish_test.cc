#include "gtest/gtest.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;
using testing::Binary;
using testing::Clip;
using testing::GraphMaker;
using testing::Unary;

// Simplifies as far as these patterns need.
Graph Fused(const Graph& before) {
  Graph after = before;
  NormalizeArithmetic(after);
  EXPECT_TRUE(FuseSwish(after));
  RemoveDead(after);
  testing::ExpectSameNetwork(before, after);
  return after;
}

void ExpectOne(const Graph& graph, UnaryKind kind) {
  ASSERT_EQ(graph.nodes.size(), 1u);
  ASSERT_EQ(graph.nodes[0].type(), OpType::UnaryOptions);
  EXPECT_EQ(graph.nodes[0].as<schema::UnaryOptionsT>().kind, kind);
}

TEST(FuseSwish, HardSwishInItsSpellings) {
  enum class Spelling { kProductFirst, kGateFirst, kSixthFirst, kHardSigmoid };
  for (const Spelling spelling : {Spelling::kProductFirst, Spelling::kGateFirst,
                                  Spelling::kSixthFirst, Spelling::kHardSigmoid}) {
    GraphMaker m;
    const TensorId x = m.Input({2, 30});
    const TensorId six = m.Constant({}, {6});
    const TensorId sum = m.Op(Binary(BinaryKind::ADD), {m.Constant({1}, {3}), x});
    const TensorId gate = m.Op(Clip(0, 6), {sum});
    TensorId y = kNoTensor;
    if (spelling == Spelling::kProductFirst) {
      y = m.Op(Binary(BinaryKind::DIV), {m.Op(Binary(BinaryKind::MUL), {x, gate}), six});
    } else if (spelling == Spelling::kGateFirst) {
      y = m.Op(Binary(BinaryKind::MUL), {m.Op(Binary(BinaryKind::DIV), {gate, six}), x});
    } else if (spelling == Spelling::kSixthFirst) {
      y = m.Op(Binary(BinaryKind::MUL), {m.Op(Binary(BinaryKind::DIV), {x, six}), gate});
    } else {
      y = m.Op(Binary(BinaryKind::MUL),
               {x, m.Op(Unary(UnaryKind::HARD_SIGMOID, 1.0f / 6, 0.5f), {x})});
    }
    ExpectOne(Fused(m.Finish({y})), UnaryKind::HARD_SWISH);
  }
}

TEST(FuseSwish, HardSigmoidAlone) {
  GraphMaker m;
  const TensorId x = m.Input({2, 30});
  const TensorId sum = m.Op(Binary(BinaryKind::ADD), {x, m.Constant({}, {3})});
  const TensorId gate = m.Op(Clip(0, 6), {sum});
  const TensorId y = m.Op(Binary(BinaryKind::DIV), {gate, m.Constant({}, {6})});
  ExpectOne(Fused(m.Finish({y})), UnaryKind::HARD_SIGMOID);
}

TEST(FuseSwish, Swish) {
  GraphMaker m;
  const TensorId x = m.Input({2, 30});
  const TensorId y = m.Op(Binary(BinaryKind::MUL), {m.Op(Unary(UnaryKind::SIGMOID), {x}), x});
  ExpectOne(Fused(m.Finish({y})), UnaryKind::SWISH);
}

TEST(FuseSwish, LeavesOtherGates) {
  GraphMaker m;
  const TensorId x = m.Input({2, 30});
  const TensorId other = m.Input({2, 30});
  const TensorId gated =
      m.Op(Binary(BinaryKind::MUL), {m.Op(Unary(UnaryKind::SIGMOID), {x}), other});
  const TensorId steep = m.Op(Unary(UnaryKind::HARD_SIGMOID, 0.2f, 0.5f), {x});
  Graph graph = m.Finish({gated, m.Op(Binary(BinaryKind::MUL), {x, steep})});
  EXPECT_FALSE(FuseSwish(graph));
}

}  // namespace
}  // namespace octet

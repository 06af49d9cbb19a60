#include "gtest/gtest.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using schema::BinaryKind;
using testing::Binary;
using testing::GraphMaker;

TEST(FactorGates, OfSqueezeAndExcite) {
  for (const bool product_first : {false, true}) {
    GraphMaker m;
    const TensorId x = m.Input({2, 6, 5, 5}), gate = m.Input({2, 6, 1, 1});
    const TensorId product = m.Op(Binary(BinaryKind::MUL), {x, gate});
    const TensorId y = product_first ? m.Op(Binary(BinaryKind::ADD), {product, x})
                                     : m.Op(Binary(BinaryKind::ADD), {x, product});
    const Graph before = m.Finish({y});
    Graph after = before;
    EXPECT_TRUE(FactorGates(after));
    RemoveDead(after);
    testing::ExpectSameNetwork(before, after);
    ASSERT_EQ(after.nodes.size(), 2u);
    EXPECT_EQ(after.nodes[0].as<schema::BinaryOptionsT>().kind, BinaryKind::ADD);
    EXPECT_EQ(after.tensor(after.nodes[0].outputs[0]).shape, (Shape{2, 6, 1, 1}));
  }
}

TEST(FactorGates, KeepsGatesOfFullSizeAndOtherSums) {
  GraphMaker m;
  const TensorId x = m.Input({2, 6, 5, 5}), other = m.Input({2, 6, 5, 5});
  const TensorId large = m.Op(Binary(BinaryKind::MUL), {x, m.Input({2, 6, 5, 5})});
  const TensorId small = m.Op(Binary(BinaryKind::MUL), {x, m.Input({2, 6, 1, 1})});
  Graph graph = m.Finish(
      {m.Op(Binary(BinaryKind::ADD), {x, large}), m.Op(Binary(BinaryKind::ADD), {other, small})});
  EXPECT_FALSE(FactorGates(graph));
}

TEST(FactorGates, KeepsProductsThatOthersRead) {
  GraphMaker m;
  const TensorId x = m.Input({2, 6, 5, 5});
  const TensorId product = m.Op(Binary(BinaryKind::MUL), {x, m.Input({2, 6, 1, 1})});
  Graph graph = m.Finish({m.Op(Binary(BinaryKind::ADD), {x, product}), product});
  EXPECT_FALSE(FactorGates(graph));
}

}  // namespace
}  // namespace octet

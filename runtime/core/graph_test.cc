#include "runtime/core/graph.h"

#include <memory>

#include "gtest/gtest.h"
#include "runtime/core/testing/sample_graphs.h"

namespace octet {
namespace {

TensorId Add(Graph& g, const std::string& name) {
  Tensor t;
  t.name = name;
  t.type = DataType::kF32;
  t.shape = {1};
  return g.AddTensor(t);
}

Node Identity(const std::string& name, TensorId from, TensorId to) {
  return Graph::MakeNode(name, schema::UnaryOptionsT(), {from}, {to});
}

TEST(Name, IsTheSchemasWithoutOptions) {
  EXPECT_EQ(Name(OpType::ConvOptions), "Conv");
  EXPECT_EQ(Name(OpType::GlobalPoolOptions), "GlobalPool");
  EXPECT_EQ(Name(static_cast<OpType>(200)), "");
}

TEST(Constant, SharesItsBytesAndKeepsTheOwnerAlive) {
  auto owner = std::make_shared<std::vector<uint8_t>>(std::vector<uint8_t>{1, 2, 3, 4});
  const std::weak_ptr<std::vector<uint8_t>> watch = owner;
  Constant a = Constant::Borrow(owner->data(), owner->size(), owner);
  Constant b = a;
  owner.reset();
  a = Constant();
  EXPECT_FALSE(a);
  ASSERT_TRUE(b);
  EXPECT_EQ(b.as<uint16_t>().size(), 2u);
  EXPECT_EQ(b.data()[3], 4);
  b = Constant();
  EXPECT_TRUE(watch.expired());
}

TEST(Constant, WithoutBytesIsStillThere) {
  EXPECT_TRUE(Constant::Own({}));
  EXPECT_EQ(Constant::Own({}).size(), 0u);
  const std::vector<float> values = {1.5f, -2};
  EXPECT_EQ(Constant::Of<float>(values).as<float>()[1], -2);
}

TEST(Graph, CopyIsIndependentAndSharesConstants) {
  const Graph original = SampleClassifier();
  Graph copy = original;
  const TensorId w = Find(original, "conv.w");
  EXPECT_EQ(copy.tensor(w).data.data(), original.tensor(w).data.data());
  NodeNamed(copy, "conv").as<schema::ConvOptionsT>().groups = 3;
  copy.preprocessing->crop = 1;
  copy.quantization->ranges[0]->tensor = "changed";
  EXPECT_EQ(original.nodes[1].as<schema::ConvOptionsT>().groups, 1);
  EXPECT_EQ(original.preprocessing->crop, 4);
  EXPECT_EQ(original.quantization->ranges[0]->tensor, "y");
  EXPECT_EQ(copy.labels, original.labels);
}

TEST(Graph, ProducersAndConsumers) {
  const Graph g = SampleClassifier();
  const auto at = [&g](const char* name) { return static_cast<size_t>(Find(g, name)); };
  EXPECT_EQ(Producers(g)[at("y")], 1);
  EXPECT_EQ(Producers(g)[at("x")], -1);
  EXPECT_EQ(Producers(g)[at("conv.w")], -1);
  // The convolution reads xq twice: as its input and as its residual.
  EXPECT_EQ(Consumers(g)[at("xq")], (std::vector<int>{1, 1}));
  EXPECT_TRUE(Consumers(g)[at("probabilities")].empty());
  EXPECT_TRUE(IsOutput(g, Find(g, "probabilities")));
  EXPECT_FALSE(IsOutput(g, Find(g, "y")));
}

TEST(Graph, ReplaceUsesReachesNodesAndOutputs) {
  Graph g;
  const TensorId a = Add(g, "a"), b = Add(g, "b"), c = Add(g, "c");
  g.inputs = {a};
  g.nodes.push_back(Identity("first", a, b));
  g.nodes.push_back(Identity("second", b, c));
  g.outputs = {b, c};
  ReplaceUses(g, b, a);
  EXPECT_EQ(g.nodes[1].inputs[0], a);
  EXPECT_EQ(g.nodes[0].outputs[0], b);
  EXPECT_EQ(g.outputs, (std::vector<TensorId>{a, c}));
}

TEST(Graph, RemoveDeadKeepsInputsAndRenumbers) {
  Graph g;
  const TensorId unused = Add(g, "unused"), a = Add(g, "a"), dead1 = Add(g, "dead1"),
                 dead2 = Add(g, "dead2"), spare = Add(g, "spare input"), b = Add(g, "b");
  (void)unused;
  g.inputs = {a, spare};
  g.nodes.push_back(Identity("d1", a, dead1));
  g.nodes.push_back(Identity("d2", dead1, dead2));
  g.nodes.push_back(Identity("live", a, b));
  g.nodes[2].inputs.push_back(kNoTensor);
  g.outputs = {b};
  RemoveDead(g);
  ASSERT_EQ(g.nodes.size(), 1u);
  EXPECT_EQ(g.nodes[0].name, "live");
  ASSERT_EQ(g.tensors.size(), 3u);
  EXPECT_EQ(g.tensor(g.inputs[0]).name, "a");
  EXPECT_EQ(g.tensor(g.inputs[1]).name, "spare input");
  EXPECT_EQ(g.tensor(g.outputs[0]).name, "b");
  EXPECT_EQ(g.nodes[0].inputs, (std::vector<TensorId>{0, kNoTensor}));
}

TEST(Graph, SortNodesKeepsTheOrderWherePossible) {
  Graph g;
  const TensorId a = Add(g, "a"), b = Add(g, "b"), c = Add(g, "c"), d = Add(g, "d");
  g.inputs = {a};
  g.nodes.push_back(Identity("needs c", c, d));
  g.nodes.push_back(Identity("first", a, b));
  g.nodes.push_back(Identity("second", a, c));
  ASSERT_TRUE(SortNodes(g));
  EXPECT_EQ(g.nodes[0].name, "first");
  EXPECT_EQ(g.nodes[1].name, "second");
  EXPECT_EQ(g.nodes[2].name, "needs c");
}

TEST(Graph, SortNodesLeavesACycleAlone) {
  Graph g;
  const TensorId a = Add(g, "a"), b = Add(g, "b");
  g.nodes.push_back(Identity("one", a, b));
  g.nodes.push_back(Identity("two", b, a));
  EXPECT_FALSE(SortNodes(g));
  ASSERT_EQ(g.nodes.size(), 2u);
  EXPECT_EQ(g.nodes[0].name, "one");
  EXPECT_NE(g.nodes[0].options.value, nullptr);
}

}  // namespace
}  // namespace octet

#include "tools/train/hints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/testing/small_network.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Names(const Graph& graph, const Graph& teacher, int most) {
  std::vector<std::string> names;
  for (const Hint& hint : ChooseHints(graph, teacher, most)) {
    EXPECT_EQ(graph.tensor(hint.tensor).name, teacher.tensor(hint.teacher).name);
    names.push_back(graph.tensor(hint.tensor).name);
  }
  return names;
}

class HintsTest : public ::testing::Test {
 protected:
  // A 1x1 convolution of [N, channels, 4, 4].
  void AddConv(Graph& graph, const std::string& name, int64_t channels, bool integer) {
    const TensorId x = graph.nodes.empty() ? graph.inputs[0] : graph.nodes.back().outputs[0];
    Tensor w;
    w.name = name + "/w";
    w.type = DataType::kF32;
    w.shape = {channels, graph.tensor(x).shape[1], 1, 1};
    w.data = Constant::Of<float>(std::vector<float>(static_cast<size_t>(NumElements(w.shape)), 1));
    const TensorId weights = graph.AddTensor(std::move(w));
    Tensor y;
    y.name = name;
    y.type = DataType::kF32;
    y.shape = {-1, channels, 4, 4};
    if (integer) {
      y.type = DataType::kU8;
      y.quant = QuantParams{{0.5f}, {3}, -1};
    }
    const TensorId result = graph.AddTensor(std::move(y));
    graph.AddNode(name, schema::ConvOptionsT(), {x, weights}, {result});
  }

  Graph Chain(const std::vector<int64_t>& channels, bool integer) {
    Graph graph;
    Tensor x;
    x.name = "x";
    x.type = DataType::kF32;
    x.shape = {-1, 2, 4, 4};
    graph.inputs = {graph.AddTensor(std::move(x))};
    for (size_t i = 0; i < channels.size(); ++i) {
      AddConv(graph, std::string(1, static_cast<char>('a' + i)), channels[i], integer);
    }
    graph.outputs = {graph.nodes.back().outputs[0]};
    return graph;
  }
};

TEST_F(HintsTest, TakesTheSmallestOfEachStretchAndNoOutput) {
  const std::vector<int64_t> channels = {8, 2, 4, 4, 6, 6, 3, 5};
  const Graph integer = Chain(channels, true), real = Chain(channels, false);
  EXPECT_THAT(Names(integer, real, 16), ElementsAre("a", "b", "c", "d", "e", "f", "g"));
  EXPECT_THAT(Names(integer, real, 2), ElementsAre("b", "g"));
  EXPECT_THAT(Names(integer, real, 3), ElementsAre("b", "d", "g"));
  EXPECT_THAT(Names(integer, real, 0), IsEmpty());
}

TEST_F(HintsTest, LeavesOutWhatTheTeacherDoesNotHave) {
  const Graph integer = Chain({8, 4, 4, 5}, true);
  Graph real = Chain({8, 6, 4, 5}, false);
  real.tensor(real.nodes[0].outputs[0]).name = "other";
  EXPECT_THAT(Names(integer, real, 16), ElementsAre("c"));
  // Integers are no reals to compare with.
  EXPECT_THAT(Names(integer, integer, 16), IsEmpty());
}

}  // namespace
}  // namespace octet

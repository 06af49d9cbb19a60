#include "tools/quantize/layer_run.h"

#include <vector>

#include "gtest/gtest.h"
#include "tools/quantize/test_graph.h"

namespace octet {
namespace {

using testing::GraphBuilder;

TEST(LayerRunTest, RunsOneOperatorOnAnySizes) {
  GraphBuilder b;
  const TensorId x = b.Input("x", {-1, 2, 1, 1});
  const TensorId y = b.Conv("y", x, {3, 0, 0, 1});
  b.graph.outputs = {b.Conv("z", y, {1, 2, 0, -1}, y)};  // reads y twice
  LayerRun layer = LayerRun::Create(b.graph, b.graph.nodes[1], {}).value();
  ASSERT_EQ(layer.inputs(), std::vector<TensorId>{y});
  for (const int64_t batch : {1, 3}) {
    ASSERT_TRUE(layer.Resize({{batch, 2, 1, 1}}).ok());
    ASSERT_EQ(layer.input(0).size(), static_cast<size_t>(2 * batch));
    for (int64_t i = 0; i < batch; ++i) {
      layer.input(0)[static_cast<size_t>(2 * i)] = 10;
      layer.input(0)[static_cast<size_t>(2 * i + 1)] = static_cast<float>(i);
    }
    ASSERT_TRUE(layer.Run().ok());
    for (int64_t i = 0; i < batch; ++i) {
      EXPECT_EQ(layer.output()[static_cast<size_t>(2 * i)], 10 + 2 * static_cast<float>(i) + 10);
      EXPECT_EQ(layer.output()[static_cast<size_t>(2 * i + 1)], 0);
    }
  }
}

TEST(LayerRunTest, RefusesShapesThatDoNotFit) {
  GraphBuilder b;
  const TensorId x = b.Input("x", {1, 2, 1, 1});
  b.graph.outputs = {b.Conv("y", x)};
  LayerRun layer = LayerRun::Create(b.graph, b.graph.nodes[0], {}).value();
  EXPECT_FALSE(layer.Resize({{1, 3, 1, 1}}).ok());
}

}  // namespace
}  // namespace octet

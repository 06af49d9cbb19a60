#include "gtest/gtest.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/testing.h"

namespace octet {
namespace {

using testing::GraphMaker;

TEST(BindConstants, MovesConstantsIntoOptions) {
  GraphMaker m;
  const TensorId x = m.Input({2, 6});
  const TensorId shape = m.Constant({2}, {3, -1}, DataType::kS64);
  Graph graph = m.Finish({m.Op(schema::ReshapeOptionsT(), {x, shape})});
  const auto changed = BindConstants(graph);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_TRUE(*changed);
  EXPECT_EQ(graph.nodes[0].inputs, (std::vector<TensorId>{x}));
  EXPECT_EQ(graph.nodes[0].as<schema::ReshapeOptionsT>().shape, (std::vector<int64_t>{3, -1}));
  EXPECT_FALSE(*BindConstants(graph));
}

TEST(BindConstants, NamesTheNodeWhoseNumbersMakeNoSense) {
  GraphMaker m;
  const TensorId x = m.Input({2, 6});
  const TensorId axis = m.Constant({1}, {1}, DataType::kS64);
  Graph graph = m.Finish({m.Op(schema::CumulateOptionsT(), {x, axis})});
  graph.tensor(axis).data = Constant::Of<int64_t>({7});
  const auto changed = BindConstants(graph);
  EXPECT_EQ(changed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(changed.status().message().find("'n0'"), absl::string_view::npos);
}

}  // namespace
}  // namespace octet

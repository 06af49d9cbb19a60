#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/core/infer.h"

namespace octet {
namespace {

using testing::HasSubstr;

template <typename OptionsT>
Node MakeNode(OptionsT options, size_t inputs, size_t outputs = 1) {
  std::vector<TensorId> in, out;
  for (size_t i = 0; i < inputs; ++i) in.push_back(static_cast<TensorId>(i));
  for (size_t i = 0; i < outputs; ++i) out.push_back(static_cast<TensorId>(10 + i));
  return Graph::MakeNode("n", std::move(options), in, out);
}

void ExpectShapes(const Node& node, const std::vector<Shape>& inputs,
                  const std::vector<Shape>& expected) {
  const auto shapes = InferShapes(node, inputs);
  ASSERT_TRUE(shapes.ok()) << shapes.status();
  EXPECT_EQ(*shapes, expected);
}

void ExpectError(const Node& node, const std::vector<Shape>& inputs, const std::string& words) {
  const absl::Status status = InferShapes(node, inputs).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << words;
  EXPECT_THAT(std::string(status.message()), HasSubstr(words));
}

TEST(ResolveSliceTest, FollowsNumpy) {
  const auto count = [](int64_t size, int64_t start, int64_t end, int64_t step) {
    return ResolveSlice(size, start, end, step).count;
  };
  EXPECT_EQ(count(5, 0, INT64_MAX, 1), 5);
  EXPECT_EQ(count(5, -2, 5, 1), 2);
  EXPECT_EQ(count(5, 4, 1, 1), 0);
  EXPECT_EQ(count(5, 0, 5, 2), 3);
  EXPECT_EQ(count(5, -1, INT64_MIN, -1), 5);
  EXPECT_EQ(count(5, 4, 0, -2), 2);
  EXPECT_EQ(count(5, 4, 0, INT64_MIN), 1);
  EXPECT_EQ(count(0, 0, 5, 1), 0);
  EXPECT_EQ(ResolveSlice(5, -1, INT64_MIN, -1).start, 4);
}

TEST(InferSliceTest, ChecksItsVectors) {
  schema::SliceOptionsT options;
  options.axes = {1, 0};
  options.starts = {1, 0};
  options.ends = {-1, 2};
  ExpectShapes(MakeNode(options, 1), {{3, 4}}, {{2, 2}});
  options.steps = {1, 0};
  ExpectError(MakeNode(options, 1), {{3, 4}}, "a step is 0");
  options.steps = {1};
  ExpectError(MakeNode(options, 1), {{3, 4}}, "1 steps");
  options.steps = {};
  options.axes = {1, 1};
  ExpectError(MakeNode(options, 1), {{3, 4}}, "axes has 1 twice");
}

TEST(InferGatherTest, ReplacesTheAxisByTheIndices) {
  schema::GatherOptionsT options;
  options.axis = 1;
  ExpectShapes(MakeNode(options, 2), {{2, 9, 3}, {4, 5}}, {{2, 4, 5, 3}});
  ExpectShapes(MakeNode(options, 2), {{2, 9, 3}, {}}, {{2, 3}});
  ExpectError(MakeNode(options, 2), {{2}, {4}}, "axis is 1");
}

TEST(InferGatherTest, ElementsAndVectors) {
  schema::GatherElementsOptionsT elements;
  elements.axis = 0;
  ExpectShapes(MakeNode(elements, 2), {{3, 4}, {7, 2}}, {{7, 2}});
  ExpectError(MakeNode(elements, 2), {{3, 4}, {7, 5}}, "does not fit");
  schema::GatherNDOptionsT vectors;
  vectors.batch_dims = 1;
  ExpectShapes(MakeNode(vectors, 2), {{2, 3, 4}, {2, 5, 1}}, {{2, 5, 4}});
  ExpectError(MakeNode(vectors, 2), {{2, 3, 4}, {3, 5, 1}}, "batch_dims is 1");
  ExpectError(MakeNode(vectors, 2), {{2, 3, 4}, {2, 5, 3}}, "name 3 dimensions");
}

TEST(InferScatterTest, KeepsX) {
  ExpectShapes(MakeNode(schema::ScatterNDOptionsT(), 3), {{4, 5}, {3, 1}, {3, 5}}, {{4, 5}});
  ExpectError(MakeNode(schema::ScatterNDOptionsT(), 3), {{4, 5}, {3, 1}, {3, 4}}, "expected 3x5");
  schema::ScatterElementsOptionsT elements;
  ExpectShapes(MakeNode(elements, 3), {{4, 5}, {2, 5}, {2, 5}}, {{4, 5}});
  ExpectError(MakeNode(elements, 3), {{4, 5}, {2, 5}, {2, 4}}, "must be equal");
}

TEST(InferExpandTest, BroadcastsInBothDirections) {
  schema::ExpandOptionsT options;
  options.shape = {2, 1, 4};
  ExpectShapes(MakeNode(options, 1), {{3, 1}}, {{2, 3, 4}});
  ExpectError(MakeNode(options, 1), {{3, 5}}, "do not broadcast");
  options.shape = {-1};
  ExpectError(MakeNode(options, 1), {{3}}, "size -1");
}

TEST(InferTileTest, Repeats) {
  schema::TileOptionsT options;
  options.repeats = {2, 0};
  ExpectShapes(MakeNode(options, 1), {{3, 4}}, {{6, 0}});
  options.repeats = {int64_t{1} << 40, 1};
  ExpectError(MakeNode(options, 1), {{3, 4}}, "repeats has the entry");
}

TEST(InferDepthTest, MovesBlocks) {
  schema::DepthToSpaceOptionsT to_space;
  to_space.block_size = 2;
  ExpectShapes(MakeNode(to_space, 1), {{1, 8, 3, 5}}, {{1, 2, 6, 10}});
  ExpectError(MakeNode(to_space, 1), {{1, 6, 3, 5}}, "block size 2");
  schema::SpaceToDepthOptionsT to_depth;
  to_depth.block_size = 2;
  ExpectShapes(MakeNode(to_depth, 1), {{1, 2, 6, 10}}, {{1, 8, 3, 5}});
  ExpectError(MakeNode(to_depth, 1), {{1, 2, 5, 10}}, "block divides");
}

TEST(InferRangeTest, CountsSteps) {
  schema::RangeOptionsT options;
  options.start = 10;
  options.limit = 3;
  options.delta = -3;
  ExpectShapes(MakeNode(options, 0), {}, {{3}});
  options.delta = 1;
  ExpectShapes(MakeNode(options, 0), {}, {{0}});
  options.delta = 0;
  ExpectError(MakeNode(options, 0), {}, "steps of 0");
  options.limit = 1e300;
  options.delta = 1;
  ExpectError(MakeNode(options, 0), {}, "elements");
}

TEST(InferTopKTest, HasTwoResults) {
  schema::TopKOptionsT options;
  options.axis = 1;
  options.k = 2;
  ExpectShapes(MakeNode(options, 1, 2), {{3, 4}}, {{3, 2}, {3, 2}});
  options.k = 5;
  ExpectError(MakeNode(options, 1, 2), {{3, 4}}, "k is 5");
}

TEST(InferReshapeTest, CopiesSizesFromAnyIndex) {
  schema::ReshapeOptionsT options;
  options.shape = {-3, 1, -2};
  ExpectShapes(MakeNode(options, 1), {{4, 7}}, {{7, 1, 4}});
  options.shape = {-4, -1};
  ExpectError(MakeNode(options, 1), {{4, 7}}, "copies size 2");
  options.shape = {INT64_MIN};
  ExpectError(MakeNode(options, 1), {{4, 7}}, "copies size");
  options.shape = {0, 5};
  options.allow_zero = true;
  ExpectShapes(MakeNode(options, 1), {{4, 0}}, {{0, 5}});
}

TEST(InferSplitTest, EqualPartsWithoutSizes) {
  schema::SplitOptionsT options;
  ExpectShapes(MakeNode(options, 1, 3), {{7, 2}}, {{3, 2}, {3, 2}, {1, 2}});
  ExpectShapes(MakeNode(options, 1, 3), {{0, 2}}, {{0, 2}, {0, 2}, {0, 2}});
}

}  // namespace
}  // namespace octet

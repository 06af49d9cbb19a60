#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/core/infer.h"

namespace octet {
namespace {

using testing::HasSubstr;

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

Node Concat(int axis, std::vector<TensorId> inputs) {
  schema::ConcatOptionsT options;
  options.axis = axis;
  return Graph::MakeNode("", options, std::move(inputs), {9});
}

TEST(InferConcat, AddsSizes) {
  ExpectShapes(Concat(1, {0, 1, 2}), {{2, 3, 4}, {2, 1, 4}, {2, 0, 4}}, {{2, 4, 4}});
  ExpectShapes(Concat(0, {0}), {{2}}, {{2}});
  ExpectError(Concat(1, {0, 1}), {{2, 3}, {3, 3}}, "may differ along axis 1 only");
  ExpectError(Concat(1, {0, 1}), {{2, 3}, {2, 3, 1}}, "may differ");
  ExpectError(Concat(2, {0}), {{2, 3}}, "axis is 2");
  ExpectError(Concat(0, {}), {}, "0 inputs, not at least 1");
  ExpectError(Concat(0, {0, kNoTensor}), {{2}, {}}, "input 1 is absent");
  ExpectError(Concat(0, {0, 1}), {{INT32_MAX}, {INT32_MAX}}, "exceeds");
}

Node Split(int axis, std::vector<int64_t> sizes) {
  schema::SplitOptionsT options;
  options.axis = axis;
  std::vector<TensorId> outputs(sizes.size(), 1);
  options.sizes = std::move(sizes);
  return Graph::MakeNode("", options, {0}, std::move(outputs));
}

TEST(InferSplit, TakesSizesInOrder) {
  ExpectShapes(Split(1, {1, 0, 3}), {{2, 4}}, {{2, 1}, {2, 0}, {2, 3}});
  ExpectError(Split(1, {1, 2}), {{2, 4}}, "cover 3 of the 4");
  ExpectError(Split(1, {3, 2}), {{2, 4}}, "entry 2, but 1 of the 4");
  ExpectError(Split(1, {5, -1}), {{2, 4}}, "entry 5");
  ExpectError(Split(1, {-1, 5}), {{2, 4}}, "entry -1");
  ExpectError(Split(1, {INT64_MAX, INT64_MAX}), {{2, 4}}, "are left");
  Node node = Split(1, {4});
  node.outputs.push_back(2);
  ExpectError(node, {{2, 4}}, "1 entries for 2 outputs");
}

Node Reshape(std::vector<int64_t> shape) {
  schema::ReshapeOptionsT options;
  options.shape = std::move(shape);
  return Graph::MakeNode("", options, {0}, {1});
}

TEST(InferReshape, CopiesAndInfersSizes) {
  ExpectShapes(Reshape({0, -1}), {{2, 3, 4}}, {{2, 12}});
  ExpectShapes(Reshape({4, 6}), {{2, 3, 4}}, {{4, 6}});
  ExpectShapes(Reshape({}), {{1, 1}}, {{}});
  ExpectShapes(Reshape({-1}), {{}}, {{1}});
  ExpectShapes(Reshape({0, 0}), {{0, 3}}, {{0, 3}});
  ExpectError(Reshape({5, -1}), {{2, 3}}, "do not divide");
  ExpectError(Reshape({4}), {{2, 3}}, "6 elements, but the new shape 4 has 4");
  ExpectError(Reshape({-1, -1}), {{2, 3}}, "more than one -1");
  ExpectError(Reshape({-4}), {{2, 3}}, "copies size 2");
  ExpectError(Reshape({6, 1, 0}), {{2, 3}}, "copies size 2");
  ExpectError(Reshape({0, -1}), {{0, 3}}, "do not divide");
  ExpectError(Reshape({INT64_MAX, -1}), {{2, 3}}, "outside");
  ExpectError(Reshape({1 << 30, 1 << 30, 1 << 30}), {{2, 3}}, "more than");
  ExpectError(Reshape(std::vector<int64_t>(9, 1)), {{1}}, "9 entries");
}

Node Transpose(std::vector<int32_t> permutation) {
  schema::TransposeOptionsT options;
  options.permutation = std::move(permutation);
  return Graph::MakeNode("", options, {0}, {1});
}

TEST(InferTranspose, Permutes) {
  ExpectShapes(Transpose({0, 2, 3, 1}), {{1, 3, 4, 5}}, {{1, 4, 5, 3}});
  ExpectShapes(Transpose({}), {{}}, {{}});
  ExpectError(Transpose({0}), {{1, 3}}, "permutation has 1 entries");
  ExpectError(Transpose({0, 0}), {{1, 3}}, "must occur once");
  ExpectError(Transpose({0, 2}), {{1, 3}}, "entry 2");
  ExpectError(Transpose({-1, 0}), {{1, 3}}, "entry -1");
}

Node Pad(schema::PadMode mode, std::vector<int64_t> begin, std::vector<int64_t> end) {
  schema::PadOptionsT options;
  options.mode = mode;
  options.pads_begin = std::move(begin);
  options.pads_end = std::move(end);
  return Graph::MakeNode("", options, {0}, {1});
}

TEST(InferPad, AddsSizes) {
  using schema::PadMode;
  ExpectShapes(Pad(PadMode::CONSTANT, {0, 1}, {2, 3}), {{4, 5}}, {{6, 9}});
  ExpectShapes(Pad(PadMode::REFLECT, {0, 4}, {0, 4}), {{4, 5}}, {{4, 13}});
  ExpectShapes(Pad(PadMode::EDGE, {9}, {9}), {{1}}, {{19}});
  ExpectShapes(Pad(PadMode::CONSTANT, {1}, {1}), {{0}}, {{2}});
  ExpectError(Pad(PadMode::REFLECT, {0, 5}, {0, 0}), {{4, 5}}, "mode REFLECT");
  ExpectError(Pad(PadMode::EDGE, {1}, {0}), {{0}}, "mode EDGE");
  ExpectError(Pad(PadMode::CONSTANT, {0, -1}, {0, 0}), {{4, 5}}, "entry -1");
  ExpectError(Pad(PadMode::CONSTANT, {0, INT64_MAX}, {0, 0}), {{4, 5}}, "outside");
  ExpectError(Pad(PadMode::CONSTANT, {0}, {0, 0}), {{4, 5}}, "pads_begin has 1");
  ExpectError(Pad(static_cast<PadMode>(4), {0, 0}, {0, 0}), {{4, 5}}, "mode 4 is unknown");
  Node node = Pad(PadMode::CONSTANT, {0}, {0});
  node.as<schema::PadOptionsT>().value = std::numeric_limits<float>::quiet_NaN();
  ExpectError(node, {{4}}, "not a number");
}

}  // namespace
}  // namespace octet

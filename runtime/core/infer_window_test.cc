#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/core/infer.h"

namespace octet {
namespace {

using testing::HasSubstr;

Node Conv(std::vector<int32_t> strides, std::vector<int32_t> dilations, std::vector<int32_t> begin,
          std::vector<int32_t> end, int groups = 1) {
  schema::ConvOptionsT options;
  options.strides = std::move(strides);
  options.dilations = std::move(dilations);
  options.pads_begin = std::move(begin);
  options.pads_end = std::move(end);
  options.groups = groups;
  return Graph::MakeNode("conv", options, {0, 1}, {2});
}

Node Pool(schema::PoolKind kind, std::vector<int32_t> kernel, std::vector<int32_t> strides,
          std::vector<int32_t> begin, std::vector<int32_t> end) {
  schema::PoolOptionsT options;
  options.kind = kind;
  options.dilations.assign(strides.size(), 1);
  options.kernel = std::move(kernel);
  options.strides = std::move(strides);
  options.pads_begin = std::move(begin);
  options.pads_end = std::move(end);
  return Graph::MakeNode("pool", options, {0}, {1});
}

void ExpectShape(const Node& node, const std::vector<Shape>& inputs, const Shape& expected) {
  const auto shapes = InferShapes(node, inputs);
  ASSERT_TRUE(shapes.ok()) << shapes.status();
  ASSERT_EQ(shapes->size(), 1u);
  EXPECT_EQ((*shapes)[0], expected);
}

void ExpectError(const Node& node, const std::vector<Shape>& inputs, const std::string& words) {
  const absl::Status status = InferShapes(node, inputs).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << words;
  EXPECT_THAT(std::string(status.message()), HasSubstr(words));
}

TEST(InferConv, HandArithmetic) {
  // floor((224 + 3 + 3 - 1 * 6 - 1) / 2) + 1 = 112
  ExpectShape(Conv({2, 2}, {1, 1}, {3, 3}, {3, 3}), {{1, 3, 224, 224}, {64, 3, 7, 7}},
              {1, 64, 112, 112});
  // Asymmetric: height floor((5 + 0 + 1 - 2 - 1) / 2) + 1 = 2, width floor((6 + 1 + 0 - 2 - 1) / 2)
  // + 1 = 3
  ExpectShape(Conv({2, 2}, {1, 1}, {0, 1}, {1, 0}), {{2, 4, 5, 6}, {8, 4, 3, 3}}, {2, 8, 2, 3});
  // Dilated by 2: floor((9 - 2 * 2 - 1) / 1) + 1 = 5
  ExpectShape(Conv({1}, {2}, {0}, {0}), {{1, 2, 9}, {3, 2, 3}}, {1, 3, 5});
  // Three spatial dimensions.
  ExpectShape(Conv({1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}), {{1, 2, 4, 5, 6}, {3, 2, 2, 2, 2}},
              {1, 3, 3, 4, 5});
  // Depthwise with two outputs per channel.
  ExpectShape(Conv({1, 1}, {1, 1}, {1, 1}, {1, 1}, 4), {{1, 4, 5, 5}, {8, 1, 3, 3}}, {1, 8, 5, 5});
  // An empty batch is fine.
  ExpectShape(Conv({1}, {1}, {0}, {0}), {{0, 2, 9}, {3, 2, 3}}, {0, 3, 7});
}

TEST(InferConv, OptionalInputs) {
  Node node = Conv({1}, {1}, {0}, {0});
  node.inputs = {0, 1, kNoTensor, 3};
  ExpectShape(node, {{1, 2, 9}, {3, 2, 3}, {99}, {1, 3, 7}}, {1, 3, 7});
  ExpectError(node, {{1, 2, 9}, {3, 2, 3}, {}, {1, 3, 1}}, "residual is 1x3x1");
  node.inputs = {0, 1, 2};
  ExpectShape(node, {{1, 2, 9}, {3, 2, 3}, {3}}, {1, 3, 7});
  ExpectError(node, {{1, 2, 9}, {3, 2, 3}, {1, 3}}, "bias is 1x3");
  node.inputs = {0, 1, 2, 3, 4};
  ExpectError(node, {{1, 2, 9}, {3, 2, 3}, {3}, {}, {}}, "5 inputs, not 2 to 4");
  node.inputs = {0, kNoTensor};
  ExpectError(node, {{1, 2, 9}, {}}, "w is absent");
  node.inputs = {0};
  ExpectError(node, {{1, 2, 9}}, "1 inputs");
}

TEST(InferConv, Refusals) {
  const std::vector<Shape> good = {{1, 4, 5, 5}, {8, 4, 3, 3}};
  ExpectError(Conv({1}, {1, 1}, {0, 0}, {0, 0}), good, "strides has 1 entries");
  ExpectError(Conv({0, 1}, {1, 1}, {0, 0}, {0, 0}), good, "strides has the entry 0");
  ExpectError(Conv({1, 1}, {1, 0}, {0, 0}, {0, 0}), good, "dilations has the entry 0");
  ExpectError(Conv({1, 1}, {1, 1}, {-1, 0}, {0, 0}), good, "pads_begin has the entry -1");
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, INT32_MAX}), good, "pads_end has the entry");
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, 0}, 0), good, "groups is 0");
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, 0}, 3), good, "groups is 3");
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, 0}, 2), good, "2 in each of 2 groups");
  ExpectError(Conv({1, 1}, {3, 3}, {0, 0}, {0, 0}), good, "the kernel spans 7 elements");
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, 0}), {{1, 4, 5, 5}, {8, 4, 3}},
              "ranks must be equal");
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, 0}), {{1, 4}, {8, 4}},
              "expected [N, C, spatial...]");
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, 0}), {{1, 4, 0, 5}, {8, 4, 3, 3}}, "only the batch");
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, 0}), {{1, 4, 5, 5}, {0, 4, 3, 3}}, "empty");
  Node node = Conv({1, 1}, {1, 1}, {0, 0}, {0, 0});
  node.as<schema::ConvOptionsT>().activation_min = NAN;
  ExpectError(node, good, "activation range");
  node.as<schema::ConvOptionsT>().activation_min = 7;
  node.as<schema::ConvOptionsT>().activation_max = 6;
  ExpectError(node, good, "[7, 6]");
}

TEST(InferConv, HugeSizesDoNotOverflow) {
  const int64_t huge = INT32_MAX;
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, 0}), {{huge, huge, huge, huge}, {1, 1, 1, 1}},
              "more than");
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, 0}), {{1, 1, 1, INT64_MAX}, {1, 1, 1, 1}},
              "outside");
  ExpectError(Conv({1, 1}, {1, 1}, {0, 0}, {0, 0}), {{1, 1, 1, -1}, {1, 1, 1, 1}},
              "has the size -1");
  ExpectError(Conv({1, 1}, {65535, 65535}, {0, 0}, {0, 0}), {{1, 1, 9, 9}, {1, 1, 60000, 60000}},
              "the kernel spans");
}

TEST(InferPool, HandArithmetic) {
  // floor((112 + 1 + 1 - 2 - 1) / 2) + 1 = 56
  ExpectShape(Pool(schema::PoolKind::MAXIMUM, {3, 3}, {2, 2}, {1, 1}, {1, 1}), {{1, 64, 112, 112}},
              {1, 64, 56, 56});
  // pads_end adjusted for a source that rounds up: floor((6 + 0 + 1 - 2 - 1) / 2) + 1 = 3
  ExpectShape(Pool(schema::PoolKind::AVERAGE, {3}, {2}, {0}, {1}), {{2, 3, 6}}, {2, 3, 3});
}

TEST(InferPool, DilatedWindows) {
  Node node = Pool(schema::PoolKind::AVERAGE, {2, 3}, {1, 1}, {0, 0}, {0, 0});
  node.as<schema::PoolOptionsT>().dilations = {2, 1};
  ExpectShape(node, {{1, 4, 6, 6}}, {1, 4, 4, 4});
}

TEST(InferPool, Refusals) {
  const std::vector<Shape> good = {{1, 4, 6, 6}};
  const auto max = schema::PoolKind::MAXIMUM;
  ExpectError(Pool(max, {3}, {1, 1}, {0, 0}, {0, 0}), good, "kernel has 1 entries");
  ExpectError(Pool(max, {3, 0}, {1, 1}, {0, 0}, {0, 0}), good, "kernel has the entry 0");
  ExpectError(Pool(max, {3, 3}, {1, 1}, {3, 0}, {0, 0}), good, "pads_begin has the entry 3");
  ExpectError(Pool(max, {7, 3}, {1, 1}, {0, 0}, {0, 0}), good, "the kernel spans 7");
  ExpectError(Pool(static_cast<schema::PoolKind>(2), {3, 3}, {1, 1}, {0, 0}, {0, 0}), good,
              "kind 2 is unknown");
  // The last window starts at 6, behind the input.
  ExpectError(Pool(max, {2, 2}, {2, 2}, {0, 0}, {2, 0}), good, "padding alone");
  Node unknown = Pool(schema::PoolKind::AVERAGE, {3, 3}, {1, 1}, {0, 0}, {0, 0});
  unknown.as<schema::PoolOptionsT>().ties = static_cast<schema::TieRule>(2);
  ExpectError(unknown, good, "ties 2 is unknown");
  // Dilated by 3, the window at -2 looks at -2 and 1, and x has index 0 only.
  Node node = Pool(max, {2}, {1}, {2}, {2});
  node.as<schema::PoolOptionsT>().dilations = {3};
  ExpectError(node, {{1, 1, 1}}, "padding alone");
}

TEST(InferGlobalPool, LeavesOneElement) {
  schema::GlobalPoolOptionsT options;
  options.kind = schema::PoolKind::AVERAGE;
  const Node node = Graph::MakeNode("pool", options, {0}, {1});
  ExpectShape(node, {{2, 5, 7, 9}}, {2, 5, 1, 1});
  ExpectShape(node, {{2, 5, 7}}, {2, 5, 1});
  ExpectError(node, {{2, 5}}, "expected [N, C, spatial...]");
}

}  // namespace
}  // namespace octet

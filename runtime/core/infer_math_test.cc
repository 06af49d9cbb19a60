#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/core/infer.h"

namespace octet {
namespace {

using testing::HasSubstr;

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

Node MatMul(bool transpose_a, bool transpose_b) {
  schema::MatMulOptionsT options;
  options.transpose_a = transpose_a;
  options.transpose_b = transpose_b;
  return Graph::MakeNode("product", options, {0, 1}, {2});
}

TEST(InferMatMul, HandArithmetic) {
  ExpectShape(MatMul(false, false), {{2, 3}, {3, 4}}, {2, 4});
  ExpectShape(MatMul(true, false), {{3, 2}, {3, 4}}, {2, 4});
  ExpectShape(MatMul(false, true), {{2, 3}, {4, 3}}, {2, 4});
  ExpectShape(MatMul(false, false), {{3}, {3, 4}}, {4});
  ExpectShape(MatMul(false, true), {{3}, {5, 4, 3}}, {5, 4});
  // Leading sizes 7x1 and 6 broadcast to 7x6.
  ExpectShape(MatMul(false, false), {{7, 1, 2, 3}, {6, 3, 4}}, {7, 6, 2, 4});
  ExpectShape(MatMul(false, false), {{5, 2, 3}, {3, 4}}, {5, 2, 4});
}

TEST(InferMatMul, OptionalInputs) {
  Node node = MatMul(false, false);
  node.inputs = {0, 1, 2, 3};
  ExpectShape(node, {{2, 3}, {3, 4}, {4}, {2, 4}}, {2, 4});
  ExpectError(node, {{2, 3}, {3, 4}, {2}, {2, 4}}, "bias is 2, but there are 4");
  ExpectError(node, {{2, 3}, {3, 4}, {4}, {4}}, "residual is 4");
}

TEST(InferMatMul, Refusals) {
  ExpectError(MatMul(false, false), {{2, 3}, {4, 3}}, "not 3 and 4");
  ExpectError(MatMul(false, false), {{2, 0}, {0, 3}}, "above 0");
  ExpectError(MatMul(false, false), {{}, {4, 3}}, "a is scalar");
  ExpectError(MatMul(false, false), {{4}, {4}}, "b is 4");
  ExpectError(MatMul(true, false), {{4}, {4, 3}}, "not with transpose_a");
  ExpectError(MatMul(false, false), {{2, 2, 3}, {4, 3, 5}}, "do not broadcast");
}

TEST(InferBinary, Broadcasts) {
  const Node add = Graph::MakeNode("add", schema::BinaryOptionsT(), {0, 1}, {2});
  ExpectShape(add, {{2, 3, 4}, {2, 3, 4}}, {2, 3, 4});
  ExpectShape(add, {{2, 3, 4}, {}}, {2, 3, 4});
  ExpectShape(add, {{4}, {2, 3, 1}}, {2, 3, 4});
  ExpectShape(add, {{2, 1, 4}, {3, 1}}, {2, 3, 4});
  ExpectShape(add, {{0, 3}, {1, 3}}, {0, 3});
  ExpectError(add, {{2, 3}, {2}}, "sizes 3 and 2 are neither equal nor 1");
  ExpectError(add, {{0}, {2}}, "do not broadcast");
  const int64_t large = 1 << 25;
  ExpectError(add, {{large, 1}, {1, large}}, "the output is too large");

  schema::BinaryOptionsT options;
  options.kind = static_cast<schema::BinaryKind>(23);
  ExpectError(Graph::MakeNode("", options, {0, 1}, {2}), {{1}, {1}}, "kind 23 is unknown");
  options.kind = schema::BinaryKind::POW;
  options.activation_max = std::numeric_limits<float>::quiet_NaN();
  ExpectError(Graph::MakeNode("", options, {0, 1}, {2}), {{1}, {1}}, "activation range");
}

TEST(InferUnary, KeepsTheShape) {
  schema::UnaryOptionsT options;
  options.kind = schema::UnaryKind::COS;
  ExpectShape(Graph::MakeNode("", options, {0}, {1}), {{2, 0, 3}}, {2, 0, 3});
  options.kind = static_cast<schema::UnaryKind>(44);
  ExpectError(Graph::MakeNode("", options, {0}, {1}), {{1}}, "kind 44 is unknown");
}

TEST(InferUnary, ChecksParametersOfThoseThatHaveThem) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  schema::UnaryOptionsT options;
  options.alpha = nan;
  options.kind = schema::UnaryKind::TANH;
  ExpectShape(Graph::MakeNode("", options, {0}, {1}), {{1}}, {1});
  options.kind = schema::UnaryKind::LEAKY_RELU;
  ExpectError(Graph::MakeNode("", options, {0}, {1}), {{1}}, "alpha");
  options.kind = schema::UnaryKind::CLIP;
  ExpectError(Graph::MakeNode("", options, {0}, {1}), {{1}}, "bounds must be numbers");
  options.alpha = 2;
  options.beta = 1;
  ExpectError(Graph::MakeNode("", options, {0}, {1}), {{1}}, "[2, 1]");
  options.kind = schema::UnaryKind::HARD_SIGMOID;
  options.beta = nan;
  ExpectError(Graph::MakeNode("", options, {0}, {1}), {{1}}, "beta");
}

TEST(InferSoftmax, NeedsAnAxis) {
  schema::SoftmaxOptionsT options;
  options.axis = 1;
  ExpectShape(Graph::MakeNode("", options, {0}, {1}), {{2, 3}}, {2, 3});
  ExpectError(Graph::MakeNode("", options, {0}, {1}), {{2}}, "axis is 1, but x is 2 of rank 1");
  options.axis = -1;
  ExpectError(Graph::MakeNode("", options, {0}, {1}), {{2, 3}}, "axis is -1");
}

Node Reduce(std::vector<int32_t> axes, bool keep) {
  schema::ReduceOptionsT options;
  options.axes = std::move(axes);
  options.keep_dims = keep;
  return Graph::MakeNode("", options, {0}, {1});
}

TEST(InferReduce, KeepsOrDropsDimensions) {
  ExpectShape(Reduce({1, 3}, true), {{2, 3, 4, 5}}, {2, 1, 4, 1});
  ExpectShape(Reduce({1, 3}, false), {{2, 3, 4, 5}}, {2, 4});
  ExpectShape(Reduce({0}, false), {{2}}, {});
  ExpectError(Reduce({}, true), {{2}}, "axes is empty");
  ExpectError(Reduce({1}, true), {{2}}, "axis is 1");
  ExpectError(Reduce({0, 0}, true), {{2}}, "not ascending");
  ExpectError(Reduce({1, 0}, true), {{2, 3}}, "not ascending");
  ExpectShape(Reduce({0}, true), {{0, 3}}, {1, 3});
  Node node = Reduce({0}, true);
  node.as<schema::ReduceOptionsT>().kind = static_cast<schema::ReduceKind>(9);
  ExpectError(node, {{2}}, "kind 9 is unknown");
}

TEST(InferQuantization, KeepsTheShape) {
  ExpectShape(Graph::MakeNode("", schema::QuantizeOptionsT(), {0}, {1}), {{2, 3}}, {2, 3});
  ExpectShape(Graph::MakeNode("", schema::DequantizeOptionsT(), {0}, {1}), {{}}, {});
  ExpectShape(Graph::MakeNode("", schema::RequantizeOptionsT(), {0}, {1}), {{4}}, {4});
}

TEST(InferShapes, UnknownOperator) {
  Node node;
  node.inputs = {0};
  node.outputs = {1};
  ExpectError(node, {{1}}, "unknown type 0");
}

TEST(InferShapes, CountsMustFit) {
  Node node = Graph::MakeNode("", schema::QuantizeOptionsT(), {0}, {1, 2});
  ExpectError(node, {{1}}, "2 outputs, not 1");
  node.outputs = {1};
  ExpectError(node, {{1}, {1}}, "2 shapes for 1 inputs");
  ExpectError(node, {Shape(9, 1)}, "rank is 9");
}

}  // namespace
}  // namespace octet

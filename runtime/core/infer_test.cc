#include "runtime/core/infer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/core/testing/sample_graphs.h"

namespace octet {
namespace {

using testing::HasSubstr;

std::string ErrorOf(const Graph& graph, const std::vector<Shape>& inputs) {
  const absl::Status status = InferGraphShapes(graph, inputs).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(InferGraphShapes, FollowsTheGraph) {
  const Graph g = SampleClassifier();
  const std::vector<Shape> inputs = {{7, 3, 4, 4}};
  const auto shapes = InferGraphShapes(g, inputs);
  ASSERT_TRUE(shapes.ok()) << shapes.status();
  const auto shape = [&](const char* name) {
    return (*shapes)[static_cast<size_t>(Find(g, name))];
  };
  EXPECT_EQ(shape("y"), (Shape{7, 3, 4, 4}));
  EXPECT_EQ(shape("p"), (Shape{7, 3, 2, 2}));
  EXPECT_EQ(shape("f"), (Shape{7, 12}));
  EXPECT_EQ(shape("probabilities"), (Shape{7, 5}));
  EXPECT_EQ(shape("conv.w"), (Shape{3, 3, 3, 3}));
}

TEST(InferGraphShapes, InputsMustFitTheirDeclaration) {
  const Graph g = SampleClassifier();
  EXPECT_THAT(ErrorOf(g, {}), HasSubstr("0 shapes for 1 inputs"));
  EXPECT_THAT(ErrorOf(g, {{1, 3, 4, 5}}), HasSubstr("declared as ?x3x4x4, but it is 1x3x4x5"));
  EXPECT_THAT(ErrorOf(g, {{1, 3, 4}}), HasSubstr("declared as"));
  EXPECT_THAT(ErrorOf(g, {{-1, 3, 4, 4}}), HasSubstr("-1"));
}

TEST(InferGraphShapes, DeclaredSizesOfResultsAreChecked) {
  Graph g = SampleClassifier();
  TensorNamed(g, "p").shape[3] = 3;
  EXPECT_THAT(ErrorOf(g, {{1, 3, 4, 4}}),
              HasSubstr("operator 'pool' (Pool, number 2): 'p' is declared as ?x3x2x3"));
}

TEST(InferGraphShapes, EqualNamesMeanEqualSizes) {
  Graph g = SampleClassifier();
  TensorNamed(g, "y").shape[1] = -1;
  TensorNamed(g, "y").symbols[1] = "batch";
  EXPECT_TRUE(InferGraphShapes(g, std::vector<Shape>{{3, 3, 4, 4}}).ok());
  EXPECT_THAT(ErrorOf(g, {{1, 3, 4, 4}}), HasSubstr("size 'batch' is 1 elsewhere"));
}

TEST(InferGraphShapes, ErrorsNameTheOperator) {
  Graph g = SampleClassifier();
  NodeNamed(g, "conv").as<schema::ConvOptionsT>().groups = 2;
  EXPECT_THAT(ErrorOf(g, {{1, 3, 4, 4}}), HasSubstr("operator 'conv' (Conv, number 1): groups"));
}

TEST(InferGraphShapes, IndicesOutsideAreRefused) {
  Graph g = SampleClassifier();
  NodeNamed(g, "pool").inputs[0] = 1000;
  EXPECT_THAT(ErrorOf(g, {{1, 3, 4, 4}}), HasSubstr("there is no tensor 1000"));
}

TEST(DefaultInputShapes, FillOpenSizes) {
  const Graph g = SampleClassifier();
  EXPECT_EQ(DefaultInputShapes(g), (std::vector<Shape>{{1, 3, 4, 4}}));
  EXPECT_EQ(DefaultInputShapes(g, 9), (std::vector<Shape>{{9, 3, 4, 4}}));
}

}  // namespace
}  // namespace octet

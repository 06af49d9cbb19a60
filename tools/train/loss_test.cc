#include "tools/train/loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/testing/small_network.h"

namespace octet {
namespace {

using Values = std::vector<float>;

double Evaluate(const Loss& loss, const Values& y, const Values& t, int label,
                std::vector<Values>& gradients) {
  const std::vector<absl::Span<const float>> outputs = {y};
  std::vector<absl::Span<const float>> teacher;
  if (!t.empty()) teacher.push_back(t);
  return loss.Of(outputs, teacher, label, gradients);
}

TEST(Loss, SquaresAreNoiseOverSignal) {
  const Loss loss({}, {{4, false}});
  std::vector<Values> g;
  EXPECT_NEAR(Evaluate(loss, {1, 2, 3, 5}, {1, 2, 3, 4}, -1, g), 1.0 / 30, 1e-9);
  EXPECT_EQ(g[0][0], 0);
  EXPECT_NEAR(g[0][3], 2.0 / 30, 1e-7);
  EXPECT_DOUBLE_EQ(Evaluate(loss, {0, 0}, {0, 0}, -1, g), 0);
}

TEST(Loss, EntropiesAreKnownValues) {
  std::vector<Values> g;
  LossOptions labels;
  labels.squares = 0;
  labels.labels = 1;
  // Equal logits: log of the number of classes.
  EXPECT_NEAR(Evaluate(Loss(labels, {{4, false}}), {1, 1, 1, 1}, {}, 2, g), std::log(4.0), 1e-6);
  EXPECT_NEAR(g[0][2], -0.75, 1e-6);
  EXPECT_NEAR(g[0][0], 0.25, 1e-6);
  // A sample without a class costs nothing.
  EXPECT_EQ(Evaluate(Loss(labels, {{4, false}}), {1, 2, 3, 4}, {}, -1, g), 0);
  EXPECT_EQ(g[0], Values(4, 0.0f));
  EXPECT_NEAR(Evaluate(Loss(labels, {{2, true}}), {0.2f, 0.8f}, {}, 0, g), -std::log(0.2), 1e-5);
}

TEST(Loss, DerivativesAgreeWithDifferences) {
  LossOptions mixture;
  mixture.squares = 0.3;
  mixture.divergence = 0.5;
  mixture.labels = 0.2;
  mixture.temperature = 2;
  for (bool probabilities : {false, true}) {
    const Loss loss(mixture, {{3, probabilities}});
    Values y = {0.2f, 0.5f, 0.3f, 0.1f, 0.1f, 0.8f}, t = {0.3f, 0.3f, 0.4f, 0.2f, 0.7f, 0.1f};
    std::vector<Values> g, ignored;
    Evaluate(loss, y, t, 1, g);
    for (size_t i = 0; i < y.size(); ++i) {
      const float at = y[i], step = 1e-3f;
      y[i] = at + step;
      const double above = Evaluate(loss, y, t, 1, ignored);
      y[i] = at - step;
      const double below = Evaluate(loss, y, t, 1, ignored);
      y[i] = at;
      const double expected = (above - below) / (2 * static_cast<double>(step));
      EXPECT_NEAR(g[0][i], expected, 2e-3) << i;
    }
  }
}

TEST(Loss, HintsHaveAWeightOfTheirOwn) {
  LossOptions options;
  options.hints = 3;
  const Loss loss(options, {{2, false}, {2, false}, {1, false}}, 2);
  const std::vector<Values> y = {{1, 3}, {0, 1}, {2}}, t = {{1, 2}, {1, 1}, {4}};
  const std::vector<absl::Span<const float>> outputs(y.begin(), y.end());
  const std::vector<absl::Span<const float>> teacher(t.begin(), t.end());
  std::vector<Values> g;
  EXPECT_NEAR(loss.Of(outputs, teacher, -1, g), 1.0 / 5 + 3 * (1.0 / 2 + 4.0 / 16) / 2, 1e-9);
  EXPECT_NEAR(g[0][1], 2.0 / 5, 1e-6);
  EXPECT_NEAR(g[1][0], 3 * -2.0 / 2 / 2, 1e-6);
  EXPECT_NEAR(g[2][0], 3 * -4.0 / 16 / 2, 1e-6);
  EXPECT_EQ(g[1][1], 0);
}

TEST(Loss, KnowsClassesAndProbabilitiesOfAGraph) {
  Graph graph = testing::SmallFloatNetwork(1);
  std::vector<OutputForm> forms = OutputForms(graph);
  ASSERT_EQ(forms.size(), 1u);
  EXPECT_EQ(forms[0].classes, 10);
  EXPECT_FALSE(forms[0].probabilities);
  EXPECT_EQ(ImitationOf(graph, 0.5).squares, 0.5);
  EXPECT_EQ(ImitationOf(graph, 0.5).divergence, 0);
  Tensor t = graph.tensor(graph.outputs[0]);
  t.name = "p";
  const TensorId p = graph.AddTensor(std::move(t));
  schema::SoftmaxOptionsT softmax;
  softmax.axis = 1;
  graph.AddNode("softmax", softmax, {graph.outputs[0]}, {p});
  graph.outputs[0] = p;
  EXPECT_TRUE(OutputForms(graph)[0].probabilities);
  EXPECT_EQ(ImitationOf(graph, 0.5).divergence, 0.5);
  EXPECT_EQ(ImitationOf(graph, 0.5).squares, 0);
}

}  // namespace
}  // namespace octet

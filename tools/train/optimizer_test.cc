#include "tools/train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

namespace octet {
namespace {

std::vector<Parameter> Two() {
  return {{"w", ParameterRole::kWeight, {1.0f, -2.0f}}, {"s", ParameterRole::kScale, {0.0f}}};
}

TEST(Optimizer, SgdGathersMomentum) {
  OptimizerOptions options;
  options.kind = OptimizerKind::kSgd;
  options.momentum = 0.5;
  options.scale_rate = 0.1;
  std::vector<Parameter> p = Two();
  Optimizer optimizer(options, p);
  const Gradients g{{{1.0f, 2.0f}, {4.0f}}};
  optimizer.Step(0.1, g, p);
  EXPECT_FLOAT_EQ(p[0].values[0], 0.9f);
  EXPECT_FLOAT_EQ(p[0].values[1], -2.2f);
  EXPECT_FLOAT_EQ(p[1].values[0], -0.04f);
  optimizer.Step(0.1, g, p);  // velocity 1.5, 3
  EXPECT_FLOAT_EQ(p[0].values[0], 0.75f);
  EXPECT_FLOAT_EQ(p[0].values[1], -2.5f);
}

TEST(Optimizer, FirstStepsOfAdamAreAsLongAsTheRate) {
  OptimizerOptions options;
  std::vector<Parameter> p = Two();
  Optimizer optimizer(options, p);
  optimizer.Step(0.01, {{{1e-3f, -50.0f}, {1.0f}}}, p);
  const float size = std::sqrt(2.5f);  // root mean square of 1 and -2
  EXPECT_NEAR(p[0].values[0], 1 - 0.01f * size, 1e-5f);
  EXPECT_NEAR(p[0].values[1], -2 + 0.01f * size, 1e-5f);
  EXPECT_NEAR(p[1].values[0], -0.01f, 1e-5f);
}

TEST(Optimizer, AdamFollowsItsEquations) {
  OptimizerOptions options;
  options.relative_steps = false;
  options.weight_decay = 0.1;
  std::vector<Parameter> p = {{"w", ParameterRole::kWeight, {1.0f}}};
  Optimizer optimizer(options, p);
  double w = 1, m = 0, v = 0;
  for (int t = 1; t <= 20; ++t) {
    const double g = 2 * (p[0].values[0] - 3) + 0.1 * t;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    w *= 1 - 0.05 * 0.1;
    w -= 0.05 * m / (1 - std::pow(0.9, t)) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    optimizer.Step(0.05, {{{static_cast<float>(g)}}}, p);
    EXPECT_NEAR(p[0].values[0], w, 1e-4) << t;
  }
}

TEST(Optimizer, DecaysWeightsAlone) {
  OptimizerOptions options;
  options.weight_decay = 0.5;
  std::vector<Parameter> p = {{"w", ParameterRole::kWeight, {2.0f}},
                              {"b", ParameterRole::kBias, {2.0f}}};
  Optimizer optimizer(options, p);
  optimizer.Step(0.1, {{{0.0f}, {0.0f}}}, p);
  EXPECT_FLOAT_EQ(p[0].values[0], 1.9f);
  EXPECT_FLOAT_EQ(p[1].values[0], 2.0f);
}

TEST(Optimizer, GoesOnFromItsState) {
  std::vector<Parameter> p = Two();
  Optimizer optimizer({}, p);
  const Gradients g{{{1.0f, 2.0f}, {4.0f}}};
  optimizer.Step(0.1, g, p);
  std::vector<Parameter> copy = p;
  Optimizer other({}, Two());
  ASSERT_TRUE(other.Restore(optimizer.state()).ok());
  optimizer.Step(0.1, g, p);
  other.Step(0.1, g, copy);
  EXPECT_EQ(p[0].values, copy[0].values);
  EXPECT_EQ(p[1].values, copy[1].values);
  Optimizer stranger({}, {{"w", ParameterRole::kWeight, {1.0f}}});
  EXPECT_FALSE(stranger.Restore(optimizer.state()).ok());
}

TEST(ClipNorm, ShortensLongGradients) {
  Gradients g{{{3.0f}, {0.0f, 4.0f}}};
  EXPECT_DOUBLE_EQ(ClipNorm(10, g), 5);
  EXPECT_FLOAT_EQ(g.of[0][0], 3);
  EXPECT_DOUBLE_EQ(ClipNorm(1, g), 5);
  EXPECT_FLOAT_EQ(g.of[0][0], 0.6f);
  EXPECT_FLOAT_EQ(g.of[1][1], 0.8f);
}

TEST(CosineRate, RisesThenFalls) {
  EXPECT_DOUBLE_EQ(CosineRate(1, 0, 100, 4, 0.1), 0.25);
  EXPECT_DOUBLE_EQ(CosineRate(1, 3, 100, 4, 0.1), 1);
  EXPECT_DOUBLE_EQ(CosineRate(1, 4, 100, 4, 0.1), 1);
  EXPECT_NEAR(CosineRate(1, 52, 100, 4, 0.1), 0.55, 1e-12);
  EXPECT_NEAR(CosineRate(1, 100, 100, 4, 0.1), 0.1, 1e-12);
  EXPECT_NEAR(CosineRate(1, 200, 100, 4, 0.1), 0.1, 1e-12);
}

}  // namespace
}  // namespace octet

#include "tools/train/first_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tools/train/real_graph.h"
#include "tools/train/trained_constant.h"

namespace octet {
namespace {

using ::testing::ElementsAre;

Tensor Weights(std::vector<int8_t> integers, QuantParams params, Shape shape) {
  Tensor t;
  t.type = DataType::kS8;
  t.shape = std::move(shape);
  t.quant = std::move(params);
  t.data = Constant::Of<int8_t>(integers);
  return t;
}

TEST(KeepIntegers, KeepsWhatRoundsToThem) {
  const Tensor t = Weights({3, -3, 0, 10}, {{0.5f}, {0}, -1}, {4});
  const std::vector<float> values = {1.7f, -1.3f, 0.2f, 5};
  EXPECT_EQ(KeepIntegers(t, values), values);
}

TEST(KeepIntegers, ReplacesTheRest) {
  const Tensor t = Weights({3, -3, 0, 10}, {{0.5f}, {0}, -1}, {4});
  EXPECT_THAT(KeepIntegers(t, {1.2f, -1.9f, 7, 4.8f}), ElementsAre(1.5f, -1.5f, 0, 4.8f));
}

// Everything beyond the range is rounded to its end.
TEST(KeepIntegers, NothingEndsBeyondTheRange) {
  const Tensor t = Weights({127, -127, -128, 127}, {{1}, {0}, -1}, {4});
  EXPECT_THAT(KeepIntegers(t, {300, -300, -300, 0}), ElementsAre(300, -300, -300, 127));
}

TEST(KeepIntegers, TakesScalesAndZeroPointsOfTheChannel) {
  const Tensor t = Weights({4, 4, 4, 4}, {{1, 0.5f}, {0, 2}, 0}, {2, 2});
  EXPECT_THAT(KeepIntegers(t, {4, 9, 1.2f, 0}), ElementsAre(4, 4, 1.2f, 1));
}

// Next to a tie, the quotient in f32 and that of more digits are rounded to different integers.
TEST(KeepIntegers, RoundsAsTrainingDoes) {
  int differ = 0;
  for (int i = 1; i < 2000; ++i) {
    const float scale = 0.001f * static_cast<float>(i);
    std::vector<float> values;
    std::vector<int8_t> integers;
    for (int q = -100; q < 100; ++q) {
      values.push_back(static_cast<float>((q + 0.5) * scale));
      const double exact = static_cast<double>(values.back()) / scale;
      integers.push_back(static_cast<int8_t>(std::nearbyint(exact)));
      differ += std::nearbyint(values.back() / scale) != std::nearbyint(exact);
    }
    const Tensor t = Weights(integers, {{scale}, {0}, -1}, {200});
    const std::vector<float> kept = KeepIntegers(t, values);
    for (size_t k = 0; k < kept.size(); ++k) {
      ASSERT_EQ(std::nearbyint(kept[k] / scale), integers[k]) << values[k] << " over " << scale;
    }
  }
  EXPECT_GT(differ, 100);
}

// More than f32 can tell apart, as channels with tiny weights have them.
TEST(TrainedBias, KeepsLargeIntegers) {
  Graph graph;
  Tensor t;
  t.type = DataType::kS32;
  t.shape = {3};
  t.quant = QuantParams{{0.1f * 1e-8f}, {0}, -1};
  const std::vector<int32_t> first = {(1 << 30) + 1, -123456789, 5};
  t.data = Constant::Of<int32_t>(first);
  const TensorId id = graph.AddTensor(std::move(t));
  Parameter parameter{"b", ParameterRole::kBias, RealConstant(graph.tensor(id))};
  TrainedBias bias(graph.tensor(id), id, 0, int64_t{1} << 31, true);
  bias.Update({parameter}, 0.1f, {1e-8f});
  bias.Store(0.1f, {1e-8f}, graph);
  EXPECT_EQ(graph.tensor(id).data.as<int32_t>(), absl::MakeConstSpan(first));
  EXPECT_EQ(bias.value().data[2], 5);
  // And moves from there.
  parameter.values[2] += 3e-9f;
  bias.Update({parameter}, 0.1f, {1e-8f});
  bias.Store(0.1f, {1e-8f}, graph);
  EXPECT_THAT(graph.tensor(id).data.as<int32_t>(), ElementsAre(first[0], first[1], 8));
}

}  // namespace
}  // namespace octet

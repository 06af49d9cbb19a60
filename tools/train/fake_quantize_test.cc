#include "tools/train/fake_quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "runtime/core/numerics.h"

namespace octet {
namespace {

TEST(FakeQuantize, RoundsAsTheExecutorDoes) {
  for (DataType type : {DataType::kU8, DataType::kS8, DataType::kS16}) {
    for (int32_t zero_point : {0, 3, 127}) {
      const IntRange range = RangeOf(type);
      const Grid grid = GridOf(type, zero_point);
      std::vector<float> units = {0.5f,
                                  1.5f,
                                  -0.5f,
                                  -2.5f,
                                  1e30f,
                                  -1e30f,
                                  254.5f,
                                  0.49999997f,
                                  std::numeric_limits<float>::infinity(),
                                  -0.0f,
                                  std::numeric_limits<float>::quiet_NaN()};
      for (int i = -4000; i < 4000; ++i) units.push_back(static_cast<float>(i) * 0.1f);
      std::vector<float> rounded(units.size());
      RoundToGrid(units, grid.low, grid.high, rounded.data());
      for (size_t i = 0; i < units.size(); ++i) {
        EXPECT_EQ(rounded[i],
                  static_cast<float>(RoundAndClamp(units[i], zero_point, range) - zero_point))
            << units[i];
      }
    }
  }
}

TEST(FakeQuantize, GridsOfAllWidths) {
  EXPECT_EQ(SymmetricGrid(2).high, 1);
  EXPECT_EQ(SymmetricGrid(4).low, -7);
  EXPECT_EQ(SymmetricGrid(8).high, 127);
  EXPECT_EQ(SymmetricGrid(16).low, -32767);
  EXPECT_EQ(AffineGrid(4, false, 3).low, -3);
  EXPECT_EQ(AffineGrid(4, false, 3).high, 12);
  EXPECT_EQ(AffineGrid(8, true, 0).low, -128);
  EXPECT_EQ(AffineGrid(16, false, 0).high, 65535);
  for (int bits = 2; bits <= 16; ++bits) {
    const Grid grid = SymmetricGrid(bits);
    const std::vector<float> units = {-1e6f, 1e6f, grid.high - 0.6f};
    std::vector<float> rounded(3);
    RoundToGrid(units, grid.low, grid.high, rounded.data());
    EXPECT_EQ(rounded, (std::vector<float>{grid.low, grid.high, grid.high - 1})) << bits;
  }
}

TEST(FakeQuantize, ActivationsClampAtTheExecutorsIntegers) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (float scale : {0.01f, 6.0f / 255, 0.0230001f, 0.5f}) {
    for (int32_t zero_point : {0, 100}) {
      const IntRange range = ActivationRange(0, 6, scale, zero_point, DataType::kU8);
      const Clamp clamp = ClampFor(GridOf(DataType::kU8, zero_point), 0, 6, scale);
      EXPECT_EQ(clamp.low, static_cast<float>(range.min - zero_point));
      EXPECT_EQ(clamp.high, static_cast<float>(range.max - zero_point));
    }
  }
  const Clamp open = ClampFor(GridOf(DataType::kU8, 10), -infinity, infinity, 0.1f);
  EXPECT_EQ(open.low, -10);
  EXPECT_EQ(open.high, 245);
  EXPECT_EQ(open.low_slope, -10);
  EXPECT_EQ(open.high_slope, 245);
}

TEST(FakeQuantize, GradientsPassWithinTheRangeAlone) {
  // The grid [-10, 245] at scale 0.1 holds [-1, 24.5]; the activation ends at 6, integer 60.
  const Clamp clamp =
      ClampFor(GridOf(DataType::kU8, 10), -std::numeric_limits<float>::infinity(), 6, 0.1f);
  const std::vector<float> units = {-11, -10, 0.25f, 59.5f, 61};
  std::vector<float> rounded(units.size());
  RoundToGrid(units, clamp.low, clamp.high, rounded.data());
  EXPECT_EQ(rounded, (std::vector<float>{-10, -10, 0, 60, 60}));
  std::vector<float> g = {1, 2, 4, 8, 16};
  const double slope = BackThroughRounding(units, rounded, clamp, g.data());
  EXPECT_EQ(g, (std::vector<float>{0, 2, 4, 8, 0}));
  // LSQ: -10 below the grid, rounded - v within, and nothing where the activation ends.
  EXPECT_DOUBLE_EQ(slope, 1 * -10 + 2 * 0 + 4 * -0.25 + 8 * 0.5 + 0);
}

TEST(FakeQuantize, GradientOfTheScaleIsLongSumsToo) {
  const Clamp clamp{-127, 127, -127, 127};
  std::vector<float> units, g;
  double expected = 0;
  for (int i = 0; i < 10007; ++i) {
    units.push_back(static_cast<float>(i % 301) - 150.25f);
    g.push_back(static_cast<float>(i % 3) - 1.0f);
    const float v = units.back();
    const double own = v < -127 ? -127 : v > 127 ? 127 : std::nearbyint(v) - v;
    expected += g.back() * own;
  }
  std::vector<float> rounded(units.size());
  RoundToGrid(units, clamp.low, clamp.high, rounded.data());
  EXPECT_NEAR(BackThroughRounding(units, rounded, clamp, g.data()), expected, 1e-2);
}

TEST(FakeQuantize, ClampsOfRealNumbersStopGradients) {
  const std::vector<float> values = {-1, 0, 3, 6, 7};
  std::vector<float> g(5, 1.0f);
  BackThroughClamp(values, 0, 6, g.data());
  EXPECT_EQ(g, (std::vector<float>{0, 1, 1, 1, 0}));
}

TEST(FakeQuantize, ScaleGradientsShrinkWithValuesAndLevels) {
  EXPECT_DOUBLE_EQ(ScaleGradientFactor(100, {-127, 127}), 1 / std::sqrt(100.0 * 127));
  EXPECT_GT(ScaleGradientFactor(0, {0, 0}), 0);
}

}  // namespace
}  // namespace octet

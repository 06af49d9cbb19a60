#include "tools/quantize/value_loops.h"

#include <vector>

#include "gtest/gtest.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

TEST(ValueLoopsTest, RoundsAsTheSpecificationSays) {
  std::vector<float> values = testing::NormalValues(1000, 1);
  for (float& v : values) v *= 40;
  for (int i = -300; i <= 600; ++i) values.push_back(0.25f * static_cast<float>(i));  // ties
  values.insert(values.end(), {1e30f, -1e30f, 0.0f, -0.0f, 1e-30f});
  const IntRange all[] = {{0, 255}, {-128, 127}, {-127, 127}};
  for (const IntRange& integers : all) {
    for (const int zero_point : {integers.min, integers.max, 3}) {
      const QuantParams params = {{0.5f}, {zero_point}, -1};
      std::vector<float> result(values.size());
      RoundValues(values, params, integers, absl::MakeSpan(result));
      for (size_t i = 0; i < values.size(); ++i) {
        const int32_t q = QuantizeValue(values[i], 0.5f, zero_point, integers);
        EXPECT_EQ(result[i], DequantizeValue(q, 0.5f, zero_point)) << values[i];
      }
    }
  }
}

TEST(ValueLoopsTest, SumsSquares) {
  for (const size_t size : {0, 1, 7, 8, 1023, 1024, 1025, 5000}) {
    const std::vector<float> a = testing::NormalValues(size, 1), b = testing::NormalValues(size, 2);
    double squares = 0, differences = 0;
    for (size_t i = 0; i < size; ++i) {
      squares += static_cast<double>(a[i]) * a[i];
      differences += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    }
    const Squares result = SquaresOf(a, b);
    EXPECT_NEAR(result.values, squares, 1e-5 * squares);
    EXPECT_NEAR(result.differences, differences, 1e-5 * differences);
  }
}

}  // namespace
}  // namespace octet

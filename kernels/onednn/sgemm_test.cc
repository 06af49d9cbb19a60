#include "kernels/onednn/sgemm.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

namespace octet {
namespace {

struct Case {
  int64_t rows, columns, depth;
  bool transpose_a, transpose_b;
  float alpha, beta;
};

// Small integers, of which sums are exact in any order.
std::vector<float> Integers(size_t count, std::mt19937& random) {
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(static_cast<int>(random() % 255) - 127);
  return values;
}

TEST(Sgemm, IsExactOnIntegers) {
  std::mt19937 random(1);
  for (const Case& t : {Case{1, 1, 1, false, false, 1, 0}, Case{5, 7, 3, false, false, 1, 0},
                        Case{33, 70, 65, true, false, 1, 0}, Case{33, 70, 65, false, true, 1, 1},
                        Case{8, 1000, 27, false, false, 2, 0}, Case{64, 9, 200, true, true, 1, 1},
                        Case{3, 4, 0, false, false, 1, 1}}) {
    const std::vector<float> a = Integers(static_cast<size_t>(t.rows * t.depth), random);
    const std::vector<float> b = Integers(static_cast<size_t>(t.depth * t.columns), random);
    std::vector<float> c = Integers(static_cast<size_t>(t.rows * t.columns), random);
    std::vector<float> expected(c.size());
    for (int64_t i = 0; i < t.rows; ++i) {
      for (int64_t j = 0; j < t.columns; ++j) {
        int64_t sum = 0;
        for (int64_t k = 0; k < t.depth; ++k) {
          const int64_t ai = t.transpose_a ? k * t.rows + i : i * t.depth + k;
          const int64_t bi = t.transpose_b ? j * t.depth + k : k * t.columns + j;
          sum += static_cast<int64_t>(a[static_cast<size_t>(ai)]) *
                 static_cast<int64_t>(b[static_cast<size_t>(bi)]);
        }
        const auto at = static_cast<size_t>(i * t.columns + j);
        expected[at] = t.alpha * static_cast<float>(sum) + (t.beta == 0 ? 0.0f : t.beta * c[at]);
      }
    }
    Sgemm(t.rows, t.columns, t.depth, t.alpha,
          {a.data(), t.transpose_a ? t.rows : t.depth, t.transpose_a},
          {b.data(), t.transpose_b ? t.depth : t.columns, t.transpose_b}, t.beta, c.data(),
          t.columns);
    EXPECT_EQ(c, expected) << t.rows << " x " << t.columns << " x " << t.depth;
  }
}

TEST(Sgemm, DoesNotReadTheResultWithoutBeta) {
  const float a = 3, b = 5;
  float c = std::numeric_limits<float>::quiet_NaN();
  Sgemm(1, 1, 1, 1, {&a, 1}, {&b, 1}, 0, &c, 1);
  EXPECT_EQ(c, 15);
}

}  // namespace
}  // namespace octet

#include "gtest/gtest.h"
#include "kernels/simd/quantized_case.h"
#include "kernels/simd/simd.h"

namespace octet {
namespace simd {
namespace {

void ExpectExact(const MatMulCase& c, uint32_t seed = 1) {
  QuantizedCase test(c, seed);
  EXPECT_EQ(CompareEverywhere(kSimdMatMulExact, test), "")
      << c.batch << "x" << c.m << "x" << c.k << "x" << c.n;
}

TEST(SimdMatMul, SizesAndBothFormsOfTheRightSide) {
  for (int64_t m : {1, 2, 13, 50}) {
    for (int64_t k : {1, 3, 64, 129}) {
      for (int64_t n : {1, 10, 16, 65, 200}) {
        MatMulCase c;
        c.m = m, c.k = k, c.n = n;
        c.transpose_b = (m + k + n) % 2 == 0;
        ExpectExact(c, static_cast<uint32_t>(m * k + n));
      }
    }
  }
}

TEST(SimdMatMul, BatchesAndTypes) {
  for (DataType y : {DataType::kU8, DataType::kS8, DataType::kF32}) {
    MatMulCase c;
    c.batch = 3, c.m = 7, c.k = 40, c.n = 33;
    c.numbers.y_type = y;
    ExpectExact(c);
    c.numbers.x_type = DataType::kS8, c.numbers.x_zero_point = -7;
    c.numbers.per_channel = c.numbers.bias = false;
    c.numbers.residual_type = y;
    ExpectExact(c);
  }
}

TEST(SimdMatMul, TiesAndSaturation) {
  MatMulCase c;
  c.m = 20, c.k = 64, c.n = 48;
  c.numbers.per_channel = false;
  c.numbers.x_scale = c.numbers.w_scale = 1.0f, c.numbers.y_scale = 1024.0f,
  c.numbers.y_zero_point = 100;
  ExpectExact(c);
  c.numbers.extreme = true;
  ExpectExact(c);
}

TEST(SimdMatMulWords, SizesTypesAndWorstWeights) {
  for (DataType weights : {DataType::kS8, DataType::kS16}) {
    for (int64_t k : {1, 3, 64, 129, 1300}) {
      for (int64_t n : {1, 10, 65}) {
        for (DataType y : {DataType::kS16, DataType::kF32}) {
          MatMulCase c;
          c.batch = 2, c.m = 13, c.k = k, c.n = n;
          c.transpose_b = (k + n) % 2 == 0;
          c.numbers.x_type = DataType::kS16, c.numbers.w_type = weights, c.numbers.y_type = y;
          c.numbers.x_zero_point = c.numbers.y_zero_point = c.numbers.residual_zero_point = 0;
          c.numbers.x_scale = 1e-3f;
          c.numbers.w_scale = weights == DataType::kS8 ? 0.01f : 4e-5f;
          c.numbers.y_scale = 5e-4f * static_cast<float>(k);
          ExpectExact(c);
          c.numbers.worst = true, c.numbers.bias_type = DataType::kS64;
          c.numbers.residual_type = y, c.numbers.residual_scale = c.numbers.y_scale;
          ExpectExact(c);
        }
      }
    }
  }
}

}  // namespace
}  // namespace simd
}  // namespace octet

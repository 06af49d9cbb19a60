#include "kernels/generic/loops.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/core/half.h"
#include "schema/model_generated.h"

namespace octet {
namespace generic {
namespace {

// The variants that this CPU can run.
std::vector<const Loops*> Variants() {
  const CpuFeatures host = CpuFeatures::Host();
  std::vector<const Loops*> variants = {&kBaseLoops};
  if (host.avx2) variants.push_back(&kAvx2Loops);
  if (host.avx512) variants.push_back(&kAvx512Loops);
  return variants;
}

std::vector<float> RandomFloats(size_t n, float lo, float hi) {
  std::mt19937 rng(static_cast<uint32_t>(n));
  std::uniform_real_distribution<float> distribution(lo, hi);
  std::vector<float> values(n);
  for (float& v : values) v = distribution(rng);
  return values;
}

// Largest error in units in the last place of the exact value, at least those of `floor`.
double WorstError(schema::UnaryKind kind, float lo, float hi, double floor,
                  double (*exact)(double)) {
  const std::vector<float> x = RandomFloats(100000, lo, hi);
  std::vector<float> y(x.size());
  kBaseLoops.unary[static_cast<size_t>(kind)](x.data(), y.data(), static_cast<int64_t>(x.size()), 0,
                                              0);
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double want = exact(x[i]);
    const double unit = std::ldexp(1.0, std::ilogb(std::max(std::abs(want), floor)) - 23);
    worst = std::max(worst, std::abs(y[i] - want) / unit);
  }
  return worst;
}

TEST(LoopsTest, ElementaryFunctionsAreAccurate) {
  using Kind = schema::UnaryKind;
  EXPECT_LT(WorstError(Kind::EXP, -87, 88, 0, [](double x) { return std::exp(x); }), 2);
  EXPECT_LT(WorstError(Kind::TANH, -10, 10, 0, [](double x) { return std::tanh(x); }), 3);
  EXPECT_LT(WorstError(Kind::TANH, -0.1f, 0.1f, 0, [](double x) { return std::tanh(x); }), 2);
  EXPECT_LT(WorstError(Kind::ERF, -5, 5, 0, [](double x) { return std::erf(x); }), 4);
  EXPECT_LT(WorstError(Kind::SIGMOID, -30, 30, 0, [](double x) { return 1 / (1 + std::exp(-x)); }),
            4);
  // Its negative tail is a difference of numbers near 1.
  EXPECT_LT(WorstError(Kind::GELU, -6, 6, 1,
                       [](double x) { return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5))); }),
            6);
}

TEST(LoopsTest, FunctionsThatStartFromExpAreAccurate) {
  using Kind = schema::UnaryKind;
  EXPECT_LT(
      WorstError(
          Kind::MISH, -30, 30, 0, +[](double x) { return x * std::tanh(std::log1p(std::exp(x))); }),
      6);
  EXPECT_LT(WorstError(Kind::GELU_TANH, -6, 6, 1,
                       [](double x) {
                         const double cubic = x + 0.044715 * x * x * x;
                         return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * cubic));
                       }),
            6);
}

// With alpha = 1: expm1 below 0.
TEST(LoopsTest, EluIsAccurateNearZero) {
  const std::vector<float> x = RandomFloats(100000, -2, 0);
  std::vector<float> y(x.size());
  kBaseLoops.unary[static_cast<size_t>(schema::UnaryKind::ELU)](
      x.data(), y.data(), static_cast<int64_t>(x.size()), 1, 0);
  for (size_t i = 0; i < x.size(); ++i) {
    const double want = std::expm1(static_cast<double>(x[i]));
    EXPECT_NEAR(y[i] / want, 1, 6e-7) << x[i];
  }
}

TEST(LoopsTest, ExpAtItsEnds) {
  const float inf = INFINITY;
  const float x[] = {-inf, -104.0f, -100.0f, 0.0f, 88.7f, 89.0f, inf};
  float y[7];
  kBaseLoops.unary[static_cast<size_t>(schema::UnaryKind::EXP)](x, y, 7, 0, 0);
  EXPECT_EQ(y[0], 0.0f);
  EXPECT_EQ(y[1], 0.0f);
  EXPECT_GT(y[2], 0.0f);  // below the normal range
  EXPECT_EQ(y[3], 1.0f);
  EXPECT_NEAR(y[4] / std::exp(static_cast<double>(x[4])), 1, 2e-7);
  EXPECT_EQ(y[5], inf);
  EXPECT_EQ(y[6], inf);
}

TEST(LoopsTest, EveryVariantGivesTheSameBits) {
  constexpr int64_t kCount = 1003;
  const std::vector<float> a = RandomFloats(kCount, 0.01f, 5), b = RandomFloats(kCount + 1, -3, 3);
  const auto outputs = [&](const Loops& loops) {
    std::vector<std::vector<float>> results;
    const auto add = [&]() -> float* {
      results.emplace_back(kCount);
      return results.back().data();
    };
    for (UnaryLoop loop : loops.unary) {
      if (loop == nullptr) continue;
      loop(a.data(), add(), kCount, 0.3f, 0.7f);
      loop(b.data(), add(), kCount, -0.3f, 0.7f);
    }
    for (const auto& modes : loops.binary) {
      for (BinaryLoop loop : modes) loop(a.data(), b.data(), add(), kCount, -1, 2);
    }
    for (Int8BinaryLoop loop : loops.int8_binary) {
      loop(a.data(), b.data(), add(), kCount, {0.3f, 0.7f, 1.1f});
    }
    results.push_back({loops.row_sum(b.data(), kCount), loops.row_max(b.data(), kCount),
                       loops.row_min(b.data(), kCount),
                       loops.exp_minus(a.data(), add(), kCount, 5)});
    loops.softmax_lines(a.data(), add(), 20, 50, 50);
    loops.log_softmax_lines(a.data(), add(), 20, 50, 50);
    loops.log_softmax_row(b.data(), add(), kCount);
    const int64_t offsets[] = {0, 7, 100, 33, 250, 1, 2};
    loops.sum_f32(a.data(), offsets, 7, add(), 700);
    return results;
  };
  const std::vector<std::vector<float>> want = outputs(kBaseLoops);
  for (const Loops* variant : Variants()) {
    const std::vector<std::vector<float>> got = outputs(*variant);
    for (size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(std::memcmp(got[i].data(), want[i].data(), want[i].size() * sizeof(float)), 0)
          << "result " << i;
    }
  }
}

TEST(LoopsTest, RoundsLikeTheSpecification) {
  std::vector<float> x;
  for (int i = -2000; i < 2000; ++i) x.push_back(static_cast<float>(i) * 0.25f);
  for (float v : {1e30f, -1e30f, INFINITY, -INFINITY, NAN}) x.push_back(v);
  for (int32_t zero_point : {0, 128, 255}) {
    const IntTarget target = {zero_point, {3, 250}};
    for (const Loops* variant : Variants()) {
      std::vector<uint8_t> narrowed(x.size()), quantized(x.size());
      const auto n = static_cast<int64_t>(x.size());
      variant->narrow(x.data(), narrowed.data(), n, target);
      variant->quantize(x.data(), quantized.data(), n, 0.3f, target);
      for (size_t i = 0; i < x.size(); ++i) {
        EXPECT_EQ(narrowed[i], RoundAndClamp(x[i], zero_point, target.range)) << x[i];
        EXPECT_EQ(quantized[i], QuantizeValue(x[i], 0.3f, zero_point, target.range)) << x[i];
      }
    }
  }
}

TEST(LoopsTest, TiesOfAveragesGoAwayFromZero) {
  std::vector<int32_t> x;
  for (int32_t i = -3000; i <= 3000; ++i) x.push_back(i);
  std::vector<float> y(x.size());
  for (int64_t count : {1, 2, 3, 6, 10, 14, 49, 64, 250}) {
    for (const Loops* variant : Variants()) {
      variant->average_ties_away(x.data(), y.data(), static_cast<int64_t>(x.size()),
                                 static_cast<float>(count));
      for (size_t i = 0; i < x.size(); ++i) {
        EXPECT_EQ(static_cast<int64_t>(y[i]), AverageTiesAway(x[i], count)) << x[i] << "/" << count;
      }
    }
  }
}

// All f16 and bf16, and floats around every one of them, at every place in a vector.
TEST(LoopsTest, HalvesConvertAsTheSingleNumbersDo) {
  std::vector<uint16_t> x(0x10000 + 3);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint16_t>(i * 40503);
  const auto n = static_cast<int64_t>(x.size());
  const auto bits_of = [](const std::vector<float>& values) {
    std::vector<uint32_t> bits(values.size());
    std::memcpy(bits.data(), values.data(), values.size() * sizeof(float));
    return bits;
  };
  for (DataType type : {DataType::kF16, DataType::kBF16}) {
    const bool f16 = type == DataType::kF16;
    std::vector<float> wide(x.size()), floats;
    for (size_t i = 0; i < x.size(); ++i) wide[i] = f16 ? HalfToFloat(x[i]) : BFloat16ToFloat(x[i]);
    for (float v : wide) {
      floats.insert(floats.end(), {v, std::nextafterf(v, 1e38f), std::nextafterf(v, -1e38f)});
      const float next = f16 ? HalfToFloat(static_cast<uint16_t>(FloatToHalf(v) + 1))
                             : BFloat16ToFloat(static_cast<uint16_t>(FloatToBFloat16(v) + 1));
      floats.push_back(v / 2 + next / 2);
    }
    std::vector<uint16_t> narrow(floats.size());
    for (size_t i = 0; i < floats.size(); ++i) {
      narrow[i] = f16 ? FloatToHalf(floats[i]) : FloatToBFloat16(floats[i]);
    }
    for (const Loops* loops : Variants()) {
      std::vector<float> widened(x.size());
      loops->halves.widen(type)(x.data(), widened.data(), n);
      EXPECT_EQ(bits_of(widened), bits_of(wide));
      std::vector<uint16_t> narrowed(floats.size());
      loops->halves.narrow(type)(floats.data(), narrowed.data(),
                                 static_cast<int64_t>(floats.size()));
      EXPECT_EQ(narrowed, narrow);
    }
  }
}

}  // namespace
}  // namespace generic
}  // namespace octet

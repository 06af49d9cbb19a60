#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kernels/simd/quantized_case.h"
#include "kernels/simd/simd.h"
#include "kernels/testing/kernel_test_util.h"

// DYNAMIC attention beyond what the registry's tests say: bits, padding, numbers that are not
// finite.

namespace octet {
namespace simd {
namespace {

using testing::F32;
using testing::KernelCase;
using testing::OutputLike;
using testing::Outputs;
using testing::RandomF32;
using testing::Rng;
using testing::RunOptions;
using testing::RunRow;
using testing::TestTensor;

constexpr int64_t kHeads = 3, kDepth = 20;

struct Sentence {
  std::vector<float> q, k, v;  // [heads, time, depth]
  int64_t time;
};

Sentence MakeSentence(int64_t time, Rng& rng) {
  const Shape shape = {kHeads, time, kDepth};
  return {RandomF32(shape, -2, 2, rng).values<float>(),
          RandomF32(shape, -2, 2, rng).values<float>(),
          RandomF32(shape, -2, 2, rng).values<float>(), time};
}

// [heads, time, depth] with `time` grown, the new elements being `fill`.
std::vector<float> Padded(const std::vector<float>& x, int64_t time, int64_t padded, float fill) {
  std::vector<float> result(static_cast<size_t>(kHeads * padded * kDepth), fill);
  for (int64_t h = 0; h < kHeads; ++h) {
    std::memcpy(result.data() + h * padded * kDepth, x.data() + h * time * kDepth,
                static_cast<size_t>(time * kDepth) * sizeof(float));
  }
  return result;
}

// One sentence, with padding that the mask excludes by a boolean, or by `excluded`.
KernelCase CaseOf(const Sentence& s, int64_t padded, bool boolean, float excluded, float fill) {
  schema::AttentionOptionsT options;
  options.arithmetic = schema::Arithmetic::DYNAMIC;
  options.scale = 0.2f;
  const Shape shape = {1, kHeads, padded, kDepth};
  TestTensor mask;
  mask.shape = {1, 1, 1, padded};
  if (boolean) {
    mask.type = DataType::kBool;
    for (int64_t i = 0; i < padded; ++i) mask.bytes.push_back(i < s.time);
  } else {
    std::vector<float> values(static_cast<size_t>(padded), excluded);
    std::fill(values.begin(), values.begin() + s.time, 0.0f);
    mask = F32(mask.shape, values);
  }
  return testing::MakeCase(
      absl::StrCat(s.time, " of ", padded), options,
      {F32(shape, Padded(s.q, s.time, padded, fill)), F32(shape, Padded(s.k, s.time, padded, fill)),
       F32(shape, Padded(s.v, s.time, padded, fill)), mask},
      {OutputLike(DataType::kF32)});
}

// The result [heads, time, depth] without padding, which is the same everywhere.
std::vector<float> ResultOf(const KernelCase& c, int64_t time) {
  static const std::shared_ptr<ThreadPool> pools[] = {ThreadPool::Create(1), ThreadPool::Create(3)};
  Outputs first;
  for (const CpuFeatures& cpu : RunnableCpus()) {
    for (const auto& pool : pools) {
      RunOptions options;
      options.cpu = cpu;
      options.pool = pool.get();
      const absl::StatusOr<Outputs> got = RunRow(kSimdAttentionDynamic, c, options);
      EXPECT_TRUE(got.ok()) << got.status();
      if (!got.ok()) return {};
      if (first.empty()) first = *got;
      EXPECT_EQ(*got, first) << c.name << ": bits depend on the instruction set or on threads";
    }
  }
  TestTensor t;
  t.bytes = first[0];
  const std::vector<float> y = t.values<float>();
  const int64_t padded = c.inputs[0].shape[2];
  std::vector<float> result;
  for (int64_t h = 0; h < kHeads; ++h) {
    const auto begin = y.begin() + h * padded * kDepth;
    result.insert(result.end(), begin, begin + time * kDepth);
  }
  return result;
}

TEST(SimdAttentionDynamic, PaddingChangesNoBit) {
  Rng rng(1);
  for (int64_t time : {1, 3, 16, 37, 90}) {
    const Sentence s = MakeSentence(time, rng);
    const std::vector<float> alone = ResultOf(CaseOf(s, time, true, 0, 0), time);
    for (int64_t more : {1, 2, 15, 32, 100}) {
      for (float fill : {0.0f, 3.0f}) {
        EXPECT_EQ(ResultOf(CaseOf(s, time + more, true, 0, fill), time), alone);
        EXPECT_EQ(ResultOf(CaseOf(s, time + more, false, -1e4f, fill), time), alone);
        EXPECT_EQ(
            ResultOf(CaseOf(s, time + more, false, std::numeric_limits<float>::lowest(), fill),
                     time),
            alone);
      }
    }
  }
}

TEST(SimdAttentionDynamic, WhatIsNotFiniteSpreadsNoFurtherThanItIsSeen) {
  Rng rng(2);
  const int64_t time = 19;
  const float kNaN = std::numeric_limits<float>::quiet_NaN();
  const Sentence s = MakeSentence(time, rng);
  const std::vector<float> alone = ResultOf(CaseOf(s, time, true, 0, 0), time);
  EXPECT_EQ(ResultOf(CaseOf(s, time + 5, true, 0, kNaN), time), alone);

  const auto count_nan = [&](const Sentence& changed) {
    const std::vector<float> y = ResultOf(CaseOf(changed, time, true, 0, 0), time);
    return std::count_if(y.begin(), y.end(), [](float v) { return std::isnan(v); });
  };
  Sentence q = s, k = s, v = s;
  q.q[0] = kNaN;  // one query of one head
  EXPECT_EQ(count_nan(q), kDepth);
  k.k[0] = std::numeric_limits<float>::infinity();  // every query of a head
  EXPECT_EQ(count_nan(k), time * kDepth);
  v.v[5] = kNaN;
  EXPECT_EQ(count_nan(v), time * kDepth);
}

TEST(SimdAttentionDynamic, IsCloseToRealNumbers) {
  Rng rng(3);
  const Sentence s = MakeSentence(40, rng);
  const std::vector<float> y = ResultOf(CaseOf(s, 40, true, 0, 0), 40);
  for (int64_t h = 0; h < kHeads; ++h) {
    for (int64_t i = 0; i < 40; ++i) {
      const float* q = s.q.data() + (h * 40 + i) * kDepth;
      std::vector<double> e;
      double sum = 0;
      for (int64_t t = 0; t < 40; ++t) {
        double score = 0;
        for (int64_t d = 0; d < kDepth; ++d)
          score += q[d] * s.k[static_cast<size_t>((h * 40 + t) * kDepth + d)];
        e.push_back(std::exp(0.2 * score));
        sum += e.back();
      }
      for (int64_t d = 0; d < kDepth; ++d) {
        double want = 0;
        for (int64_t t = 0; t < 40; ++t) {
          want +=
              e[static_cast<size_t>(t)] / sum * s.v[static_cast<size_t>((h * 40 + t) * kDepth + d)];
        }
        EXPECT_NEAR(y[static_cast<size_t>((h * 40 + i) * kDepth + d)], want, 0.03);
      }
    }
  }
}

}  // namespace
}  // namespace simd
}  // namespace octet

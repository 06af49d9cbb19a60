#ifndef OCTET_KERNELS_ONEDNN_PRODUCT_TEST_UTIL_H_
#define OCTET_KERNELS_ONEDNN_PRODUCT_TEST_UTIL_H_

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/onednn/rows.h"
#include "kernels/reference/reference.h"
#include "kernels/testing/kernel_test_util.h"

// What the tests of convolution and matrix product share.

namespace octet::testing {

// Whether oneDNN may decline this case on the CPU at hand: without VNNI it must decline where sums
// could be inexact.
inline bool MayDecline(const KernelCase& c) {
  return c.inputs[0].quant.has_value() && !TestCpu().vnni();
}

// Runs `row` on pools of 1, 2 and 4 threads, expects each to be like `reference`, and int8 outputs
// to be equal bit by bit. False when the row may decline and does.
inline bool ExpectLikeReference(const KernelEntry& row, const KernelEntry& reference,
                                const KernelCase& c) {
  const bool integers = c.inputs[0].quant.has_value();
  const absl::StatusOr<Outputs> want = RunRow(reference, c, NaturalOptions(c));
  EXPECT_TRUE(want.ok()) << c.name << ": " << want.status();
  if (!want.ok()) return true;
  Outputs first;
  for (int threads : {1, 2, 4}) {
    const std::shared_ptr<ThreadPool> pool = ThreadPool::Create(threads);
    RunOptions options = NaturalOptions(c);
    options.pool = pool.get();
    const absl::StatusOr<Outputs> got = RunRow(row, c, options);
    if (absl::IsUnimplemented(got.status()) && MayDecline(c)) return false;
    EXPECT_TRUE(got.ok()) << c.name << ": " << got.status();
    if (!got.ok()) return true;
    ExpectAlike(c, *got, *want, {/*units=*/1, /*relative=*/1e-5f});
    if (first.empty()) first = *got;
    if (integers) {
      EXPECT_EQ(*got, first) << c.name << ": " << threads << " threads give other bits than 1";
    }
  }
  return true;
}

// Sample `i` of the operands whose first dimension is the batch.
inline KernelCase SampleOf(const KernelCase& batch, int64_t i) {
  const auto cut = [i](TestTensor t) {
    if (!t.present() || t.constant) return t;
    const size_t bytes = t.bytes.size() / static_cast<size_t>(t.shape[0]);
    t.bytes = std::vector<uint8_t>(t.bytes.begin() + i * bytes, t.bytes.begin() + (i + 1) * bytes);
    t.shape[0] = 1;
    return t;
  };
  KernelCase sample = batch;
  for (TestTensor& t : sample.inputs) t = cut(t);
  for (TestTensor& t : sample.outputs) t.shape[0] = 1;
  return sample;
}

// Expects the first, the last and a middle sample of the batch to have the bits that they have when
// they are computed alone.
inline void ExpectSamplesLikeBatch(const KernelEntry& row, const KernelCase& batch) {
  const std::shared_ptr<ThreadPool> pool = ThreadPool::Create(2);
  RunOptions options = NaturalOptions(batch);
  options.pool = pool.get();
  const absl::StatusOr<Outputs> all = RunRow(row, batch, options);
  if (absl::IsUnimplemented(all.status()) && MayDecline(batch)) return;
  ASSERT_TRUE(all.ok()) << batch.name << ": " << all.status();
  const int64_t samples = batch.inputs[0].shape[0];
  const size_t bytes = (*all)[0].size() / static_cast<size_t>(samples);
  for (int64_t i : {int64_t{0}, samples / 2, samples - 1}) {
    const absl::StatusOr<Outputs> one = RunRow(row, SampleOf(batch, i), options);
    ASSERT_TRUE(one.ok()) << batch.name << ": " << one.status();
    const std::vector<uint8_t> part((*all)[0].begin() + i * bytes,
                                    (*all)[0].begin() + (i + 1) * bytes);
    EXPECT_EQ((*one)[0], part) << batch.name << ": sample " << i << " alone has other bits";
  }
}

}  // namespace octet::testing

#endif  // OCTET_KERNELS_ONEDNN_PRODUCT_TEST_UTIL_H_

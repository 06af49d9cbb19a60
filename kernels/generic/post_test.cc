#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/generic/generic.h"
#include "kernels/reference/reference.h"
#include "kernels/testing/kernel_test_util.h"

namespace octet::testing {
namespace {

absl::StatusOr<std::unique_ptr<Kernel>> PrepareWithPost(const KernelContext& context) {
  absl::StatusOr<std::unique_ptr<Kernel>> kernel = kReferenceConv.prepare(context);
  if (!kernel.ok()) return kernel;
  return ApplyAfter(context, *std::move(kernel));
}

TEST(ApplyAfterTest, AppliesFunctionsInOrderToEveryElement) {
  const KernelEntry row = {"reference + post", kReferenceConv.check, PrepareWithPost,
                           /*applies_post=*/true};
  schema::ConvOptionsT options;
  options.strides = options.dilations = {1, 1};
  options.pads_begin = options.pads_end = {1, 1};
  Rng rng(1);
  KernelCase c = MakeCase(
      "post", std::move(options),
      {RandomF32({1, 3, 23, 41}, -2, 2, rng), AsConstant(RandomF32({70, 3, 3, 3}, -1, 1, rng))},
      {OutputLike(DataType::kF32)});
  c.post = {{schema::UnaryKind::HARD_SWISH},
            {absl::nullopt, 2.0f, -1.0f},
            {schema::UnaryKind::CLIP, -1.5f, 3.0f}};
  const absl::StatusOr<Outputs> want = RunRow(kReferenceConv, c);
  ASSERT_TRUE(want.ok()) << want.status();
  for (const int threads : {1, 3}) {
    const std::shared_ptr<ThreadPool> pool = ThreadPool::Create(threads);
    RunOptions run;
    run.pool = pool.get();
    const absl::StatusOr<Outputs> got = RunRow(row, c, run);
    ASSERT_TRUE(got.ok()) << got.status();
    ExpectAlike(c, *got, *want, Tolerance());
  }
}

}  // namespace
}  // namespace octet::testing

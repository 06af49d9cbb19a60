#include "runtime/lower/select.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kernels/testing/cases.h"
#include "kernels/testing/kernel_test_util.h"
#include "kernels/testing/widened_reference.h"

// Operands of 16 bits, by whatever kernel is chosen for them.

namespace octet::testing {
namespace {

// The kernel that SelectKernel chooses, as a row.
const KernelEntry kSelected = {
    "selected", [](const KernelContext&) { return absl::OkStatus(); },
    [](const KernelContext& context) -> absl::StatusOr<std::unique_ptr<Kernel>> {
      absl::StatusOr<Selected> selected = SelectKernel(context);
      if (!selected.ok()) return selected.status();
      return std::move(selected->kernel);
    }};

constexpr int64_t kMostElements = 20000;

class SelectTest : public ::testing::TestWithParam<OpType> {};

TEST_P(SelectTest, EveryOperatorOfRealsTakesSixteenBits) {
  const std::shared_ptr<ThreadPool> pool = ThreadPool::Create(2);
  for (DataType type : {DataType::kBF16, DataType::kF16}) {
    for (const KernelCase& c : HalfCasesFor(GetParam(), type)) {
      // The reference takes long, and several slices are enough.
      if (NumElements(c.outputs[0].shape) > kMostElements) continue;
      const absl::StatusOr<Outputs> want = RunRow(kWidenedReference, c, NaturalOptions(c));
      ASSERT_TRUE(want.ok()) << c.name << ": " << want.status();
      for (Layout layout : {Layout::kPlain, Layout::kChannelsLast}) {
        if (LayoutRuleOf(GetParam()) == LayoutRule::kPlain && layout != Layout::kPlain) continue;
        RunOptions options;
        options.layout = layout;
        options.pool = pool.get();
        const absl::StatusOr<Outputs> got = RunRow(kSelected, c, options);
        ASSERT_TRUE(got.ok()) << c.name << ": " << got.status();
        Tolerance tolerance;
        if (GetParam() == OpType::AttentionOptions) tolerance.half_steps = 2;
        ExpectAlike(c, *got, *want, tolerance);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, SelectTest,
                         ::testing::ValuesIn(OpsWithKernels().begin(), OpsWithKernels().end()),
                         [](const ::testing::TestParamInfo<OpType>& info) {
                           return std::string(Name(info.param));
                         });

Selected Select(const KernelCase& c, bool accumulate_f16 = false) {
  std::vector<Operand> inputs, outputs;
  const auto operand_of = [](const TestTensor& t) {
    Operand o;
    o.type = t.type;
    o.shape = t.shape;
    o.data = t.constant ? t.bytes.data() : nullptr;
    return o;
  };
  for (const TestTensor& t : c.inputs) inputs.push_back(operand_of(t));
  for (const TestTensor& t : c.outputs) outputs.push_back(operand_of(t));
  static auto* const pool = new std::shared_ptr<ThreadPool>(ThreadPool::Create(1));
  const std::unique_ptr<PackedWeights> packed = NewPackedWeights();
  KernelContext context;
  context.node = &c.node;
  context.inputs = inputs;
  context.outputs = outputs;
  context.cpu = TestCpu();
  context.pool = pool->get();
  context.packed = packed.get();
  context.accumulate_f16 = accumulate_f16;
  absl::StatusOr<Selected> selected = SelectKernel(context);
  EXPECT_TRUE(selected.ok()) << selected.status();
  return selected.ok() ? *std::move(selected) : Selected();
}

KernelCase Product(DataType type) {
  Rng rng(3);
  const auto reals = [&](const Shape& shape) {
    const std::vector<float> values = RandomF32(shape, -1, 1, rng).values<float>();
    return Values(type, shape, std::vector<double>(values.begin(), values.end()));
  };
  return MakeCase("product", schema::MatMulOptionsT(),
                  {reals({8, 64}), AsConstant(reals({64, 32}))}, {OutputLike(type)});
}

TEST(SelectTest, ProductsAreNativeWhereTheCpuHasThem) {
  const Selected bf16 = Select(Product(DataType::kBF16));
  EXPECT_EQ(bf16.widened, !TestCpu().avx512_bf16) << bf16.name;
  const Selected f16 = Select(Product(DataType::kF16));
  EXPECT_EQ(f16.widened, !TestCpu().avx512_fp16) << f16.name;
  if (!f16.widened) return;
  EXPECT_TRUE(absl::StrContains(f16.reason, "no products of f16")) << f16.reason;
}

TEST(SelectTest, AccumulatingInF16IsTheReferences) {
  const Selected f16 = Select(Product(DataType::kF16), true);
  EXPECT_EQ(f16.name, "reference");
  EXPECT_FALSE(f16.widened);
  const Selected f32 = Select(Product(DataType::kBF16), true);
  EXPECT_NE(f32.name, "reference");
}

TEST(SelectTest, MovementNeedsNoConversion) {
  KernelCase c = HalfCasesFor(OpType::ConcatOptions, DataType::kBF16)[0];
  EXPECT_FALSE(Select(c).widened);
}

}  // namespace
}  // namespace octet::testing

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kernels/kernel.h"
#include "kernels/reference/reference.h"
#include "kernels/testing/cases.h"
#include "kernels/testing/kernel_test_util.h"
#include "kernels/testing/widened_reference.h"
#include "runtime/core/operators.h"

// Every row of the registry against the reference on every case that it accepts.

namespace octet::testing {
namespace {

bool HasHalves(const KernelCase& c) {
  const DataType type = c.outputs[0].type;
  return type == DataType::kF16 || type == DataType::kBF16;
}

const KernelEntry& ReferenceOf(const KernelCase& c) {
  // Elements that are only moved or cast have a reference of every type.
  if (!HasHalves(c) || RunRow(KernelsFor(c.node.type()).back(), c).ok()) {
    return KernelsFor(c.node.type()).back();
  }
  return kWidenedReference;
}

// Kernels that take 16 bits as they are.
std::vector<KernelCase> HalfCases(OpType type) {
  switch (type) {
    case OpType::ConvOptions:
    case OpType::MatMulOptions:
    case OpType::ConvTransposeOptions:
    case OpType::AttentionOptions:
    case OpType::PoolOptions:
    case OpType::GlobalPoolOptions: {
      std::vector<KernelCase> cases = HalfCasesFor(type, DataType::kBF16);
      // Without instructions for it all rows decline f16.
      if (!TestCpu().avx512_fp16) return cases;
      for (KernelCase& c : HalfCasesFor(type, DataType::kF16)) cases.push_back(std::move(c));
      return cases;
    }
    default:
      return {};
  }
}

// Kernels of our own give the reference's integers; oneDNN adds the bias after scaling, which may
// move a value across a tie.
Tolerance ToleranceOf(const KernelEntry& row, const KernelCase& c) {
  Tolerance tolerance;
  tolerance.units = absl::StartsWith(row.name, "onednn") ? 1 : 0;
  // One unit in the last place of exp may move a weight of 255 steps to the next one.
  const bool dynamic_attention =
      c.node.type() == OpType::AttentionOptions &&
      c.node.as<schema::AttentionOptionsT>().arithmetic == schema::Arithmetic::DYNAMIC;
  if (dynamic_attention) tolerance.relative = 1.0 / 255;
  // So may one of a function whose result has 16 bits.
  const bool function =
      c.node.type() == OpType::UnaryOptions || c.node.type() == OpType::SoftmaxOptions;
  if (function && c.outputs[0].type == DataType::kS16) tolerance.units = 1;
  // Attention rounds weights to 16 bits, too.
  if (c.node.type() == OpType::AttentionOptions) tolerance.half_steps = 2;
  return tolerance;
}

std::vector<RunOptions> LayoutsOf(OpType type) {
  RunOptions plain, last;
  last.layout = Layout::kChannelsLast;
  switch (LayoutRuleOf(type)) {
    case LayoutRule::kPlain:
      return {plain};
    case LayoutRule::kAny: {
      RunOptions to_last = plain, to_plain = last;
      to_last.output_layout = Layout::kChannelsLast;
      to_plain.output_layout = Layout::kPlain;
      return {plain, last, to_last, to_plain};
    }
    default:
      return {plain, last};
  }
}

ThreadPool* PoolOf(int threads) {
  static auto* const pools = new std::map<int, std::shared_ptr<ThreadPool>>();
  std::shared_ptr<ThreadPool>& pool = (*pools)[threads];
  if (pool == nullptr) pool = ThreadPool::Create(threads);
  return pool.get();
}

class RegistryTest : public ::testing::TestWithParam<OpType> {
 protected:
  // Runs the case by `row` in one layout with several pools. Returns whether the row accepted it.
  bool Compare(const KernelEntry& row, const KernelCase& c, RunOptions options, const Outputs& want,
               absl::Span<const int> thread_counts) {
    options.pool = PoolOf(1);
    const absl::StatusOr<Outputs> alone = RunRow(row, c, options);
    if (!alone.ok()) {
      EXPECT_EQ(alone.status().code(), absl::StatusCode::kUnimplemented)
          << c.name << ": " << alone.status();
      EXPECT_NE(alone.status().message(), "") << "a row must say why it declines";
      return false;
    }
    ExpectAlike(c, *alone, want, ToleranceOf(row, c));
    for (int threads : thread_counts) {
      options.pool = PoolOf(threads);
      const absl::StatusOr<Outputs> together = RunRow(row, c, options);
      if (!together.ok()) {
        ADD_FAILURE() << c.name << ": " << together.status();
      } else if (c.outputs[0].quant || !absl::StartsWith(row.name, "onednn")) {
        EXPECT_EQ(*together, *alone) << c.name << ": bits depend on the number of threads";
      } else {
        ExpectAlike(c, *together, want, ToleranceOf(row, c));
      }
    }
    return true;
  }
};

TEST_P(RegistryTest, EveryRowAgreesWithTheReference) {
  const OpType type = GetParam();
  std::vector<KernelCase> cases = CasesFor(type);
  ASSERT_FALSE(cases.empty());
  for (KernelCase& c : HalfCases(type)) cases.push_back(std::move(c));
  std::vector<int> accepted(KernelsFor(type).size(), 0);
  for (size_t k = 0; k < cases.size(); ++k) {
    const KernelCase& c = cases[k];
    const absl::StatusOr<Outputs> want = RunRow(ReferenceOf(c), c, NaturalOptions(c));
    ASSERT_TRUE(want.ok()) << c.name << ": " << want.status();
    // Handing work to threads takes long on a machine that is busy. Neither number divides the ways
    // of computing that each shape is tried in.
    std::vector<int> thread_counts;
    if (k % 3 == 0) thread_counts.push_back(2);
    if (k % 11 == 0) thread_counts.push_back(4);
    for (const RunOptions& options : LayoutsOf(type)) {
      for (size_t i = 0; i < accepted.size(); ++i) {
        const KernelEntry& row = KernelsFor(type)[i];
        SCOPED_TRACE(absl::StrCat(
            row.name, options.layout == Layout::kPlain ? ", row-major" : ", channels last"));
        // A row that leaves the case to a faster one takes it in deterministic mode.
        RunOptions exact = options;
        exact.deterministic = true;
        accepted[i] += Compare(row, c, options, *want, thread_counts) ||
                       Compare(row, c, exact, *want, thread_counts);
      }
    }
  }
  for (size_t i = 0; i < accepted.size(); ++i) {
    RecordProperty(KernelsFor(type)[i].name, accepted[i]);
    // On older CPUs a row may decline everything.
    if (!TestCpu().avx512_bf16) continue;
    EXPECT_GT(accepted[i], 0) << "no case exercises row '" << KernelsFor(type)[i].name << "'";
  }
}

TEST_P(RegistryTest, RowsAreNamedAndEndWithTheReference) {
  const absl::Span<const KernelEntry> rows = KernelsFor(GetParam());
  ASSERT_FALSE(rows.empty());
  std::map<std::string, int> names;
  for (const KernelEntry& row : rows) EXPECT_EQ(++names[row.name], 1) << row.name << " twice";
  EXPECT_STREQ(rows.back().name, "reference");
}

// With `deterministic`, whatever row is taken gives the reference's integers.
TEST_P(RegistryTest, DeterministicRowsGiveTheReferencesIntegers) {
  const OpType type = GetParam();
  for (const KernelCase& c : CasesFor(type)) {
    if (!c.outputs[0].quant) continue;
    RunOptions options = NaturalOptions(c);
    const absl::StatusOr<Outputs> want = RunRow(ReferenceOf(c), c, options);
    ASSERT_TRUE(want.ok()) << c.name << ": " << want.status();
    options.deterministic = true;
    for (const KernelEntry& row : KernelsFor(type)) {
      const absl::StatusOr<Outputs> got = RunRow(row, c, options);
      if (!got.ok()) continue;
      SCOPED_TRACE(row.name);
      ExpectAlike(c, *got, *want, Tolerance());
      break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, RegistryTest,
                         ::testing::ValuesIn(OpsWithKernels().begin(), OpsWithKernels().end()),
                         [](const ::testing::TestParamInfo<OpType>& info) {
                           return std::string(Name(info.param));
                         });

TEST(RegistryTest, HasEveryOperatorOfTheSchema) {
  for (OpType type : schema::EnumValuesOptions()) {
    // Operators with open results run between plans.
    if (type == OpType::NONE || HasOpenResult(type)) continue;
    EXPECT_FALSE(KernelsFor(type).empty()) << Name(type);
  }
}

}  // namespace
}  // namespace octet::testing

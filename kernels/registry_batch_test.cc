#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "kernels/kernel.h"
#include "kernels/testing/cases.h"
#include "kernels/testing/kernel_test_util.h"

// A sample's bits do not depend on the batch it is in.

namespace octet::testing {
namespace {

constexpr int kCopies = 4;

// Whether every sample has the same scale and bias.
bool IsBatchedNormalization(const KernelCase& c) {
  const auto& options = c.node.as<schema::NormalizationOptionsT>();
  const auto shared = [](const TestTensor& t) {
    return !t.present() || (t.constant && t.shape.size() == 1);
  };
  return (options.kind == schema::NormalizationKind::GROUP || options.axis > 0) &&
         shared(c.inputs[1]) && shared(c.inputs[2]);
}

// Whether the operator treats each index of dimension 0 of its computed inputs by itself.
bool IsBatched(const KernelCase& c) {
  if (c.inputs.empty()) return false;
  if (c.inputs[0].shape.empty() || c.inputs[0].constant) return false;
  switch (c.node.type()) {
    case OpType::ConvOptions:
    case OpType::ConvTransposeOptions:
      return c.inputs[1].constant;
    case OpType::ResizeOptions: {
      const std::vector<int32_t>& axes = c.node.as<schema::ResizeOptionsT>().axes;
      return std::find(axes.begin(), axes.end(), 0) == axes.end();
    }
    case OpType::NormalizationOptions:
      return IsBatchedNormalization(c);
    case OpType::PoolOptions:
    case OpType::GlobalPoolOptions:
    case OpType::UnaryOptions:
    case OpType::QuantizeOptions:
    case OpType::RequantizeOptions:
      return true;
    case OpType::DequantizeOptions:
      return c.inputs[0].quant->per_tensor();
    case OpType::MatMulOptions:
      return c.inputs[0].shape.size() > 1 && c.inputs[1].constant &&
             c.inputs[1].shape.size() == 2 && !c.node.as<schema::MatMulOptionsT>().transpose_a;
    case OpType::AttentionOptions: {
      const TestTensor& mask = c.inputs[3];
      return !mask.present() || (mask.shape.size() == 4 && mask.shape[0] == c.inputs[0].shape[0]);
    }
    case OpType::SoftmaxOptions:
      return c.node.as<schema::SoftmaxOptionsT>().axis != 0;
    case OpType::ReduceOptions: {
      const std::vector<int32_t>& axes = c.node.as<schema::ReduceOptionsT>().axes;
      return !axes.empty() && axes[0] != 0;
    }
    default:
      return false;
  }
}

std::vector<uint8_t> Repeated(const std::vector<uint8_t>& bytes) {
  std::vector<uint8_t> result;
  for (int i = 0; i < kCopies; ++i) result.insert(result.end(), bytes.begin(), bytes.end());
  return result;
}

// The same samples several times.
KernelCase Batched(const KernelCase& c) {
  KernelCase batched = c;
  for (TestTensor& t : batched.inputs) {
    if (!t.present() || t.constant) continue;
    t.shape[0] *= kCopies;
    t.bytes = Repeated(t.bytes);
  }
  for (TestTensor& t : batched.outputs) t.shape[0] *= kCopies;
  return batched;
}

class RegistryBatchTest : public ::testing::TestWithParam<OpType> {};

TEST_P(RegistryBatchTest, BitsDoNotDependOnTheBatch) {
  const std::shared_ptr<ThreadPool> pool = ThreadPool::Create(2);
  for (const KernelCase& c : CasesFor(GetParam())) {
    if (!IsBatched(c)) continue;
    const KernelCase batched = Batched(c);
    for (const KernelEntry& row : KernelsFor(GetParam())) {
      const std::string name = row.name;
      // oneDNN orders sums of floats by the shape; the reference works index by index.
      if (name == "reference" || (absl::StartsWith(name, "onednn") && !c.outputs[0].quant))
        continue;
      RunOptions options = NaturalOptions(c);
      options.pool = pool.get();
      const absl::StatusOr<Outputs> one = RunRow(row, c, options);
      const absl::StatusOr<Outputs> many = RunRow(row, batched, options);
      ASSERT_EQ(one.ok(), many.ok()) << name << " on " << c.name;
      if (!one.ok()) continue;
      EXPECT_EQ((*many)[0], Repeated((*one)[0])) << name << " on " << c.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, RegistryBatchTest,
                         ::testing::ValuesIn(OpsWithKernels().begin(), OpsWithKernels().end()),
                         [](const ::testing::TestParamInfo<OpType>& info) {
                           return std::string(Name(info.param));
                         });

}  // namespace
}  // namespace octet::testing

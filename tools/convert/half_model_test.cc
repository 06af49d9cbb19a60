#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "kernels/testing/kernel_test_util.h"
#include "octet/model.h"
#include "runtime/core/half.h"
#include "runtime/model_internal.h"
#include "runtime/testing/small_network.h"
#include "tools/convert/half.h"

// Whole networks of 16 bits on the CPU at hand.

namespace octet {
namespace {

using testing::RunOnce;
using testing::SmallFloatNetwork;
using testing::SmallNetworkInput;
using testing::TestCpu;

constexpr DataType kF32 = DataType::kF32, kF16 = DataType::kF16, kBF16 = DataType::kBF16;

Graph InHalf(DataType type, bool io = false) {
  return ConvertToHalf(SmallFloatNetwork(1), {type, io}, nullptr).value();
}

std::shared_ptr<const Model> Make(Graph graph, ModelOptions options = {}) {
  options.pool = ThreadPool::Create(2);
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(std::move(graph), options);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *model : nullptr;
}

// The largest difference over the largest number.
double Difference(const std::vector<float>& want, const std::vector<float>& got) {
  double largest = 0, difference = 0;
  EXPECT_EQ(want.size(), got.size());
  for (size_t i = 0; i < want.size(); ++i) {
    largest = std::max<double>(largest, std::abs(want[i]));
    difference = std::max<double>(difference, std::abs(want[i] - got[i]));
  }
  return difference / largest;
}

TEST(HalvesModelTest, FollowsTheFloatNetwork) {
  const std::vector<float> x = SmallNetworkInput(3, 7);
  const std::vector<float> want = RunOnce(*Make(SmallFloatNetwork(1)), x, 3);
  // A step is 2^-8 of a bf16 and 2^-11 of an f16; errors of a few layers add up.
  EXPECT_LT(Difference(want, RunOnce(*Make(InHalf(kBF16)), x, 3)), 0.03);
  EXPECT_LT(Difference(want, RunOnce(*Make(InHalf(kF16)), x, 3)), 0.004);
}

TEST(HalvesModelTest, DeterministicModelsComputeInF32) {
  ModelOptions options;
  options.deterministic = true;
  const auto model = Make(InHalf(kBF16), options);
  ASSERT_EQ(HalfChoicesOf(*model).size(), 1u);
  EXPECT_FALSE(HalfChoicesOf(*model)[0].native);
  for (const Tensor& t : GraphOf(*model).tensors) EXPECT_EQ(t.type, kF32) << t.name;
}

TEST(HalvesModelTest, OneChoiceIsMadeForEachType) {
  for (DataType type : {kBF16, kF16}) {
    const auto model = Make(InHalf(type));
    const bool native = type == kBF16 ? TestCpu().avx512_bf16 : TestCpu().avx512_fp16;
    ASSERT_EQ(HalfChoicesOf(*model).size(), 1u);
    EXPECT_EQ(HalfChoicesOf(*model)[0].type, type);
    EXPECT_EQ(HalfChoicesOf(*model)[0].native, native);
    const auto session = model->NewSession().value();
    for (const StepInfo& step : session->steps()) {
      EXPECT_TRUE(native || !step.conversion) << step.name;
      if (step.type != "Conv" && step.type != "MatMul") continue;
      EXPECT_EQ(step.computed, native ? std::string(Name(type)) : "f32") << step.kernel;
      EXPECT_EQ(step.accumulated, "f32");
      EXPECT_FALSE(absl::StartsWith(step.kernel, "widened/")) << step.name << ": " << step.reason;
    }
  }
  EXPECT_TRUE(HalfChoicesOf(*Make(SmallFloatNetwork(1))).empty());
}

TEST(HalvesModelTest, InputsAndOutputsOfSixteenBits) {
  const std::vector<float> x = SmallNetworkInput(1, 7);
  for (DataType type : {kBF16, kF16}) {
    const auto model = Make(InHalf(type, true));
    EXPECT_EQ(model->inputs()[0].type, type);
    const auto session = model->NewSession().value();
    auto* input = static_cast<uint16_t*>(session->input_data(0));
    std::vector<float> rounded;
    for (size_t i = 0; i < x.size(); ++i) {
      input[i] = type == kF16 ? FloatToHalf(x[i]) : FloatToBFloat16(x[i]);
      rounded.push_back(type == kF16 ? HalfToFloat(input[i]) : BFloat16ToFloat(input[i]));
    }
    ASSERT_TRUE(session->Run().ok());
    EXPECT_EQ(session->output_type(0), type);
    const auto* output = static_cast<const uint16_t*>(session->output_data(0));
    std::vector<float> got;
    for (int i = 0; i < 10; ++i) {
      got.push_back(type == kF16 ? HalfToFloat(output[i]) : BFloat16ToFloat(output[i]));
    }
    EXPECT_LT(Difference(RunOnce(*Make(SmallFloatNetwork(1)), rounded, 1), got),
              type == kF16 ? 0.004 : 0.03);
  }
}

TEST(HalvesModelTest, SumsInF16OnRequest) {
  ModelOptions options;
  options.accumulate_f16 = true;
  const std::vector<float> x = SmallNetworkInput(1, 7);
  const auto model = Make(InHalf(kF16), options);
  int products = 0;
  for (const StepInfo& step : model->NewSession().value()->steps()) {
    if (step.type != "Conv" && step.type != "MatMul") continue;
    ++products;
    EXPECT_EQ(step.accumulated, "f16") << step.kernel;
    EXPECT_EQ(step.kernel, "reference");
  }
  EXPECT_GT(products, 3);
  const std::vector<float> want = RunOnce(*Make(SmallFloatNetwork(1)), x, 1);
  const std::vector<float> got = RunOnce(*model, x, 1);
  EXPECT_LT(Difference(want, got), 0.02);
  EXPECT_GT(Difference(want, got), Difference(want, RunOnce(*Make(InHalf(kF16)), x, 1)));
}

TEST(HalvesModelTest, ABatchGivesTheNumbersOfItsSamples) {
  const std::vector<float> x = SmallNetworkInput(4, 7);
  const auto model = Make(InHalf(kBF16));
  const std::vector<float> together = RunOnce(*model, x, 4);
  const size_t size = x.size() / 4;
  const std::vector<float> first(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(size));
  const std::vector<float> alone = RunOnce(*model, first, 1);
  EXPECT_LT(Difference(alone, {together.begin(), together.begin() + 10}), 0.01);
}

}  // namespace
}  // namespace octet

#include "octet/model.h"

#include <cmath>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/model_internal.h"
#include "runtime/testing/small_network.h"

namespace octet {
namespace {

using ::testing::HasSubstr;
using testing::RunOnce;
using testing::SmallFloatNetwork;
using testing::SmallInt8Network;
using testing::SmallNetworkInput;

std::shared_ptr<const Model> Make(Graph graph, int threads = 1, bool deterministic = false) {
  ModelOptions options;
  options.pool = ThreadPool::Create(threads);
  options.deterministic = deterministic;
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(std::move(graph), options);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *model : nullptr;
}

double SignalToNoise(const std::vector<float>& reference, const std::vector<float>& other) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < reference.size(); ++i) {
    signal += static_cast<double>(reference[i]) * reference[i];
    noise += (static_cast<double>(reference[i]) - other[i]) *
             (static_cast<double>(reference[i]) - other[i]);
  }
  return 10 * std::log10(signal / noise);
}

TEST(ModelTest, DescribesInputsAndOutputs) {
  const auto model = Make(SmallInt8Network(1));
  ASSERT_EQ(model->inputs().size(), 1u);
  EXPECT_EQ(model->inputs()[0].name, "x");
  EXPECT_EQ(model->inputs()[0].type, DataType::kF32);
  EXPECT_EQ(ToString(model->inputs()[0].shape), "?x3x17x19");
  EXPECT_EQ(model->inputs()[0].symbols[0], "N");
  EXPECT_EQ(model->outputs()[0].name, "y");
}

TEST(ModelTest, Int8FollowsTheFloatNetwork) {
  const std::vector<float> input = SmallNetworkInput(4, 7);
  const std::vector<float> expected = RunOnce(*Make(SmallFloatNetwork(1)), input, 4);
  const std::vector<float> got = RunOnce(*Make(SmallInt8Network(1)), input, 4);
  ASSERT_EQ(expected.size(), 40u);
  ASSERT_EQ(got.size(), 40u);
  EXPECT_GT(SignalToNoise(expected, got), 20.0);
}

TEST(ModelTest, FloatAgreesWithTheReferenceKernels) {
  const std::vector<float> input = SmallNetworkInput(2, 3);
  const std::vector<float> expected = RunOnce(*Make(SmallFloatNetwork(2), 1, true), input, 2);
  const std::vector<float> got = RunOnce(*Make(SmallFloatNetwork(2)), input, 2);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-4f);
}

TEST(ModelTest, Int8BitsDoNotDependOnThreads) {
  const std::vector<float> input = SmallNetworkInput(1, 5);
  const std::vector<float> one = RunOnce(*Make(SmallInt8Network(3), 1), input, 1);
  EXPECT_EQ(RunOnce(*Make(SmallInt8Network(3), 2), input, 1), one);
  EXPECT_EQ(RunOnce(*Make(SmallInt8Network(3), 4), input, 1), one);
}

TEST(ModelTest, Int8BitsDoNotDependOnTheBatch) {
  const auto model = Make(SmallInt8Network(3), 2);
  const std::vector<float> together = RunOnce(*model, SmallNetworkInput(8, 20), 8);
  for (uint32_t i = 0; i < 8; ++i) {
    const std::vector<float> alone = RunOnce(*model, SmallNetworkInput(1, 20 + i), 1);
    EXPECT_EQ(alone,
              std::vector<float>(together.begin() + 10 * i, together.begin() + 10 * (i + 1)));
  }
}

TEST(ModelTest, RunsAgainWithTheSameResult) {
  const auto model = Make(SmallInt8Network(4));
  auto session = *model->NewSession();
  const std::vector<float> input = SmallNetworkInput(1, 9);
  std::copy(input.begin(), input.end(), session->input<float>(0).begin());
  ASSERT_TRUE(session->Run().ok());
  const std::vector<float> first(session->output<float>(0).begin(),
                                 session->output<float>(0).end());
  ASSERT_TRUE(session->Run().ok());
  // The input is still what the caller wrote, so a second run repeats the first.
  EXPECT_EQ(std::vector<float>(session->input<float>(0).begin(), session->input<float>(0).end()),
            input);
  EXPECT_EQ(std::vector<float>(session->output<float>(0).begin(), session->output<float>(0).end()),
            first);
}

TEST(ModelTest, SessionsRunAtTheSameTime) {
  const auto model = Make(SmallInt8Network(6), 2);
  std::vector<std::vector<float>> expected, got(4);
  for (uint32_t i = 0; i < 4; ++i) expected.push_back(RunOnce(*model, SmallNetworkInput(1, i), 1));
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 20; ++repeat)
        got[i] = RunOnce(*model, SmallNetworkInput(1, i), 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(got, expected);
}

TEST(ModelTest, SessionOutlivesModel) {
  auto model = Make(SmallInt8Network(6));
  auto session = *model->NewSession();
  model.reset();
  EXPECT_TRUE(session->Run().ok());
}

TEST(ModelTest, WrongShapesAreRefusedAndLeaveTheSessionAsItWas) {
  const auto model = Make(SmallInt8Network(1));
  EXPECT_THAT(model->NewSession({Shape{1, 3, 17}}).status().ToString(),
              HasSubstr("input 'x' is ?x3x17x19, not 1x3x17"));
  EXPECT_THAT(model->NewSession({Shape{1, 4, 17, 19}}).status().ToString(), HasSubstr("1x4x17x19"));
  EXPECT_THAT(model->NewSession({Shape{}, Shape{}}).status().ToString(), HasSubstr("has 1 inputs"));
  auto session = *model->NewSession();
  EXPECT_FALSE(session->Resize({Shape{-1, 3, 17, 19}}).ok());
  EXPECT_EQ(session->input_shape(0), (Shape{1, 3, 17, 19}));
  ASSERT_TRUE(session->Resize({Shape{3, 3, 17, 19}}).ok());
  EXPECT_EQ(session->output_shape(0), (Shape{3, 10}));
  EXPECT_TRUE(session->Run().ok());
}

TEST(ModelTest, WrongElementTypeGivesAnEmptySpan) {
  auto session = *Make(SmallInt8Network(1))->NewSession();
  EXPECT_TRUE(session->input<uint8_t>(0).empty());
  EXPECT_TRUE(session->output<int32_t>(0).empty());
  EXPECT_EQ(session->output<float>(0).size(), 10u);
}

TEST(ModelTest, UnknownInstructionSetIsRefused) {
  ModelOptions options;
  options.isa = "avx1024";
  const auto model = ModelFromGraph(SmallInt8Network(1), options);
  EXPECT_THAT(model.status().ToString(), HasSubstr("avx1024"));
}

TEST(ModelTest, ProfileCountsEveryStep) {
  auto session = *Make(SmallInt8Network(1))->NewSession();
  std::vector<int64_t> ns(session->steps().size());
  ASSERT_TRUE(session->RunProfiled(absl::MakeSpan(ns)).ok());
  int64_t total = 0;
  for (size_t i = 0; i < ns.size(); ++i) {
    if (session->steps()[i].kernel == "view") {
      EXPECT_EQ(ns[i], 0);
    }
    total += ns[i];
  }
  EXPECT_GT(total, 0);
  EXPECT_FALSE(session->RunProfiled({}).ok());
}

}  // namespace
}  // namespace octet

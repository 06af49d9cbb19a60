#include "tools/evaluate/evaluate.h"

#include <cmath>

#include "gtest/gtest.h"
#include "runtime/model_internal.h"
#include "runtime/testing/small_network.h"
#include "tools/evaluate/metrics.h"

namespace octet {
namespace {

constexpr int64_t kSamples = 7;

std::shared_ptr<const Model> MakeModel(Graph graph) {
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(std::move(graph), {});
  EXPECT_TRUE(model.ok()) << model.status();
  return *model;
}

std::unique_ptr<SampleSource> Samples(const Model& model, std::vector<int64_t> classes) {
  const std::vector<float> values = testing::SmallNetworkInput(kSamples, 1);
  NamedArrays arrays = {{"x", ArrayOf<float>(DataType::kF32, {kSamples, 3, 17, 19}, values)}};
  if (!classes.empty()) {
    arrays.emplace_back("labels", ArrayOf<int64_t>(DataType::kS64, {kSamples}, classes));
  }
  return SamplesOf(arrays, SpecOf(model)).value();
}

TEST(EvaluateTest, AModelAgreesWithItself) {
  const auto model = MakeModel(testing::SmallFloatNetwork(3));
  const Evaluation result = Evaluate(*model, model.get(), *Samples(*model, {}), {}).value();
  EXPECT_EQ(result.samples, kSamples);
  EXPECT_FALSE(result.top1);
  EXPECT_EQ(result.agreement, 1.0);
  EXPECT_TRUE(std::isinf(*result.sqnr_db));
  EXPECT_NEAR(*result.cosine_min, 1, 1e-6);
}

TEST(EvaluateTest, BatchesGiveTheSameResult) {
  const auto model = MakeModel(testing::SmallFloatNetwork(3));
  const auto other = MakeModel(testing::SmallFloatNetwork(4));
  const auto source = Samples(*model, {});
  const Evaluation one = Evaluate(*model, other.get(), *source, {}).value();
  EvaluateOptions options;
  options.batch = 3;
  int64_t done = 0;
  options.progress = [&](int64_t d, int64_t total) {
    EXPECT_EQ(d, ++done);
    EXPECT_EQ(total, kSamples);
  };
  const Evaluation three = Evaluate(*model, other.get(), *source, options).value();
  EXPECT_EQ(done, kSamples);
  EXPECT_EQ(one.agreement, three.agreement);
  EXPECT_NEAR(*one.sqnr_db, *three.sqnr_db, 1e-3);
  EXPECT_NEAR(*one.cosine_min, *three.cosine_min, 1e-5);
  EXPECT_LT(*one.cosine_min, *one.cosine_mean);
}

TEST(EvaluateTest, SeveralModelsAtOnceGiveWhatEachGivesAlone) {
  const auto model = MakeModel(testing::SmallFloatNetwork(3));
  const auto int8 = MakeModel(testing::SmallInt8Network(3));
  const auto other = MakeModel(testing::SmallFloatNetwork(4));
  const auto source = Samples(*model, {0, 1, 2, 3, 4, 5, 6});
  const std::vector<Evaluation> all =
      EvaluateAll({int8.get(), other.get()}, model.get(), *source, {}).value();
  ASSERT_EQ(all.size(), 2u);
  const Evaluation first = Evaluate(*int8, model.get(), *source, {}).value();
  const Evaluation second = Evaluate(*other, model.get(), *source, {}).value();
  EXPECT_EQ(all[0].sqnr_db, first.sqnr_db);
  EXPECT_EQ(all[1].sqnr_db, second.sqnr_db);
  EXPECT_NE(all[0].sqnr_db, all[1].sqnr_db);
  EXPECT_EQ(all[1].top1, second.top1);
}

TEST(EvaluateTest, CountsClasses) {
  const auto model = MakeModel(testing::SmallFloatNetwork(3));
  const std::vector<float> outputs =
      testing::RunOnce(*model, testing::SmallNetworkInput(kSamples, 1), kSamples);
  std::vector<int64_t> classes;
  for (int64_t i = 0; i < kSamples; ++i) {
    classes.push_back(
        ArgMax(absl::MakeConstSpan(outputs).subspan(static_cast<size_t>(i) * 10, 10)));
  }
  EXPECT_EQ(Evaluate(*model, nullptr, *Samples(*model, classes), {})->top1, 1.0);
  classes[0] = 99;
  const Evaluation result = Evaluate(*model, nullptr, *Samples(*model, classes), {}).value();
  EXPECT_NEAR(*result.top1, 6.0 / 7, 1e-9);
  EXPECT_NEAR(*result.top5, 6.0 / 7, 1e-9);
  EXPECT_FALSE(result.agreement);
}

}  // namespace
}  // namespace octet

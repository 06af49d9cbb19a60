#include "tools/evaluate/latency.h"

#include <memory>

#include "gtest/gtest.h"
#include "runtime/model_internal.h"
#include "runtime/testing/small_network.h"

namespace octet {
namespace {

std::unique_ptr<SampleSource> Samples(const Model& model) {
  const std::vector<float> values = testing::SmallNetworkInput(2, 1);
  return SamplesOf({{"x", ArrayOf<float>(DataType::kF32, {2, 3, 17, 19}, values)}}, SpecOf(model))
      .value();
}

TEST(LatencyTest, OneDurationPerModel) {
  const auto model = ModelFromGraph(testing::SmallFloatNetwork(3), {}).value();
  const auto other = ModelFromGraph(testing::SmallInt8Network(3), {}).value();
  const auto source = Samples(*model);
  const std::vector<double> ms =
      MedianLatencies({model.get(), other.get(), model.get()}, *source, 0.01).value();
  ASSERT_EQ(ms.size(), 3u);
  for (double value : ms) EXPECT_GT(value, 0);
}

TEST(LatencyTest, ProfilesEveryStep) {
  const auto model = ModelFromGraph(testing::SmallFloatNetwork(3), {}).value();
  const auto source = Samples(*model);
  const std::vector<OperatorTime> times = ProfileOperators(*model, *source, 0.01).value();
  const auto session = model->NewSession({{1, 3, 17, 19}}).value();
  ASSERT_EQ(times.size(), session->steps().size());
  double total = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(times[i].step.name, session->steps()[i].name);
    total += times[i].median_us;
  }
  EXPECT_GT(total, 0);
}

TEST(LatencyTest, SamplesThatDoNotFitAreAnError) {
  const auto model = ModelFromGraph(testing::SmallFloatNetwork(3), {}).value();
  DataSpec spec = SpecOf(*model);
  spec.inputs[0].shape = {-1, 3, 5, 5};
  const auto source = SamplesOf({{"x", MakeArray(DataType::kF32, {1, 3, 5, 5})}}, spec).value();
  EXPECT_FALSE(MedianLatencies({model.get()}, *source, 0.01).ok());
  EXPECT_FALSE(ProfileOperators(*model, *source, 0.01).ok());
}

}  // namespace
}  // namespace octet

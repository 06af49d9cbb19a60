#include "tools/quantize/calibrate.h"

#include <gmock/gmock.h>

#include <limits>

#include "gtest/gtest.h"
#include "tools/quantize/test_graph.h"

namespace octet {
namespace {

using testing::GraphBuilder;
using ::testing::HasSubstr;

// y = 2x, then z = y + y.
struct Doubling {
  GraphBuilder b;
  TensorId x, y, z;
  Doubling() {
    x = b.Input("x", {1, 2, 1, 1});
    y = b.Conv("y", x, {2, 0, 0, 2});
    z = b.Binary("z", schema::BinaryKind::ADD, y, y);
    b.graph.outputs = {z};
  }
};

std::unique_ptr<SampleSource> Samples(const std::vector<float>& values) {
  DataSpec spec;
  spec.inputs.push_back({"x", DataType::kF32, {1, 2, 1, 1}, {}, {}});
  const auto n = static_cast<int64_t>(values.size() / 2);
  return SamplesOf({{"x", ArrayOf<float>(DataType::kF32, {n, 2, 1, 1}, values)}}, spec).value();
}

absl::StatusOr<Calibration> Observe(const Doubling& net, const std::vector<float>& values,
                                    const Progress& progress = nullptr) {
  return Calibrate(net.b.graph, {net.x, net.y, net.z}, *Samples(values), *ObserversOf("minmax"), {},
                   progress);
}

TEST(CalibrateTest, ObservesInputsInnerTensorsAndOutputs) {
  const Doubling net;
  int64_t calls = 0;
  const absl::StatusOr<Calibration> result =
      Observe(net, {1, -3, 0.5f, 2, 0, 0}, [&](int64_t done, int64_t total) {
        EXPECT_EQ(done, ++calls);
        EXPECT_EQ(total, 3);
      });
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(result->samples, 3);
  EXPECT_EQ(result->ranges.at(net.x).min, -3);
  EXPECT_EQ(result->ranges.at(net.x).max, 2);
  EXPECT_EQ(result->ranges.at(net.y).min, -6);
  EXPECT_EQ(result->ranges.at(net.z).max, 8);
  EXPECT_EQ(result->data_hash.size(), 64u);
  EXPECT_EQ(result->data_hash, Observe(net, {1, -3, 0.5f, 2, 0, 0})->data_hash);
  EXPECT_NE(result->data_hash, Observe(net, {0.5f, 2, 1, -3, 0, 0})->data_hash);
}

TEST(CalibrateTest, NamesTensorAndSampleOfBadValues) {
  const Doubling net;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const absl::Status status = Observe(net, {1, 1, 2, nan}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("tensor 'x' has a value that is NaN for sample 1"));
  const float large = std::numeric_limits<float>::max();
  EXPECT_THAT(std::string(Observe(net, {1, large}).status().message()),
              HasSubstr("tensor 'y' has an infinite value for sample 0"));
}

}  // namespace
}  // namespace octet

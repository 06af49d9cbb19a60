#include "tools/quantize/calibrate.h"

#include <gmock/gmock.h>

#include <limits>

#include "gtest/gtest.h"
#include "tools/quantize/test_graph.h"
#include "tools/quantize/test_samples.h"

namespace octet {
namespace {

using testing::GraphBuilder;
using ::testing::HasSubstr;
using testing::Samples;

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

absl::StatusOr<Statistics> Gather(const Doubling& net, const std::vector<float>& values,
                                  GatherOptions options = {}) {
  return GatherStatistics(net.b.graph, {net.x, net.y, net.z}, *Samples({2, 1, 1}, values), options);
}

TEST(GatherStatisticsTest, ObservesInputsInnerTensorsAndOutputs) {
  const Doubling net;
  int64_t calls = 0;
  GatherOptions options;
  options.progress = [&](int64_t done, int64_t total) {
    EXPECT_EQ(done, ++calls);
    EXPECT_EQ(total, 3);
  };
  const absl::StatusOr<Statistics> result = Gather(net, {1, -3, 0.5f, 2, 0, 0}, options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(result->samples, 3);
  EXPECT_EQ(result->tensors.at(net.x).extremes, (Range{-3, 2}));
  EXPECT_EQ(result->tensors.at(net.x).histogram.zeros, 2);
  EXPECT_EQ(result->tensors.at(net.y).extremes.min, -6);
  EXPECT_EQ(result->tensors.at(net.z).extremes.max, 8);
  EXPECT_EQ(result->data_hash.size(), 64u);
  EXPECT_EQ(result->data_hash, Gather(net, {1, -3, 0.5f, 2, 0, 0})->data_hash);
  EXPECT_NE(result->data_hash, Gather(net, {0.5f, 2, 1, -3, 0, 0})->data_hash);
}

TEST(GatherStatisticsTest, ThreadsChangeNothing) {
  const Doubling net;
  std::vector<float> values;
  for (int i = 0; i < 40; ++i) values.push_back(static_cast<float>(i * i % 17) - 5.3f);
  GatherOptions one, four;
  one.run.pool = ThreadPool::Create(1);
  four.run.pool = ThreadPool::Create(4);
  EXPECT_EQ(Gather(net, values, one)->tensors, Gather(net, values, four)->tensors);
}

TEST(GatherStatisticsTest, NamesTensorAndSampleOfBadValues) {
  const Doubling net;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const absl::Status status = Gather(net, {1, 1, 2, nan}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("tensor 'x' has a value that is NaN for sample 1"));
  const float large = std::numeric_limits<float>::max();
  EXPECT_THAT(std::string(Gather(net, {1, large}).status().message()),
              HasSubstr("tensor 'y' has an infinite value for sample 0"));
}

// A model that takes batches of `batch`: y = 2x.
Graph DoublingBatch(int64_t batch, TensorId& x, TensorId& y) {
  GraphBuilder b;
  x = b.Input("x", {batch, 2, 1, 1});
  y = b.Conv("y", x, {2, 0, 0, 2});
  b.graph.outputs = {y};
  return std::move(b.graph);
}

TEST(GatherStatisticsTest, FillingUpABatchIsNotObserved) {
  TensorId x, y;
  const Graph graph = DoublingBatch(4, x, y);
  const absl::StatusOr<Statistics> result =
      GatherStatistics(graph, {x, y}, *Samples({2, 1, 1}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 9}), {});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->tensors.at(x).count, 10);
  EXPECT_EQ(result->tensors.at(y).count, 10);
}

// Samples made on demand, which count how many of them are alive.
TEST(GatherStatisticsTest, MemoryDoesNotGrowWithTheSamples) {
  TensorId x, y;
  const Graph graph = DoublingBatch(-1, x, y);
  DataSpec spec;
  spec.inputs.push_back({"x", DataType::kF32, {-1, 2, 1, 1}, {}, {}});
  int64_t loads = 0, done = 0;
  const auto size_after = [&](int64_t samples) {
    loads = done = 0;
    GatherOptions options;
    options.progress = [&](int64_t d, int64_t) { done = d; };
    const auto source = SamplesFrom(
        samples,
        [&](int64_t i) -> absl::StatusOr<Sample> {
          EXPECT_EQ(loads++, i);  // each sample is asked for once,
          EXPECT_EQ(done, i);     // and only when those before it have been observed
          const std::vector<float> values = {static_cast<float>(i % 7), -1};
          return Sample{ArrayOf<float>(DataType::kF32, {2, 1, 1}, values)};
        },
        spec);
    const Statistics result = GatherStatistics(graph, {x, y}, **source, options).value();
    size_t bytes = 0;
    for (const auto& [id, tensor] : result.tensors) {
      EXPECT_EQ(tensor.count, 2 * samples);
      bytes += tensor.histogram.counts.capacity() * sizeof(int64_t);
    }
    return bytes;
  };
  const size_t bytes = size_after(10);
  EXPECT_EQ(size_after(100), bytes);
  EXPECT_EQ(size_after(1000), bytes);
}

TEST(ChooseRangesTest, SpecialRulesReplaceTheCommonOne) {
  const Doubling net;
  const Statistics statistics = Gather(net, {1, -3, 0.5f, 2}).value();
  RangeRules rules;
  EXPECT_EQ(ChooseRanges(statistics, rules).at(net.x), (Range{-3, 2}));
  rules.special[net.y].fixed = Range{-1, 7};
  rules.special[net.z].scheme = {DataType::kS8, true};
  const std::map<TensorId, Range> ranges = ChooseRanges(statistics, rules, ThreadPool::Create(3));
  EXPECT_EQ(ranges.at(net.x), (Range{-3, 2}));
  EXPECT_EQ(ranges.at(net.y), (Range{-1, 7}));
  EXPECT_EQ(ranges.at(net.z), (Range{-12, 8, true}));
}

}  // namespace
}  // namespace octet

// An encoder's layer from tokens to an embedding: attention as one operator, and integers that are
// looked up before anything is trained.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "runtime/model_internal.h"
#include "tools/quantize/quantize.h"
#include "tools/quantize/test_graph.h"
#include "tools/quantize/test_samples.h"
#include "tools/train/finetune.h"
#include "tools/train/tape.h"

namespace octet {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kTokens = 6, kWords = 20, kWidth = 12, kHeads = 3;

enum class MaskKind { kAdded, kBoolean };

std::vector<float> Weights(size_t count, uint32_t seed) {
  std::vector<float> values = testing::NormalValues(count, seed);
  for (float& v : values) v *= 0.4f;
  return values;
}

// Inputs "ids" (s64) and "present" (s64; 0: padding), both [1, kTokens]; output [1, kWidth].
Graph Encoder(MaskKind kind) {
  testing::GraphBuilder b;
  const TensorId ids = b.Input("ids", {1, kTokens});
  const TensorId present = b.Input("present", {1, kTokens});
  b.graph.tensor(ids).type = b.graph.tensor(present).type = DataType::kS64;
  const TensorId table =
      b.Constant("table", {kWords, kWidth}, testing::NormalValues(kWords * kWidth, 1));
  TensorId x = b.Add("embedded", schema::GatherOptionsT(), {table, ids}, {1, kTokens, kWidth});
  TensorId mask = b.Add("cast", schema::CastOptionsT(), {present}, {1, kTokens});
  if (kind == MaskKind::kBoolean) {
    b.graph.tensor(mask).type = DataType::kBool;
  } else {
    // 0 for words, -10000 for padding.
    mask = b.Binary("less", schema::BinaryKind::SUB, mask, b.Constant("one", {1}, {1}));
    mask = b.Binary("mask", schema::BinaryKind::MUL, mask, b.Constant("much", {1}, {1e4f}));
  }
  const Shape heads = {1, kTokens, kHeads, kWidth / kHeads};
  std::vector<TensorId> operands;
  for (const char* name : {"q", "k", "v"}) {
    const auto seed = static_cast<uint32_t>(name[0]);
    const TensorId product =
        b.Product(std::string(name) + ".product", x, Weights(kWidth * kWidth, seed));
    operands.push_back(b.Reshape(name, product, heads));
  }
  operands.push_back(mask);
  schema::AttentionOptionsT attention;
  attention.scale = 0.5f;
  attention.heads_last = true;
  const TensorId mixed = b.Add("attention", attention, operands, heads);
  const TensorId merged = b.Reshape("merged", mixed, {1, kTokens, kWidth});
  x = b.Product("out", merged, Weights(kWidth * kWidth, 2), x);
  x = b.Normalization("normal", schema::NormalizationKind::LAYER, x,
                      std::vector<float>(kWidth, 1.2f), std::vector<float>(kWidth, 0.1f));
  const TensorId wide = b.Product("wide", x, Weights(kWidth * 30, 3));
  x = b.Product("narrow", b.Unary("gelu", schema::UnaryKind::GELU, wide), Weights(30 * kWidth, 4),
                x);
  schema::ReduceOptionsT mean;
  mean.kind = schema::ReduceKind::MEAN;
  mean.axes = {1};
  mean.keep_dims = false;
  b.graph.outputs = {b.Add("y", mean, {x}, {1, kWidth})};
  return b.graph;
}

// Words, of which the last ones may be padding.
Sample SampleAt(int64_t i) {
  std::mt19937 random(static_cast<uint32_t>(i));
  std::vector<int64_t> ids, present;
  for (int64_t t = 0; t < kTokens; ++t) {
    ids.push_back(static_cast<int64_t>(random() % kWords));
    present.push_back(t < 3 + i % 4);
  }
  return {ArrayOf<int64_t>(DataType::kS64, {kTokens}, ids),
          ArrayOf<int64_t>(DataType::kS64, {kTokens}, present)};
}

std::unique_ptr<SampleSource> Samples(int64_t count) {
  return SamplesFrom(count, [](int64_t i) -> absl::StatusOr<Sample> { return SampleAt(i); },
                     {{{"ids", DataType::kS64, {1, kTokens}, {}, {}},
                       {"present", DataType::kS64, {1, kTokens}, {}, {}}},
                      {},
                      {}})
      .value();
}

std::vector<float> Execute(const Graph& graph, const Sample& sample) {
  const std::shared_ptr<const Model> model = ModelFromGraph(graph, {}).value();
  const std::unique_ptr<Session> session = model->NewSession().value();
  for (int i = 0; i < 2; ++i) {
    std::memcpy(session->input_data(i), sample[static_cast<size_t>(i)].bytes.data(),
                sample[static_cast<size_t>(i)].bytes.size());
  }
  EXPECT_TRUE(session->Run().ok());
  return {session->output<float>(0).begin(), session->output<float>(0).end()};
}

class TransformerTest : public ::testing::TestWithParam<MaskKind> {
 protected:
  const Graph graph_ = Encoder(GetParam());
};

TEST_P(TransformerTest, ComputesWhatTheExecutorComputes) {
  const auto network =
      TrainingNetwork::Create(graph_, nullptr, {{1, kTokens}, {1, kTokens}}, {}).value();
  Tape tape(*network);
  for (int64_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(tape.Forward(SampleAt(i)).ok());
    const std::vector<float> expected = Execute(graph_, SampleAt(i));
    for (size_t k = 0; k < expected.size(); ++k) {
      EXPECT_NEAR(tape.output(0)[k], expected[k], 1e-4f);
    }
  }
  EXPECT_THAT(std::string(tape.Forward({SampleAt(0)[0]}).message()), HasSubstr("2 inputs"));
  Sample short_one = SampleAt(0);
  short_one[0] = ArrayOf<int64_t>(DataType::kS64, {1}, {1});
  EXPECT_EQ(tape.Forward(short_one).code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(TransformerTest, GradientsAgreeWithDifferences) {
  const auto network =
      TrainingNetwork::Create(graph_, nullptr, {{1, kTokens}, {1, kTokens}}, {}).value();
  Tape tape(*network);
  std::vector<float> slopes;
  for (int64_t k = 0; k < kWidth; ++k) slopes.push_back(static_cast<float>(k % 5) - 1.5f);
  const auto loss = [&] {
    network->Update();
    EXPECT_TRUE(tape.Forward(SampleAt(1)).ok());
    double sum = 0;
    for (size_t k = 0; k < slopes.size(); ++k)
      sum += static_cast<double>(slopes[k]) * tape.output(0)[k];
    return sum;
  };
  loss();
  Gradients gradients;
  gradients.Reset(network->parameters());
  tape.Backward({slopes}, gradients);
  // The table is looked up before anything is trained, and stays.
  ASSERT_EQ(network->parameters().size(), 8u);
  std::mt19937 random(1);
  double difference = 0, size = 0;
  for (size_t p = 0; p < gradients.of.size(); ++p) {
    std::vector<float>& values = network->parameters()[p].values;
    for (int n = 0; n < 20; ++n) {
      const size_t i = random() % values.size();
      const float at = values[i];
      constexpr float kStep = 1.0f / 256;
      values[i] = at + kStep;
      const double above = loss(), high = values[i];
      values[i] = at - kStep;
      const double below = loss(), low = values[i];
      values[i] = at;
      const double expected = (above - below) / (high - low);
      difference += (expected - gradients.of[p][i]) * (expected - gradients.of[p][i]);
      size += expected * expected;
    }
  }
  EXPECT_GT(size, 1);
  EXPECT_LE(std::sqrt(difference / size), 2e-3);
}

TEST_P(TransformerTest, TrainsNarrowWeights) {
  const std::unique_ptr<SampleSource> samples = Samples(32);
  const Graph integer = QuantizeGraph(graph_, *samples, QuantizerOptions(), nullptr).value();
  FinetuneOptions options;
  options.network.weight_bits = 4;
  options.train.epochs = 15;
  options.train.batch = 4;
  options.train.rate = 2e-3;
  const absl::StatusOr<TrainResult> result =
      Finetune(integer, &graph_, *PlainTrainingData(*samples), *samples, options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GT(*result->after.sqnr_db, *result->before.sqnr_db + 2);
  EXPECT_EQ(testing::Decibels(result->graph, graph_, *samples), *result->after.sqnr_db);
}

// What depends on integers and on parameters has no derivative still.
TEST_P(TransformerTest, OperatorsBehindParametersNeedADerivative) {
  Graph graph = graph_;
  Tensor t = graph.tensor(graph.outputs[0]);
  t.name = "signs";
  const TensorId y = graph.AddTensor(std::move(t));
  schema::UnaryOptionsT floor;
  floor.kind = schema::UnaryKind::FLOOR;
  graph.AddNode("signs", std::move(floor), {graph.outputs[0]}, {y});
  graph.outputs[0] = y;
  const absl::Status status =
      TrainingNetwork::Create(graph, nullptr, {{1, kTokens}, {1, kTokens}}, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("'signs'"));
  EXPECT_THAT(std::string(status.message()), ::testing::Not(HasSubstr("embedded")));
}

INSTANTIATE_TEST_SUITE_P(Masks, TransformerTest,
                         ::testing::Values(MaskKind::kAdded, MaskKind::kBoolean));

}  // namespace
}  // namespace octet

#include "tools/train/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "runtime/model_internal.h"
#include "runtime/testing/small_network.h"
#include "tools/evaluate/taps.h"
#include "tools/quantize/layer_pairs.h"
#include "tools/train/real_graph.h"
#include "tools/train/tape.h"

namespace octet {
namespace {

using ::testing::HasSubstr;
using testing::SmallFloatNetwork;
using testing::SmallInt8Network;
using testing::SmallNetworkInput;

const Shape kInput = {1, 3, 17, 19};

Sample SmallSample(uint32_t seed) {
  return {ArrayOf<float>(DataType::kF32, {3, 17, 19}, SmallNetworkInput(1, seed))};
}

std::unique_ptr<TrainingNetwork> MakeNetwork(const Graph& graph, const Graph* real,
                                             const NetworkOptions& options = {}) {
  absl::StatusOr<std::unique_ptr<TrainingNetwork>> network =
      TrainingNetwork::Create(graph, real, {kInput}, options);
  EXPECT_TRUE(network.ok()) << network.status();
  return network.ok() ? *std::move(network) : nullptr;
}

std::vector<float> Execute(const Graph& graph, const std::vector<float>& input) {
  ModelOptions options;
  options.deterministic = true;
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(graph, options);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? testing::RunOnce(**model, input, 1) : std::vector<float>();
}

// Moves all parameters a little, as training does.
void Disturb(TrainingNetwork& network, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (Parameter& p : network.parameters()) {
    for (float& v : p.values) {
      v += uniform(random) * (p.role == ParameterRole::kScale ? 0.05f : 0.02f);
    }
  }
  network.Update();
}

TEST(TrainingNetwork, ComputesTheExecutorsBits) {
  for (const NetworkOptions& options :
       {NetworkOptions{}, NetworkOptions{4, RangeMode::kLearned, true, 0.01}}) {
    const std::unique_ptr<TrainingNetwork> network =
        MakeNetwork(SmallInt8Network(3), nullptr, options);
    ASSERT_NE(network, nullptr);
    for (uint32_t round = 0; round < 4; ++round) {
      if (round > 0) Disturb(*network, round);
      Tape tape(*network);
      ASSERT_TRUE(tape.Forward(SmallSample(round)).ok());
      EXPECT_EQ(std::vector<float>(tape.output(0).begin(), tape.output(0).end()),
                Execute(network->Store(), SmallNetworkInput(1, round)))
          << "round " << round;
    }
  }
}

TEST(TrainingNetwork, EveryTensorHasTheExecutorsIntegers) {
  const std::unique_ptr<TrainingNetwork> network = MakeNetwork(SmallInt8Network(5), nullptr);
  ASSERT_NE(network, nullptr);
  Disturb(*network, 1);
  const Graph stored = network->Store();
  Tape tape(*network, /*keep_values=*/true);
  ASSERT_TRUE(tape.Forward(SmallSample(9)).ok());
  std::vector<TensorId> tensors;
  for (const Node& node : stored.nodes) tensors.push_back(node.outputs[0]);
  absl::StatusOr<std::unique_ptr<SampleSource>> source =
      SamplesFrom(1, [](int64_t) { return SmallSample(9); },
                  {{{"x", DataType::kF32, {-1, 3, 17, 19}, {}, {}}}, {}, {}});
  ASSERT_TRUE(source.ok()) << source.status();
  ModelOptions options;
  options.deterministic = true;
  absl::StatusOr<Taps> taps = Taps::Create(stored, tensors, **source, options);
  ASSERT_TRUE(taps.ok()) << taps.status();
  ASSERT_TRUE(taps->Run(0).ok());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const absl::Span<const float> expected = taps->values(i);
    EXPECT_EQ(tape.Values(tensors[i]), std::vector<float>(expected.begin(), expected.end()))
        << stored.tensor(tensors[i]).name;
  }
}

TEST(TrainingNetwork, StoresWhatItWasMadeOf) {
  const Graph graph = SmallInt8Network(3);
  const std::unique_ptr<TrainingNetwork> network = MakeNetwork(graph, nullptr);
  ASSERT_NE(network, nullptr);
  const Graph stored = network->Store();
  ASSERT_EQ(stored.tensors.size(), graph.tensors.size());
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    const Tensor &a = stored.tensors[i], &b = graph.tensors[i];
    EXPECT_EQ(a.type, b.type) << b.name;
    EXPECT_TRUE(a.quant == b.quant) << b.name;
    EXPECT_EQ(std::vector<uint8_t>(a.data.data(), a.data.data() + a.data.size()),
              std::vector<uint8_t>(b.data.data(), b.data.data() + b.data.size()))
        << b.name;
  }
}

TEST(TrainingNetwork, BeginsNextToTheFloatNetworksWeights) {
  const Graph integer = SmallInt8Network(3);
  Graph real = RealGraph(integer);
  // Not quite what the integers stand for, but what they could have been rounded from.
  const Node& stem = integer.nodes[static_cast<size_t>(PairLayers(real, integer)[0].integer)];
  Tensor& weights = real.tensor(stem.inputs[1]);
  const float third = 0.3f * integer.tensor(stem.inputs[1]).quant->scales[0];
  std::vector<float> expected;
  for (float w : weights.data.as<float>()) expected.push_back(w + third);
  weights.data = Constant::Of<float>(expected);
  const std::unique_ptr<TrainingNetwork> network = MakeNetwork(integer, &real);
  ASSERT_NE(network, nullptr);
  int found = 0;
  for (const Parameter& p : network->parameters()) {
    if (p.values.size() != expected.size()) continue;
    double furthest = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      furthest = std::max(furthest, std::abs(static_cast<double>(p.values[i]) - expected[i]));
    }
    found += furthest < 0.01 * static_cast<double>(third);
  }
  EXPECT_EQ(found, 1);
  // The integers are the same, whatever weights are beside them.
  const Graph other = SmallFloatNetwork(3);
  for (const Graph* beside : std::vector<const Graph*>{&real, &other}) {
    const Graph stored = MakeNetwork(integer, beside)->Store();
    const Tensor& kept = stored.tensor(stem.inputs[1]);
    const Tensor& given = integer.tensor(stem.inputs[1]);
    EXPECT_EQ(kept.data.as<int8_t>(), given.data.as<int8_t>());
  }
}

TEST(TrainingNetwork, NarrowWeightsStayWithinTheirRange) {
  const Graph real = SmallFloatNetwork(3);
  for (int bits : {2, 4, 7}) {
    const std::unique_ptr<TrainingNetwork> network = MakeNetwork(
        SmallInt8Network(3), &real, NetworkOptions{bits, RangeMode::kLearned, true, 0.01});
    ASSERT_NE(network, nullptr);
    const int most = (1 << (bits - 1)) - 1;
    int largest = 0;
    const Graph stored = network->Store();
    for (const Tensor& t : stored.tensors) {
      if (t.type != DataType::kS8 || !t.is_constant()) continue;
      for (int8_t q : t.data.as<int8_t>()) largest = std::max(largest, std::abs(int{q}));
    }
    EXPECT_EQ(largest, most) << bits << " bits";
  }
}

// The loss of a float network is smooth but at its ReLUs, of which a small step crosses few.
TEST(TrainingNetwork, GradientsOfAFloatNetworkAgreeWithDifferences) {
  const std::unique_ptr<TrainingNetwork> network = MakeNetwork(SmallFloatNetwork(4), nullptr);
  ASSERT_NE(network, nullptr);
  const Sample sample = SmallSample(2);
  Tape tape(*network);
  const auto loss = [&] {
    network->Update();
    EXPECT_TRUE(tape.Forward(sample).ok());
    double sum = 0;
    for (size_t i = 0; i < tape.output(0).size(); ++i) {
      sum += (static_cast<double>(i) - 4) * tape.output(0)[i];
    }
    return sum;
  };
  loss();
  std::vector<float> slopes;
  for (int i = 0; i < 10; ++i) slopes.push_back(static_cast<float>(i - 4));
  Gradients gradients;
  gradients.Reset(network->parameters());
  tape.Backward({slopes}, gradients);
  network->FoldGradients(gradients);
  std::mt19937 random(1);
  double difference = 0, size = 0;
  for (size_t p = 0; p < gradients.of.size(); ++p) {
    std::vector<float>& values = network->parameters()[p].values;
    for (int n = 0; n < 12; ++n) {
      const size_t i = random() % values.size();
      const float at = values[i];
      constexpr float kStep = 1.0f / 1024;
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
  EXPECT_LE(std::sqrt(difference / size), 5e-3);
}

// Rounding hides small steps, but over a whole unit of scale the straight-through gradient of a
// linear network is the slope.
TEST(TrainingNetwork, EveryParameterOfAnIntegerNetworkHasAGradient) {
  const Graph real = SmallFloatNetwork(6);
  const std::unique_ptr<TrainingNetwork> network = MakeNetwork(SmallInt8Network(6), &real);
  ASSERT_NE(network, nullptr);
  Tape tape(*network);
  Gradients gradients;
  gradients.Reset(network->parameters());
  for (uint32_t s = 0; s < 3; ++s) {
    ASSERT_TRUE(tape.Forward(SmallSample(s)).ok());
    tape.Backward({std::vector<float>(10, 1.0f)}, gradients);
  }
  network->FoldGradients(gradients);
  for (size_t p = 0; p < gradients.of.size(); ++p) {
    double size = 0;
    for (float g : gradients.of[p]) {
      ASSERT_TRUE(std::isfinite(g));
      size += std::abs(g);
    }
    EXPECT_GT(size, 0) << network->parameters()[p].name;
  }
}

TEST(TrainingNetwork, AveragesMoveRanges) {
  NetworkOptions options;
  options.ranges = RangeMode::kMovingAverage;
  options.moving_average_constant = 0.5;
  const std::unique_ptr<TrainingNetwork> network =
      MakeNetwork(SmallInt8Network(3), nullptr, options);
  ASSERT_NE(network, nullptr);
  const std::vector<float> before = network->RangeState();
  Tape tape(*network);
  ObservedRanges observed;
  observed.Reset(network->quantizers());
  ASSERT_TRUE(tape.Forward(SmallSample(1)).ok());
  tape.Observe(observed);
  network->AverageRanges(observed);
  network->Update();
  const std::vector<float> after = network->RangeState();
  for (size_t q = 0; q < observed.of.size(); ++q) {
    if (!observed.seen[q]) continue;
    const float expected = 0.5f * (before[2 * q + 1] + std::max(observed.of[q].max, 0.0f));
    EXPECT_NEAR(after[2 * q + 1], expected, 1e-4f * std::abs(expected) + 1e-6f);
  }
  EXPECT_NE(before, after);
  // And the executor agrees with the new ones.
  ASSERT_TRUE(tape.Forward(SmallSample(1)).ok());
  EXPECT_EQ(std::vector<float>(tape.output(0).begin(), tape.output(0).end()),
            Execute(network->Store(), SmallNetworkInput(1, 1)));
  EXPECT_TRUE(network->RestoreRangeState(before).ok());
  EXPECT_EQ(network->RangeState(), before);
  EXPECT_FALSE(network->RestoreRangeState({1.0f}).ok());
}

TEST(TrainingNetwork, SaysWhatItCannotTrain) {
  Graph graph = SmallFloatNetwork(1);
  const TensorId y = graph.outputs[0];
  for (const char* name : {"first", "second"}) {
    Tensor t = graph.tensor(y);
    t.name = name;
    const TensorId id = graph.AddTensor(std::move(t));
    schema::UnaryOptionsT floor;
    floor.kind = schema::UnaryKind::FLOOR;
    graph.AddNode(name, std::move(floor), {graph.outputs[0]}, {id});
    graph.outputs[0] = id;
  }
  const absl::StatusOr<std::unique_ptr<TrainingNetwork>> network =
      TrainingNetwork::Create(graph, nullptr, {kInput}, {});
  EXPECT_EQ(network.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(network.status().message()), HasSubstr("'first'"));
  EXPECT_THAT(std::string(network.status().message()), HasSubstr("'second'"));
}

TEST(TrainingNetwork, RefusesShapesAndWidthsThatDoNotFit) {
  const Graph graph = SmallInt8Network(1);
  const auto code = [&](std::vector<Shape> shapes, const NetworkOptions& options) {
    return TrainingNetwork::Create(graph, nullptr, std::move(shapes), options).status().code();
  };
  EXPECT_EQ(code({}, {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{1, 4, 17, 19}}, {}), absl::StatusCode::kInvalidArgument);
  NetworkOptions wide;
  wide.weight_bits = 9;
  EXPECT_EQ(code({kInput}, wide), absl::StatusCode::kInvalidArgument);
  wide.weight_bits = 1;
  EXPECT_EQ(code({kInput}, wide), absl::StatusCode::kInvalidArgument);
  const std::unique_ptr<TrainingNetwork> network = MakeNetwork(graph, nullptr);
  Tape tape(*network);
  EXPECT_EQ(tape.Forward({}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(tape.Forward({ArrayOf<float>(DataType::kF32, {1}, {1.0f})}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(RealGraph, ComputesWhatTheIntegersStandFor) {
  const Graph integer = SmallInt8Network(3), real = RealGraph(integer);
  EXPECT_TRUE(IsQuantized(integer));
  EXPECT_FALSE(IsQuantized(real));
  const std::vector<float> input = SmallNetworkInput(1, 1);
  const std::vector<float> a = Execute(integer, input), b = Execute(real, input);
  ASSERT_EQ(a.size(), b.size());
  double signal = 0, noise = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    signal += b[i] * b[i];
    noise += (a[i] - b[i]) * (a[i] - b[i]);
  }
  EXPECT_GT(noise, 0);
  EXPECT_LT(noise, 0.01 * signal);
}

}  // namespace
}  // namespace octet

// A network that is trained from nothing, first in float and then in int8, on real pictures.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "runtime/model_internal.h"
#include "tools/data/npy.h"
#include "tools/evaluate/evaluate.h"
#include "tools/quantize/quantize.h"
#include "tools/train/train.h"

namespace octet {
namespace {

const DataSpec kSpec = {{{"x", DataType::kF32, {-1, 1, 8, 8}, {"N", "", "", ""}, {}}}, {}, {}};

// Two convolutions, a pooling, one more and a fully connected end, of random weights.
class DigitNetwork {
 public:
  Graph Build() {
    TensorId x = Add("x", {-1, 1, 8, 8});
    graph_.tensor(x).symbols = {"N", "", "", ""};
    graph_.inputs = {x};
    x = Conv("conv1", x, 1, 16, 8);
    x = Conv("conv2", x, 16, 32, 8);
    schema::PoolOptionsT pool;
    pool.kernel = pool.strides = {2, 2};
    pool.dilations = {1, 1};
    pool.pads_begin = pool.pads_end = {0, 0};
    const TensorId pooled = Add("pooled", {-1, 32, 4, 4});
    graph_.AddNode("pool", pool, {x}, {pooled});
    x = Conv("conv3", pooled, 32, 32, 4);
    schema::ReshapeOptionsT reshape;
    reshape.shape = {0, -1};
    const TensorId flat = Add("flat", {-1, 512});
    graph_.AddNode("flatten", reshape, {x}, {flat});
    const TensorId y = Add("y", {-1, 10});
    schema::MatMulOptionsT classify;
    classify.transpose_b = true;
    graph_.AddNode("classify", classify,
                   {flat, Random("classify.w", {10, 512}, 512), Zeros("classify.b", 10)}, {y});
    graph_.outputs = {y};
    return std::move(graph_);
  }

 private:
  TensorId Add(const std::string& name, Shape shape) {
    Tensor t;
    t.name = name;
    t.type = DataType::kF32;
    t.shape = std::move(shape);
    return graph_.AddTensor(std::move(t));
  }

  // Normal, of variance 2 / inputs (He et al. 2015).
  TensorId Random(const std::string& name, Shape shape, int inputs) {
    std::normal_distribution<float> normal(0.0f, std::sqrt(2.0f / static_cast<float>(inputs)));
    std::vector<float> values(static_cast<size_t>(NumElements(shape)));
    for (float& v : values) v = normal(random_);
    const TensorId id = Add(name, std::move(shape));
    graph_.tensor(id).data = Constant::Of<float>(values);
    return id;
  }

  TensorId Zeros(const std::string& name, int size) {
    const TensorId id = Add(name, {size});
    graph_.tensor(id).data = Constant::Of<float>(std::vector<float>(static_cast<size_t>(size)));
    return id;
  }

  TensorId Conv(const std::string& name, TensorId x, int inputs, int outputs, int size) {
    schema::ConvOptionsT o;
    o.strides = o.dilations = o.pads_begin = o.pads_end = {1, 1};
    o.activation_min = 0;
    const TensorId y = Add(name, {-1, outputs, size, size});
    graph_.AddNode(
        name, o,
        {x, Random(name + ".w", {outputs, inputs, 3, 3}, 9 * inputs), Zeros(name + ".b", outputs)},
        {y});
    return y;
  }

  Graph graph_;
  std::mt19937 random_{1};
};

// Every fifth picture, or all others.
std::unique_ptr<SampleSource> Digits(bool fifth) {
  absl::StatusOr<NamedArrays> arrays = ReadArrays("tools/train/testdata/digits.npz");
  EXPECT_TRUE(arrays.ok()) << arrays.status();
  if (!arrays.ok()) return nullptr;
  std::vector<float> pixels;
  std::vector<int64_t> labels;
  for (const auto& [name, array] : *arrays) {
    const absl::Span<const uint8_t> bytes = array.as<uint8_t>();
    const size_t size = name == "x" ? 64 : 1;
    for (size_t i = 0; i < bytes.size(); ++i) {
      if ((i / size % 5 == 0) != fifth) continue;
      if (name == "x") pixels.push_back(static_cast<float>(bytes[i]) / 8 - 1);
      if (name == "labels") labels.push_back(bytes[i]);
    }
  }
  const auto count = static_cast<int64_t>(labels.size());
  NamedArrays samples;
  samples.emplace_back("x", ArrayOf<float>(DataType::kF32, {count, 1, 8, 8}, pixels));
  samples.emplace_back("labels", ArrayOf<int64_t>(DataType::kS64, {count}, labels));
  absl::StatusOr<std::unique_ptr<SampleSource>> source = SamplesOf(std::move(samples), kSpec);
  EXPECT_TRUE(source.ok()) << source.status();
  return source.ok() ? *std::move(source) : nullptr;
}

// Pictures shifted by up to a pixel in each direction, so that few are learned by heart.
class Shifted final : public TrainingData {
 public:
  explicit Shifted(const SampleSource& source) : source_(source) {}

  int64_t size() const override { return source_.size(); }
  int ClassOf(int64_t index) const override { return source_.ClassOf(index); }
  std::string NameOf(int64_t index) const override { return source_.NameOf(index); }

  absl::StatusOr<Sample> Load(int64_t index, uint64_t draw) const override {
    absl::StatusOr<Sample> sample = source_.Load(index);
    if (!sample.ok()) return sample;
    const int right = static_cast<int>(draw % 3) - 1, down = static_cast<int>(draw / 3 % 3) - 1;
    const absl::Span<float> pixels = (*sample)[0].as<float>();
    const std::vector<float> before(pixels.begin(), pixels.end());
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 8; ++x) {
        const int from_y = y - down, from_x = x - right;
        const bool inside = from_y >= 0 && from_y < 8 && from_x >= 0 && from_x < 8;
        pixels[static_cast<size_t>(8 * y + x)] =
            inside ? before[static_cast<size_t>(8 * from_y + from_x)] : -1.0f;
      }
    }
    return sample;
  }

 private:
  const SampleSource& source_;
};

double Top1(const Graph& graph, const SampleSource& samples) {
  absl::StatusOr<std::shared_ptr<const Model>> model = ModelFromGraph(graph, {});
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return 0;
  const absl::StatusOr<Evaluation> evaluation = Evaluate(**model, nullptr, samples, {});
  EXPECT_TRUE(evaluation.ok()) << evaluation.status();
  return evaluation.ok() ? evaluation->top1.value_or(0) : 0;
}

Graph TrainOn(const SampleSource& samples, const Graph& graph, const Graph* real, int epochs,
              double rate) {
  absl::StatusOr<std::unique_ptr<TrainingNetwork>> network =
      TrainingNetwork::Create(graph, real, {{1, 1, 8, 8}}, {});
  EXPECT_TRUE(network.ok()) << network.status();
  if (!network.ok()) return Graph();
  TrainOptions options;
  options.epochs = epochs;
  options.batch = 32;
  options.rate = rate;
  options.loss.squares = 0;
  options.loss.labels = 1;
  // Nothing is held out to choose an epoch by: the last one counts.
  int epoch = 0;
  const Judge last = [&](const Graph&) {
    Score score;
    score.value = ++epoch;
    return score;
  };
  absl::StatusOr<TrainResult> result = Train(**network, nullptr, Shifted(samples), last, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? std::move(result->graph) : Graph();
}

TEST(Digits, AreLearnedInFloatAndKeptInInt8) {
  const std::unique_ptr<SampleSource> training = Digits(false), held_out = Digits(true);
  ASSERT_NE(training, nullptr);
  ASSERT_NE(held_out, nullptr);
  ASSERT_EQ(training->size(), 1437);
  ASSERT_EQ(held_out->size(), 360);

  const Graph untrained = DigitNetwork().Build();
  EXPECT_LT(Top1(untrained, *held_out), 0.4);
  const Graph real = TrainOn(*training, untrained, nullptr, 20, 2e-2);
  const double real_top1 = Top1(real, *held_out);
  RecordProperty("float_top1", std::to_string(real_top1));
  EXPECT_GE(real_top1, 0.98);

  absl::StatusOr<Graph> quantized =
      QuantizeGraph(real, FirstSamples(*training, 100), QuantizerOptions(), nullptr);
  ASSERT_TRUE(quantized.ok()) << quantized.status();
  const Graph trained = TrainOn(*training, *quantized, &real, 3, 1e-3);
  const double int8_top1 = Top1(trained, *held_out);
  RecordProperty("int8_top1", std::to_string(int8_top1));
  EXPECT_GE(int8_top1, 0.98);
}

}  // namespace
}  // namespace octet

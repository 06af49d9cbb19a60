// Networks that other programs have trained with fake-quantize go on from the scales in their
// files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"
#include "tools/import/testing.h"
#include "tools/train/finetune.h"

namespace octet {
namespace {

using testing::Attr;
using ::testing::ElementsAre;
using testing::ImportSimplified;
using testing::OnnxMaker;
using testing::Types;

enum class Spelling {
  kFloat,
  // Weights are s8 with a scale per output channel, activations u8, biases stay f32 (PyTorch).
  kPyTorch,
  // Real weights go through a pair of operators with one scale; activations are s8 (TensorFlow).
  kTensorFlow,
  // Ranges instead of scales, for real weights too (OpenVINO).
  kFakeQuantize,
};

constexpr int kChannels = 6;
constexpr float kInputScale = 2.2f / 255, kHiddenScale = 4.0f / 255, kOutputScale = 12.0f / 255;

// Two convolutions and a ReLU between them, in one of the spellings.
class Maker {
 public:
  explicit Maker(Spelling spelling) : spelling_(spelling), maker_(13) {}

  Graph Make() {
    maker_.Input("x", {"1", "3", "9", "9"});
    Convolution("a", Activation("x", kInputScale, -1.1f), 3);
    maker_.Op("Relu", {"a"}, {"r"});
    Convolution("b", Activation("r", kHiddenScale, 0), kChannels);
    maker_.Output(Activation("b", kOutputScale, -6));
    return ImportSimplified(maker_);
  }

  static std::vector<float> ScalesOf(const std::vector<float>& weights, bool per_channel) {
    const size_t channels = per_channel ? kChannels : 1, inner = weights.size() / channels;
    std::vector<float> scales;
    for (size_t c = 0; c < channels; ++c) {
      float largest = 0;
      for (size_t i = 0; i < inner; ++i)
        largest = std::max(largest, std::abs(weights[c * inner + i]));
      // As if training had found that cutting the largest weights is better.
      scales.push_back(0.9f * largest / 127);
    }
    return scales;
  }

  static std::vector<float> WeightsOf(const std::string& name, int inputs) {
    std::mt19937 random(name == "a" ? 1 : 2);
    std::normal_distribution<float> normal(0, std::sqrt(1.0f / static_cast<float>(9 * inputs)));
    std::vector<float> weights(static_cast<size_t>(kChannels * inputs * 9));
    for (float& w : weights) w = normal(random);
    return weights;
  }

 private:
  void Integers(const std::string& name, const std::vector<int64_t>& dims,
                const std::vector<int>& values, int type) {
    onnx::TensorProto* tensor = maker_.graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(type);
    for (const int64_t d : dims) tensor->add_dims(d);
    for (const int v : values) tensor->add_int32_data(v);
  }

  // The range from `low` on; the name of what readers see.
  std::string Activation(const std::string& x, float scale, float low) {
    if (spelling_ == Spelling::kFloat) return x;
    const std::string y = x + "_y";
    const auto zero = static_cast<int>(std::lround(-low / scale));
    if (spelling_ == Spelling::kFakeQuantize) {
      maker_.Floats(y + "_low", {}, {static_cast<float>(-zero) * scale});
      maker_.Floats(y + "_high", {}, {static_cast<float>(255 - zero) * scale});
      maker_.OpOf("org.openvinotoolkit", "FakeQuantize",
                  {x, y + "_low", y + "_high", y + "_low", y + "_high"}, {y},
                  {Attr("levels", 256)});
      return y;
    }
    const bool is_signed = spelling_ == Spelling::kTensorFlow;
    maker_.Floats(y + "_scale", {}, {scale});
    Integers(y + "_zero", {}, {zero - (is_signed ? 128 : 0)},
             is_signed ? onnx::TensorProto::INT8 : onnx::TensorProto::UINT8);
    maker_.Op("QuantizeLinear", {x, y + "_scale", y + "_zero"}, {y + "_q"});
    maker_.Op("DequantizeLinear", {y + "_q", y + "_scale", y + "_zero"}, {y});
    return y;
  }

  std::string Weights(const std::string& name, int inputs) {
    const std::vector<float> weights = WeightsOf(name, inputs);
    const std::vector<int64_t> shape = {kChannels, inputs, 3, 3};
    const std::string w = name + "_w", y = w + "_y";
    if (spelling_ != Spelling::kPyTorch) maker_.Floats(w, shape, weights);
    if (spelling_ == Spelling::kFloat) return w;
    const std::vector<float> scales = ScalesOf(weights, spelling_ != Spelling::kTensorFlow);
    if (spelling_ == Spelling::kFakeQuantize) {
      std::vector<float> low, high;
      for (float s : scales) {
        low.push_back(-127 * s);
        high.push_back(127 * s);
      }
      maker_.Floats(w + "_low", {kChannels, 1, 1, 1}, low);
      maker_.Floats(w + "_high", {kChannels, 1, 1, 1}, high);
      maker_.OpOf("org.openvinotoolkit", "FakeQuantize",
                  {w, w + "_low", w + "_high", w + "_low", w + "_high"}, {y},
                  {Attr("levels", 255)});
      return y;
    }
    if (spelling_ == Spelling::kTensorFlow) {
      maker_.Floats(w + "_scale", {}, scales);
      Integers(w + "_zero", {}, {0}, onnx::TensorProto::INT8);
      maker_.Op("QuantizeLinear", {w, w + "_scale", w + "_zero"}, {w + "_q"});
      maker_.Op("DequantizeLinear", {w + "_q", w + "_scale", w + "_zero"}, {y});
      return y;
    }
    std::vector<int> integers;
    for (size_t i = 0; i < weights.size(); ++i) {
      const float scale = scales[i / (weights.size() / kChannels)];
      integers.push_back(
          std::clamp(static_cast<int>(std::nearbyint(weights[i] / scale)), -128, 127));
    }
    Integers(w, shape, integers, onnx::TensorProto::INT8);
    maker_.Floats(w + "_scale", {kChannels}, scales);
    Integers(w + "_zero", {kChannels}, std::vector<int>(kChannels, 0), onnx::TensorProto::INT8);
    maker_.Op("DequantizeLinear", {w, w + "_scale", w + "_zero"}, {y}, {Attr("axis", 0)});
    return y;
  }

  void Convolution(const std::string& name, const std::string& x, int inputs) {
    const std::string w = Weights(name, inputs);
    maker_.Floats(name + "_b", {kChannels}, {0.1f, -0.2f, 0, 0.05f, 0.3f, -0.1f});
    maker_.Op("Conv", {x, w, name + "_b"}, {name},
              {Attr("kernel_shape", std::vector<int64_t>{3, 3})});
  }

  const Spelling spelling_;
  OnnxMaker maker_;
};

std::unique_ptr<SampleSource> RandomSamples() {
  return SamplesFrom(24,
                     [](int64_t i) -> absl::StatusOr<Sample> {
                       std::mt19937 random(static_cast<uint32_t>(i));
                       std::uniform_real_distribution<float> uniform(-1.1f, 1.1f);
                       std::vector<float> values(3 * 9 * 9);
                       for (float& v : values) v = uniform(random);
                       return Sample{ArrayOf<float>(DataType::kF32, {3, 9, 9}, values)};
                     },
                     {{{"x", DataType::kF32, {1, 3, 9, 9}, {}, {}}}, {}, {}})
      .value();
}

void ExpectSameNumbers(const Graph& a, const Graph& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    const Tensor &left = a.tensors[i], &right = b.tensors[i];
    EXPECT_EQ(left.quant, right.quant) << left.name;
    EXPECT_EQ(left.data.as<uint8_t>(), right.data.as<uint8_t>()) << left.name;
  }
}

class ImportedTest : public ::testing::TestWithParam<Spelling> {
 protected:
  absl::StatusOr<TrainResult> Train(const Graph& integer) {
    return Finetune(integer, &real_, *data_, *samples_, options_);
  }

  const Graph real_ = Maker(Spelling::kFloat).Make();
  const std::unique_ptr<SampleSource> samples_ = RandomSamples();
  const std::unique_ptr<TrainingData> data_ = PlainTrainingData(*samples_);
  FinetuneOptions options_;
};

TEST_P(ImportedTest, GoesOnFromItsScales) {
  const Graph integer = Maker(GetParam()).Make();
  ASSERT_THAT(Types(integer), ElementsAre("Quantize", "Conv", "Conv", "Dequantize"));
  const Node &a = integer.nodes[1], &b = integer.nodes[2];
  const auto scale = [&](TensorId id) { return integer.tensor(id).quant->scale(); };
  EXPECT_FLOAT_EQ(scale(a.input(0)), kInputScale);
  EXPECT_FLOAT_EQ(scale(b.input(0)), kHiddenScale);
  EXPECT_FLOAT_EQ(scale(b.outputs[0]), kOutputScale);
  const std::vector<float> scales =
      Maker::ScalesOf(Maker::WeightsOf("a", 3), GetParam() != Spelling::kTensorFlow);
  const std::vector<float>& found = integer.tensor(a.input(1)).quant->scales;
  for (size_t c = 0; c < found.size(); ++c) {
    EXPECT_FLOAT_EQ(found[c], scales[scales.size() > 1 ? c : 0]);
  }

  options_.train.epochs = 0;
  const absl::StatusOr<TrainResult> untrained = Train(integer);
  ASSERT_TRUE(untrained.ok()) << untrained.status();
  ExpectSameNumbers(untrained->graph, integer);

  options_.train.epochs = 12;
  options_.train.batch = 4;
  options_.train.rate = 1e-3;
  const absl::StatusOr<TrainResult> trained = Train(integer);
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_EQ(trained->before.sqnr_db, untrained->before.sqnr_db);
  EXPECT_GT(*trained->after.sqnr_db, *trained->before.sqnr_db + 0.5);
  EXPECT_NE(trained->graph.tensor(b.input(0)).quant->scale(), scale(b.input(0)));
}

// Those that shall not change keep the very bits of the file.
TEST_P(ImportedTest, KeepsScalesThatAreFixed) {
  const Graph integer = Maker(GetParam()).Make();
  options_.network.ranges = RangeMode::kFixed;
  options_.network.learn_weight_scales = false;
  options_.train.epochs = 3;
  options_.train.batch = 4;
  options_.train.rate = 1e-3;
  const absl::StatusOr<TrainResult> trained = Train(integer);
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_GT(trained->best_epoch, 0);
  for (size_t i = 0; i < integer.tensors.size(); ++i) {
    EXPECT_EQ(trained->graph.tensors[i].quant, integer.tensors[i].quant);
  }
}

INSTANTIATE_TEST_SUITE_P(Spellings, ImportedTest,
                         ::testing::Values(Spelling::kPyTorch, Spelling::kTensorFlow,
                                           Spelling::kFakeQuantize));

}  // namespace
}  // namespace octet

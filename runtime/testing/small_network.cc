#include "runtime/testing/small_network.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace octet::testing {
namespace {

constexpr float kNoLimit = std::numeric_limits<float>::infinity();
const Shape kSampleShape = {3, 17, 19};

// Adds tensors and nodes to a graph, in float or int8. Every activation of the int8 form holds [0,
// 4] or, where it may be negative, [-4, 4].
class Builder {
 public:
  Builder(uint32_t seed, bool int8) : random_(seed), int8_(int8) {}

  TensorId Activation(const std::string& name, const Shape& shape, bool is_signed) {
    Tensor t;
    t.name = name;
    t.shape = shape;
    t.type = int8_ ? DataType::kU8 : DataType::kF32;
    if (int8_) {
      t.quant =
          is_signed ? QuantParams{{8.0f / 255}, {128}, -1} : QuantParams{{4.0f / 255}, {0}, -1};
    }
    return graph.AddTensor(std::move(t));
  }

  TensorId FloatTensor(const std::string& name, const Shape& shape) {
    Tensor t;
    t.name = name;
    t.shape = shape;
    t.type = DataType::kF32;
    return graph.AddTensor(std::move(t));
  }

  // A weight whose first dimension is the output channel, and its bias.
  std::pair<TensorId, TensorId> Weights(const std::string& name, const Shape& shape,
                                        float input_scale) {
    const auto channels = static_cast<size_t>(shape[0]);
    const auto per_channel = static_cast<size_t>(NumElements(shape)) / channels;
    std::normal_distribution<float> normal(0.0f, std::sqrt(1.0f / static_cast<float>(per_channel)));
    std::vector<float> values(channels * per_channel), bias(channels);
    for (float& v : values) v = normal(random_);
    for (float& v : bias) v = normal(random_);
    Tensor w, b;
    w.name = name + ".w";
    w.shape = shape;
    b.name = name + ".b";
    b.shape = {shape[0]};
    if (!int8_) {
      w.type = b.type = DataType::kF32;
      w.data = Constant::Of<float>(values);
      b.data = Constant::Of<float>(bias);
    } else {
      Quantize(values, bias, per_channel, input_scale, w, b);
    }
    const TensorId weight_id = graph.AddTensor(std::move(w));
    return {weight_id, graph.AddTensor(std::move(b))};
  }

  TensorId Conv(const std::string& name, TensorId x, int kernel, const Shape& w_shape, int stride,
                int pad, const Shape& y_shape, TensorId residual = kNoTensor) {
    const auto [w, b] = Weights(name, w_shape, ScaleOf(x));
    const bool relu = residual == kNoTensor;
    const TensorId y = Activation(name, y_shape, !relu);
    schema::ConvOptionsT options;
    options.strides = {stride, stride};
    options.dilations = {1, 1};
    options.pads_begin = {pad, pad};
    options.pads_end = {pad, kernel == 3 ? pad : 0};
    options.groups = static_cast<int>(graph.tensor(x).shape[1] / w_shape[1]);
    if (relu) options.activation_min = 0.0f;
    std::vector<TensorId> inputs = {x, w, b};
    if (residual != kNoTensor) inputs.push_back(residual);
    graph.AddNode(name, std::move(options), std::move(inputs), {y});
    return y;
  }

  float ScaleOf(TensorId id) const { return int8_ ? graph.tensor(id).quant->scale() : 1.0f; }

  Graph graph;

 private:
  void Quantize(const std::vector<float>& values, const std::vector<float>& bias,
                size_t per_channel, float input_scale, Tensor& w, Tensor& b) {
    w.type = DataType::kS8;
    b.type = DataType::kS32;
    w.quant.emplace();
    b.quant.emplace();
    w.quant->axis = b.quant->axis = 0;
    std::vector<int8_t> w8(values.size());
    std::vector<int32_t> b32(bias.size());
    for (size_t c = 0; c < bias.size(); ++c) {
      float peak = 0.0f;
      for (size_t i = 0; i < per_channel; ++i) {
        peak = std::max(peak, std::fabs(values[c * per_channel + i]));
      }
      const float scale = peak / 127.0f;
      for (size_t i = 0; i < per_channel; ++i) {
        w8[c * per_channel + i] =
            static_cast<int8_t>(std::lround(values[c * per_channel + i] / scale));
      }
      b32[c] = static_cast<int32_t>(std::lround(bias[c] / (scale * input_scale)));
      w.quant->scales.push_back(scale);
      b.quant->scales.push_back(scale * input_scale);
      w.quant->zero_points.push_back(0);
      b.quant->zero_points.push_back(0);
    }
    w.data = Constant::Of<int8_t>(w8);
    b.data = Constant::Of<int32_t>(b32);
  }

  std::mt19937 random_;
  const bool int8_;
};

Graph SmallNetwork(uint32_t seed, bool int8) {
  Builder b(seed, int8);
  Graph& g = b.graph;
  g.name = int8 ? "small_int8" : "small_float";
  TensorId x = b.FloatTensor("x", {-1, 3, 17, 19});
  g.tensor(x).symbols = {"N", "", "", ""};
  g.inputs = {x};
  if (int8) {
    const TensorId q = b.Activation("x.q", {-1, 3, 17, 19}, true);
    g.AddNode("quantize", schema::QuantizeOptionsT(), {x}, {q});
    x = q;
  }
  const TensorId stem = b.Conv("stem", x, 3, {16, 3, 3, 3}, 1, 1, {-1, 16, 17, 19});
  const TensorId depthwise = b.Conv("depthwise", stem, 3, {16, 1, 3, 3}, 1, 1, {-1, 16, 17, 19});
  const TensorId project =
      b.Conv("project", depthwise, 1, {16, 16, 1, 1}, 1, 0, {-1, 16, 17, 19}, stem);
  const TensorId joined = b.Activation("joined", {-1, 32, 17, 19}, true);
  const TensorId stem_signed = b.Activation("stem.signed", {-1, 16, 17, 19}, true);
  schema::BinaryOptionsT add;
  add.kind = schema::BinaryKind::ADD;
  g.AddNode("again", std::move(add), {stem, project}, {stem_signed});
  schema::ConcatOptionsT concat;
  concat.axis = 1;
  g.AddNode("joined", std::move(concat), {project, stem_signed}, {joined});
  const TensorId grouped = b.Conv("grouped", joined, 3, {24, 16, 3, 3}, 2, 1, {-1, 24, 9, 10});
  schema::PoolOptionsT pool;
  pool.kind = schema::PoolKind::MAXIMUM;
  pool.kernel = {3, 3};
  pool.strides = {2, 2};
  pool.dilations = {1, 1};
  pool.pads_begin = {1, 1};
  pool.pads_end = {0, 0};
  const TensorId pooled = b.Activation("pooled", {-1, 24, 4, 5}, false);
  g.AddNode("pooled", std::move(pool), {grouped}, {pooled});
  const TensorId mean = b.Activation("mean", {-1, 24, 1, 1}, false);
  schema::GlobalPoolOptionsT global;
  global.kind = schema::PoolKind::AVERAGE;
  g.AddNode("mean", std::move(global), {pooled}, {mean});
  const TensorId flat = b.Activation("flat", {-1, 24}, false);
  schema::ReshapeOptionsT reshape;
  reshape.shape = {0, -1};
  g.AddNode("flat", std::move(reshape), {mean}, {flat});
  const auto [w, bias] = b.Weights("fc", {10, 24}, b.ScaleOf(flat));
  const TensorId y = b.FloatTensor("y", {-1, 10});
  schema::MatMulOptionsT matmul;
  matmul.transpose_b = true;
  g.AddNode("fc", std::move(matmul), {flat, w, bias}, {y});
  g.outputs = {y};
  return std::move(b.graph);
}

}  // namespace

Graph SmallFloatNetwork(uint32_t seed) { return SmallNetwork(seed, false); }

Graph SmallInt8Network(uint32_t seed) { return SmallNetwork(seed, true); }

std::vector<float> SmallNetworkInput(int64_t batch, uint32_t seed) {
  const int64_t sample = NumElements(kSampleShape);
  std::vector<float> values;
  for (int64_t i = 0; i < batch; ++i) {
    std::mt19937 random(seed + static_cast<uint32_t>(i));
    std::normal_distribution<float> normal(0.0f, 1.0f);
    for (int64_t j = 0; j < sample; ++j) values.push_back(normal(random));
  }
  return values;
}

std::vector<float> RunOnce(const Model& model, const std::vector<float>& input, int64_t batch) {
  Shape shape = {batch};
  shape.insert(shape.end(), kSampleShape.begin(), kSampleShape.end());
  absl::StatusOr<std::unique_ptr<Session>> session = model.NewSession({shape});
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return {};
  const absl::Span<float> x = (*session)->input<float>(0);
  EXPECT_EQ(x.size(), input.size());
  std::copy(input.begin(), input.end(), x.begin());
  const absl::Status status = (*session)->Run();
  EXPECT_TRUE(status.ok()) << status;
  const absl::Span<const float> y = (*session)->output<float>(0);
  return {y.begin(), y.end()};
}

}  // namespace octet::testing

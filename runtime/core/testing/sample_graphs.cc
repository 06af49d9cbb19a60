#include "runtime/core/testing/sample_graphs.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace octet {
namespace {

constexpr float kScaleX = 0.5f;
constexpr float kScaleY = 0.25f;

QuantParams PerTensor(float scale, int32_t zero_point) { return {{scale}, {zero_point}, -1}; }

QuantParams PerChannel(std::vector<float> scales, int axis) {
  QuantParams quant{std::move(scales), {}, axis};
  quant.zero_points.assign(quant.scales.size(), 0);
  return quant;
}

Tensor Computed(std::string name, DataType type, Shape tail) {
  Tensor t;
  t.name = std::move(name);
  t.type = type;
  t.shape = {-1};
  t.shape.insert(t.shape.end(), tail.begin(), tail.end());
  t.symbols.assign(t.shape.size(), "");
  t.symbols[0] = "batch";
  return t;
}

Tensor Quantized(std::string name, Shape tail, QuantParams quant) {
  Tensor t = Computed(std::move(name), DataType::kU8, std::move(tail));
  t.quant = std::move(quant);
  return t;
}

template <typename T>
Tensor Parameter(std::string name, DataType type, Shape shape, QuantParams quant) {
  Tensor t;
  t.name = std::move(name);
  t.type = type;
  t.shape = std::move(shape);
  t.quant = std::move(quant);
  std::vector<T> values;
  for (int64_t i = 0; i < NumElements(t.shape); ++i)
    values.push_back(static_cast<T>(i * 7 % 23 - 11));
  t.data = Constant::Of<T>(values);
  return t;
}

void AddConvolution(Graph& g, TensorId xq, TensorId y) {
  const std::vector<float> scales = {0.125f, 0.25f, 0.5f};
  const TensorId w =
      g.AddTensor(Parameter<int8_t>("conv.w", DataType::kS8, {3, 3, 3, 3}, PerChannel(scales, 0)));
  std::vector<float> bias_scales;
  for (float scale : scales) bias_scales.push_back(kScaleX * scale);
  const TensorId bias =
      g.AddTensor(Parameter<int32_t>("conv.bias", DataType::kS32, {3}, PerChannel(bias_scales, 0)));
  schema::ConvOptionsT conv;
  conv.strides = conv.dilations = conv.pads_begin = conv.pads_end = {1, 1};
  conv.activation_min = 0;
  g.AddNode("conv", conv, {xq, w, bias, xq}, {y});
}

void AddClassifier(Graph& g, TensorId f, TensorId logits) {
  const TensorId w =
      g.AddTensor(Parameter<int8_t>("classify.w", DataType::kS8, {12, 5}, PerTensor(0.5f, 0)));
  const TensorId bias = g.AddTensor(
      Parameter<int32_t>("classify.bias", DataType::kS32, {5}, PerTensor(kScaleY * 0.5f, 0)));
  g.AddNode("classify", schema::MatMulOptionsT(), {f, w, bias}, {logits});
}

void AddMetadata(Graph& g) {
  g.preprocessing = std::make_unique<schema::PreprocessingT>();
  g.preprocessing->resize = 6;
  g.preprocessing->crop = 4;
  g.preprocessing->mean = {127, 127, 127};
  g.preprocessing->std = {128, 128, 128};
  g.labels = {"ant", "bee", "cat", "dog", "eel"};
  g.quantization = std::make_unique<schema::QuantizationRecordT>();
  g.quantization->method = "static";
  g.quantization->calibrator = "minmax";
  g.quantization->weights = "per-channel";
  g.quantization->activations = "u8";
  g.quantization->data_hash = "00ff";
  g.quantization->samples = 3;
  auto range = std::make_unique<schema::ObservedRangeT>();
  range->tensor = "y";
  range->max = 60;
  g.quantization->ranges.push_back(std::move(range));
}

}  // namespace

Graph SampleClassifier() {
  Graph g;
  g.name = "sample";
  g.producer = "test";
  const TensorId x = g.AddTensor(Computed("x", DataType::kF32, {3, 4, 4}));
  const TensorId xq = g.AddTensor(Quantized("xq", {3, 4, 4}, PerTensor(kScaleX, 128)));
  const TensorId y = g.AddTensor(Quantized("y", {3, 4, 4}, PerTensor(kScaleY, 0)));
  const TensorId p = g.AddTensor(Quantized("p", {3, 2, 2}, PerTensor(kScaleY, 0)));
  const TensorId f = g.AddTensor(Quantized("f", {12}, PerTensor(kScaleY, 0)));
  const TensorId logits = g.AddTensor(Computed("logits", DataType::kF32, {5}));
  const TensorId probabilities = g.AddTensor(Computed("probabilities", DataType::kF32, {5}));
  g.inputs = {x};
  g.outputs = {probabilities};

  g.AddNode("quantize", schema::QuantizeOptionsT(), {x}, {xq});
  AddConvolution(g, xq, y);
  schema::PoolOptionsT pool;
  pool.kind = schema::PoolKind::MAXIMUM;
  pool.kernel = pool.strides = {2, 2};
  pool.dilations = {1, 1};
  pool.pads_begin = pool.pads_end = {0, 0};
  g.AddNode("pool", pool, {y}, {p});
  schema::ReshapeOptionsT flatten;
  flatten.shape = {0, -1};
  g.AddNode("flatten", flatten, {p}, {f});
  AddClassifier(g, f, logits);
  schema::SoftmaxOptionsT softmax;
  softmax.axis = 1;
  g.AddNode("softmax", softmax, {logits}, {probabilities});
  AddMetadata(g);
  return g;
}

TensorId Find(const Graph& graph, const std::string& name) {
  const auto found = std::find_if(graph.tensors.begin(), graph.tensors.end(),
                                  [&name](const Tensor& t) { return t.name == name; });
  if (found == graph.tensors.end()) std::abort();
  return static_cast<TensorId>(found - graph.tensors.begin());
}

Tensor& TensorNamed(Graph& graph, const std::string& name) {
  return graph.tensor(Find(graph, name));
}

Node& NodeNamed(Graph& graph, const std::string& name) {
  const auto found = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                  [&name](const Node& node) { return node.name == name; });
  if (found == graph.nodes.end()) std::abort();
  return *found;
}

}  // namespace octet

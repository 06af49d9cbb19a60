#include "tools/simplify/testing.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "octet/model.h"
#include "runtime/core/bind.h"
#include "runtime/core/numerics.h"
#include "runtime/core/validate.h"
#include "runtime/model_internal.h"
#include "tools/simplify/constants.h"
#include "tools/simplify/evaluate.h"

namespace octet::testing {
namespace {

std::vector<double> Random(int64_t count, double limit, uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-limit, limit);
  std::vector<double> values(static_cast<size_t>(count));
  for (double& v : values) v = uniform(generator);
  return values;
}

// The node with its value inputs, which must be constants, in its options.
Node BoundNode(const Graph& graph, const Node& node) {
  Node bound = node;
  std::vector<const Tensor*> values;
  for (const TensorId id : node.inputs) values.push_back(id < 0 ? nullptr : &graph.tensor(id));
  const Shape x = values.empty() || values[0] == nullptr ? Shape() : values[0]->shape;
  EXPECT_EQ(BindValues(bound, values, x), absl::OkStatus());
  return bound;
}

}  // namespace

TensorId GraphMaker::AddTensor(Tensor tensor) {
  tensor.name = absl::StrCat("t", graph_.tensors.size());
  return graph_.AddTensor(std::move(tensor));
}

TensorId GraphMaker::Input(const Shape& shape) {
  Tensor tensor;
  tensor.type = DataType::kF32;
  tensor.shape = shape;
  graph_.inputs.push_back(AddTensor(std::move(tensor)));
  return graph_.inputs.back();
}

TensorId GraphMaker::Constant(const Shape& shape, const std::vector<float>& values, DataType type) {
  Tensor tensor;
  tensor.type = type;
  tensor.shape = shape;
  tensor.data = FromDoubles(type, std::vector<double>(values.begin(), values.end()));
  return AddTensor(std::move(tensor));
}

TensorId GraphMaker::RandomConstant(const Shape& shape, DataType type) {
  Tensor tensor;
  tensor.type = type;
  tensor.shape = shape;
  tensor.data = FromDoubles(type, Random(NumElements(shape), 1.0, seed_++));
  return AddTensor(std::move(tensor));
}

TensorId GraphMaker::Integers(const Shape& shape, const std::vector<int64_t>& values, DataType type,
                              const QuantParams& quant) {
  Tensor tensor;
  tensor.type = type;
  tensor.shape = shape;
  tensor.quant = quant;
  tensor.data = FromInts(type, values);
  return AddTensor(std::move(tensor));
}

TensorId GraphMaker::RandomIntegers(const Shape& shape, DataType type, const QuantParams& quant) {
  std::mt19937 generator(seed_++);
  const IntRange range = RangeOf(type);
  std::uniform_int_distribution<int64_t> uniform(range.min, range.max);
  std::vector<int64_t> values(static_cast<size_t>(NumElements(shape)));
  for (int64_t& v : values) v = uniform(generator);
  return Integers(shape, values, type, quant);
}

TensorId GraphMaker::Quantize(TensorId x, DataType type, float scale, int32_t zero_point) {
  const TensorId q = Op(schema::QuantizeOptionsT(), {x});
  graph_.tensor(q).type = type;
  graph_.tensor(q).quant = QuantParams{{scale}, {zero_point}, -1};
  return q;
}

TensorId GraphMaker::Dequantize(TensorId q) { return Op(schema::DequantizeOptionsT(), {q}); }

std::vector<TensorId> GraphMaker::Add(Node node, const std::vector<DataType>& types) {
  node.outputs.assign(types.size(), kNoTensor);
  const Node bound = BoundNode(graph_, node);
  std::vector<Shape> inputs;
  for (const TensorId id : bound.inputs) {
    inputs.push_back(id < 0 ? Shape{} : graph_.tensor(id).shape);
  }
  const auto shapes = InferShapes(bound, inputs);
  EXPECT_TRUE(shapes.ok()) << shapes.status();
  for (size_t i = 0; i < types.size(); ++i) {
    Tensor tensor;
    tensor.type = types[i];
    if (shapes.ok()) tensor.shape = (*shapes)[i];
    node.outputs[i] = AddTensor(std::move(tensor));
  }
  graph_.nodes.push_back(std::move(node));
  return graph_.nodes.back().outputs;
}

Graph GraphMaker::Finish(const std::vector<TensorId>& outputs) {
  graph_.outputs = outputs;
  EXPECT_EQ(ValidateGraph(graph_), absl::OkStatus());
  return graph_;
}

schema::ConvOptionsT Conv2d(int stride, int pad, int groups) {
  schema::ConvOptionsT options;
  options.strides = {stride, stride};
  options.dilations = {1, 1};
  options.pads_begin = {pad, pad};
  options.pads_end = {pad, pad};
  options.groups = groups;
  return options;
}

schema::MatMulOptionsT MatMul(bool transpose_b) {
  schema::MatMulOptionsT options;
  options.transpose_b = transpose_b;
  return options;
}

schema::BinaryOptionsT Binary(schema::BinaryKind kind) {
  schema::BinaryOptionsT options;
  options.kind = kind;
  return options;
}

schema::UnaryOptionsT Unary(schema::UnaryKind kind, float alpha, float beta) {
  schema::UnaryOptionsT options;
  options.kind = kind;
  options.alpha = alpha;
  options.beta = beta;
  return options;
}

schema::UnaryOptionsT Clip(float min, float max) {
  return Unary(schema::UnaryKind::CLIP, min, max);
}

schema::ReshapeOptionsT Reshape(const std::vector<int64_t>& shape) {
  schema::ReshapeOptionsT options;
  options.shape = shape;
  return options;
}

schema::TransposeOptionsT Transpose(const std::vector<int>& permutation) {
  schema::TransposeOptionsT options;
  options.permutation = permutation;
  return options;
}

schema::PadOptionsT Pad(const std::vector<int64_t>& begin, const std::vector<int64_t>& end,
                        float value) {
  schema::PadOptionsT options;
  options.pads_begin = begin;
  options.pads_end = end;
  options.value = value;
  return options;
}

schema::PoolOptionsT Pool2d(schema::PoolKind kind, int kernel, int stride, int pad) {
  schema::PoolOptionsT options;
  options.kind = kind;
  options.kernel = {kernel, kernel};
  options.strides = {stride, stride};
  options.dilations = {1, 1};
  options.pads_begin = {pad, pad};
  options.pads_end = {pad, pad};
  return options;
}

schema::ReduceOptionsT Reduce(schema::ReduceKind kind, const std::vector<int>& axes,
                              bool keep_dims) {
  schema::ReduceOptionsT options;
  options.kind = kind;
  options.axes = axes;
  options.keep_dims = keep_dims;
  return options;
}

int Count(const Graph& graph, OpType type) {
  return static_cast<int>(std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                        [&](const Node& node) { return node.type() == type; }));
}

const Node& Only(const Graph& graph, OpType type) {
  EXPECT_EQ(Count(graph, type), 1) << Name(type);
  for (const Node& node : graph.nodes) {
    if (node.type() == type) return node;
  }
  static const Node* const none = new Node();
  return *none;
}

std::vector<std::vector<double>> RunRandom(const Graph& graph) {
  std::vector<Tensor> inputs;
  const std::vector<Shape> shapes = DefaultInputShapes(graph, 5);
  for (const Shape& shape : shapes) {
    Tensor tensor;
    tensor.type = DataType::kF32;
    tensor.shape = shape;
    const auto seed = 100 + static_cast<uint32_t>(inputs.size());
    tensor.data = FromDoubles(DataType::kF32, Random(NumElements(shape), 4.0, seed));
    inputs.push_back(std::move(tensor));
  }
  const auto values = EvaluateGraph(graph, inputs);
  EXPECT_TRUE(values.ok()) << values.status();
  std::vector<std::vector<double>> outputs;
  for (const TensorId id : graph.outputs) {
    if (!values.ok()) break;
    outputs.push_back(ToDoubles(DataType::kF32, (*values)[static_cast<size_t>(id)].data));
  }
  return outputs;
}

std::vector<std::vector<double>> RunModel(const Graph& graph) {
  ModelOptions options;
  options.deterministic = true;
  const auto model = ModelFromGraph(graph, options);
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return {};
  const auto session = (*model)->NewSession(DefaultInputShapes(graph, 5));
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return {};
  for (int i = 0; i < static_cast<int>(graph.inputs.size()); ++i) {
    const absl::Span<float> x = (*session)->input<float>(i);
    const std::vector<double> values =
        Random(static_cast<int64_t>(x.size()), 4.0, 100 + static_cast<uint32_t>(i));
    std::copy(values.begin(), values.end(), x.begin());
  }
  EXPECT_EQ((*session)->Run(), absl::OkStatus());
  std::vector<std::vector<double>> outputs;
  for (int i = 0; i < static_cast<int>(graph.outputs.size()); ++i) {
    const DataType type = (*session)->output_type(i);
    const auto bytes = static_cast<size_t>(NumElements((*session)->output_shape(i))) * SizeOf(type);
    const auto* data = static_cast<const uint8_t*>((*session)->output_data(i));
    outputs.push_back(ToDoubles(type, Constant::Borrow(data, bytes, nullptr)));
  }
  return outputs;
}

void ExpectSameResults(const Graph& before, const Graph& after, double tolerance) {
  EXPECT_EQ(ValidateGraph(after), absl::OkStatus());
  const auto expected = RunModel(before), actual = RunModel(after);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(actual[i].size(), expected[i].size());
    EXPECT_EQ(after.tensor(after.outputs[i]).name, before.tensor(before.outputs[i]).name);
    bool varies = false;
    for (size_t j = 0; j < expected[i].size(); ++j) {
      ASSERT_NEAR(actual[i][j], expected[i][j], tolerance) << "output " << i << " element " << j;
      varies = varies || expected[i][j] != expected[i][0];
    }
    EXPECT_TRUE(varies) << "output " << i << " tells nothing";
  }
}

void ExpectSameNetwork(const Graph& before, const Graph& after, double tolerance) {
  EXPECT_EQ(ValidateGraph(after), absl::OkStatus());
  ASSERT_EQ(after.outputs.size(), before.outputs.size());
  for (size_t i = 0; i < before.outputs.size(); ++i) {
    EXPECT_EQ(after.tensor(after.outputs[i]).name, before.tensor(before.outputs[i]).name);
  }
  const auto expected = RunRandom(before), actual = RunRandom(after);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(actual[i].size(), expected[i].size());
    double largest = 0, error = 0;
    for (size_t j = 0; j < expected[i].size(); ++j) {
      largest = std::max(largest, std::fabs(expected[i][j]));
      error = std::max(error, std::fabs(expected[i][j] - actual[i][j]));
    }
    EXPECT_LE(error, tolerance * largest) << "output " << i;
  }
}

}  // namespace octet::testing

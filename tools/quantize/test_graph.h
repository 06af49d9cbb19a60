#ifndef OCTET_TOOLS_QUANTIZE_TEST_GRAPH_H_
#define OCTET_TOOLS_QUANTIZE_TEST_GRAPH_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "runtime/core/graph.h"

namespace octet::testing {

// Builds small float graphs. Every function adds an operator named like its output and returns the
// output.
class GraphBuilder {
 public:
  // Shape [1, 2, 4, 4] unless said otherwise.
  TensorId Input(const std::string& name, Shape shape = {1, 2, 4, 4}) {
    const TensorId id = Real(name, std::move(shape));
    graph.inputs.push_back(id);
    return id;
  }

  // A 1x1 convolution of 2 channels into 2 with these weights and a bias of zeros.
  TensorId Conv(const std::string& name, TensorId x, std::vector<float> weights = {1, 0, 0, 1},
                TensorId residual = kNoTensor) {
    schema::ConvOptionsT options;
    options.strides = options.dilations = {1, 1};
    options.pads_begin = options.pads_end = {0, 0};
    std::vector<TensorId> inputs = {x, Constant(name + ".w", {2, 2, 1, 1}, std::move(weights)),
                                    Constant(name + ".b", {2}, {0, 0})};
    if (residual != kNoTensor) inputs.push_back(residual);
    return Add(name, std::move(options), std::move(inputs), graph.tensor(x).shape);
  }

  TensorId MatMul(const std::string& name, TensorId x, int64_t outputs) {
    const int64_t inner = graph.tensor(x).shape[1];
    const TensorId w = Constant(name + ".w", {inner, outputs},
                                std::vector<float>(static_cast<size_t>(inner * outputs), 0.5f));
    return Add(name, schema::MatMulOptionsT(), {x, w}, {graph.tensor(x).shape[0], outputs});
  }

  // x by `weights`, [last dimension of x, outputs].
  TensorId Product(const std::string& name, TensorId x, std::vector<float> weights,
                   TensorId residual = kNoTensor) {
    Shape shape = graph.tensor(x).shape;
    const auto outputs = static_cast<int64_t>(weights.size()) / shape.back();
    const TensorId w = Constant(name + ".w", {shape.back(), outputs}, std::move(weights));
    std::vector<TensorId> inputs = {x, w};
    if (residual != kNoTensor) inputs.insert(inputs.end(), {kNoTensor, residual});
    shape.back() = outputs;
    return Add(name, schema::MatMulOptionsT(), std::move(inputs), std::move(shape));
  }

  // Over the last dimension; an empty gain or bias is absent.
  TensorId Normalization(const std::string& name, schema::NormalizationKind kind, TensorId x,
                         std::vector<float> gain, std::vector<float> bias = {}) {
    const Shape shape = graph.tensor(x).shape;
    schema::NormalizationOptionsT options;
    options.kind = kind;
    options.axis = static_cast<int>(shape.size()) - 1;
    options.epsilon = 1e-5f;
    std::vector<TensorId> inputs = {x};
    inputs.push_back(gain.empty() ? kNoTensor
                                  : Constant(name + ".gain", {shape.back()}, std::move(gain)));
    inputs.push_back(bias.empty() ? kNoTensor
                                  : Constant(name + ".bias", {shape.back()}, std::move(bias)));
    return Add(name, std::move(options), std::move(inputs), shape);
  }

  TensorId Binary(const std::string& name, schema::BinaryKind kind, TensorId a, TensorId b) {
    schema::BinaryOptionsT options;
    options.kind = kind;
    return Add(name, std::move(options), {a, b}, graph.tensor(a).shape);
  }

  TensorId Unary(const std::string& name, schema::UnaryKind kind, TensorId x) {
    schema::UnaryOptionsT options;
    options.kind = kind;
    return Add(name, std::move(options), {x}, graph.tensor(x).shape);
  }

  TensorId Concat(const std::string& name, std::vector<TensorId> inputs) {
    schema::ConcatOptionsT options;
    options.axis = 1;
    Shape shape = graph.tensor(inputs[0]).shape;
    shape[1] = 0;
    for (TensorId id : inputs) shape[1] += graph.tensor(id).shape[1];
    return Add(name, std::move(options), std::move(inputs), std::move(shape));
  }

  TensorId Reshape(const std::string& name, TensorId x, Shape shape) {
    schema::ReshapeOptionsT options;
    options.shape.assign(shape.begin(), shape.end());
    return Add(name, std::move(options), {x}, std::move(shape));
  }

  TensorId GlobalAverage(const std::string& name, TensorId x) {
    schema::GlobalPoolOptionsT options;
    options.kind = schema::PoolKind::AVERAGE;
    Shape shape = graph.tensor(x).shape;
    std::fill(shape.begin() + 2, shape.end(), 1);
    return Add(name, std::move(options), {x}, std::move(shape));
  }

  TensorId Softmax(const std::string& name, TensorId x) {
    schema::SoftmaxOptionsT options;
    options.axis = 1;
    return Add(name, std::move(options), {x}, graph.tensor(x).shape);
  }

  TensorId Constant(const std::string& name, Shape shape, std::vector<float> values) {
    const TensorId id = Real(name, std::move(shape));
    graph.tensor(id).data = octet::Constant::Of<float>(values);
    return id;
  }

  template <typename OptionsT>
  TensorId Add(const std::string& name, OptionsT options, std::vector<TensorId> inputs,
               Shape shape) {
    const TensorId y = Real(name, std::move(shape));
    graph.AddNode(name, std::move(options), std::move(inputs), {y});
    return y;
  }

  Graph graph;

 private:
  TensorId Real(const std::string& name, Shape shape) {
    Tensor t;
    t.name = name;
    t.type = DataType::kF32;
    t.shape = std::move(shape);
    return graph.AddTensor(std::move(t));
  }
};

}  // namespace octet::testing

#endif  // OCTET_TOOLS_QUANTIZE_TEST_GRAPH_H_

#ifndef OCTET_TOOLS_SIMPLIFY_TESTING_H_
#define OCTET_TOOLS_SIMPLIFY_TESTING_H_

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "runtime/core/graph.h"
#include "runtime/core/infer.h"

// Small float networks for tests of passes.

namespace octet::testing {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Builds a network operator by operator. Shapes are inferred; names are "t0", "t1", ... for tensors
// and "n0", ... for nodes.
class GraphMaker {
 public:
  TensorId Input(const Shape& shape);
  TensorId Constant(const Shape& shape, const std::vector<float>& values,
                    DataType type = DataType::kF32);
  // Random numbers in [-1, 1].
  TensorId RandomConstant(const Shape& shape, DataType type = DataType::kF32);

  // A constant of integers with these scales.
  TensorId Integers(const Shape& shape, const std::vector<int64_t>& values, DataType type,
                    const QuantParams& quant);
  // Random numbers of a type's whole range.
  TensorId RandomIntegers(const Shape& shape, DataType type, const QuantParams& quant);
  // Nodes that convert a tensor.
  TensorId Quantize(TensorId x, DataType type, float scale, int32_t zero_point);
  TensorId Dequantize(TensorId q);
  // The one after the other.
  TensorId Rounded(TensorId x, DataType type, float scale, int32_t zero_point) {
    return Dequantize(Quantize(x, type, scale, zero_point));
  }

  // With results of f32.
  template <typename OptionsT>
  std::vector<TensorId> Ops(OptionsT options, const std::vector<TensorId>& inputs,
                            size_t outputs = 1) {
    return TypedOps(std::move(options), inputs, std::vector<DataType>(outputs, DataType::kF32));
  }
  // With results of these types.
  template <typename OptionsT>
  std::vector<TensorId> TypedOps(OptionsT options, const std::vector<TensorId>& inputs,
                                 const std::vector<DataType>& types) {
    return Add(
        Graph::MakeNode(absl::StrCat("n", graph_.nodes.size()), std::move(options), inputs, {}),
        types);
  }
  template <typename OptionsT>
  TensorId Op(OptionsT options, const std::vector<TensorId>& inputs) {
    return Ops(std::move(options), inputs)[0];
  }
  // Ends with these outputs.
  Graph Finish(const std::vector<TensorId>& outputs);

 private:
  std::vector<TensorId> Add(Node node, const std::vector<DataType>& types);
  TensorId AddTensor(Tensor tensor);

  Graph graph_;
  uint32_t seed_ = 1;
};

schema::ConvOptionsT Conv2d(int stride = 1, int pad = 0, int groups = 1);
schema::MatMulOptionsT MatMul(bool transpose_b = true);
schema::BinaryOptionsT Binary(schema::BinaryKind kind);
schema::UnaryOptionsT Unary(schema::UnaryKind kind, float alpha = 0, float beta = 0);
schema::UnaryOptionsT Clip(float min, float max);
schema::ReshapeOptionsT Reshape(const std::vector<int64_t>& shape);
schema::TransposeOptionsT Transpose(const std::vector<int>& permutation);
schema::PadOptionsT Pad(const std::vector<int64_t>& begin, const std::vector<int64_t>& end,
                        float value = 0);
schema::PoolOptionsT Pool2d(schema::PoolKind kind, int kernel, int stride, int pad = 0);
schema::ReduceOptionsT Reduce(schema::ReduceKind kind, const std::vector<int>& axes,
                              bool keep_dims);

// How many nodes of a type there are.
int Count(const Graph& graph, OpType type);

// The one node of a type; fails the test where there is not one.
const Node& Only(const Graph& graph, OpType type);

// The outputs of a network for random inputs in [-4, 4], the same for networks of the same input
// shapes.
std::vector<std::vector<double>> RunRandom(const Graph& graph);

// The same by the kernels that a model runs on, of networks of any type. Runs the reference's bits.
std::vector<std::vector<double>> RunModel(const Graph& graph);

// Fails unless `after` is valid and gives `before`'s numbers, up to `tolerance`.
void ExpectSameResults(const Graph& before, const Graph& after, double tolerance = 0);

// Fails unless `after` is valid and gives the numbers of `before` to `tolerance` of the largest.
void ExpectSameNetwork(const Graph& before, const Graph& after, double tolerance = 1e-5);

}  // namespace octet::testing

#endif  // OCTET_TOOLS_SIMPLIFY_TESTING_H_

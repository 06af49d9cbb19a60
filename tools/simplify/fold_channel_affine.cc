#include <algorithm>
#include <cmath>

#include "tools/simplify/constants.h"
#include "tools/simplify/edit.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/uses.h"

namespace octet {
namespace {

using schema::BinaryKind;

constexpr size_t kWeights = 1, kBias = 2, kResidual = 3;

// Dimension of a matrix product's weights that runs over output channels.
size_t ChannelAxisOfWeights(const Graph& graph, const Node& product) {
  if (product.type() == OpType::ConvOptions) return 0;
  if (product.type() == OpType::ConvTransposeOptions) return 1;  // of one group
  const size_t rank = graph.tensor(product.input(kWeights)).shape.size();
  return rank - (product.as<schema::MatMulOptionsT>().transpose_b ? 2 : 1);
}

// Dimension of its output that does.
size_t ChannelAxisOfOutput(const Graph& graph, const Node& product) {
  if (product.type() != OpType::MatMulOptions) return 1;
  return graph.tensor(product.outputs[0]).shape.size() - 1;
}

// Whether binary16 holds the scaled weights of every channel about as well as the ones before.
bool FitsHalf(const std::vector<double>& values, size_t inner, size_t channels) {
  std::vector<double> largest(channels, 0.0);
  for (size_t i = 0; i < values.size(); ++i) {
    double& l = largest[i / inner % channels];
    l = std::max(l, std::fabs(values[i]));
  }
  return std::all_of(largest.begin(), largest.end(),
                     [](double l) { return l == 0.0 || (l > 0x1p-7 && l < 65000.0); });
}

void ScaleWeights(Graph& graph, const Uses& uses, Node& product,
                  const std::vector<double>& factors) {
  const TensorId old = product.input(kWeights);
  const size_t axis = ChannelAxisOfWeights(graph, product);
  const Tensor& weights = graph.tensor(old);
  std::vector<double> values = ToDoubles(weights.type, weights.data);
  size_t inner = 1;
  for (size_t i = axis + 1; i < weights.shape.size(); ++i) {
    inner *= static_cast<size_t>(weights.shape[i]);
  }
  for (size_t i = 0; i < values.size(); ++i) values[i] *= factors[i / inner % factors.size()];
  const bool keep = weights.type != DataType::kF16 || FitsHalf(values, inner, factors.size());
  const DataType type = keep ? weights.type : DataType::kF32;
  const Shape shape = weights.shape;
  product.inputs[kWeights] = Replacement(graph, uses, old, type, shape, values);
}

// The bias, one number per channel; zeros where there is none.
std::vector<double> BiasOf(const Graph& graph, const Node& product, size_t channels) {
  const TensorId id = product.input(kBias);
  if (id == kNoTensor) return std::vector<double>(channels, 0.0);
  return ToDoubles(graph.tensor(id).type, graph.tensor(id).data);
}

// Sets the bias, in the place of the one before or else of the constant that `like` is.
void SetBias(Graph& graph, const Uses& uses, Node& product, TensorId like,
             const std::vector<double>& values) {
  if (product.inputs.size() <= kBias) product.inputs.resize(kBias + 1, kNoTensor);
  TensorId& bias = product.inputs[kBias];
  const Shape shape = {static_cast<int64_t>(values.size())};
  bias = Replacement(graph, uses, bias == kNoTensor ? like : bias, DataType::kF32, shape, values);
}

// Whether the product's weights and bias may be multiplied per channel.
bool CanScale(const Graph& graph, const Node& product, size_t channels) {
  if (product.input(kResidual) != kNoTensor) return false;
  const Tensor& weights = graph.tensor(product.input(kWeights));
  if (!weights.is_constant() || !IsFloat(weights.type) || weights.quant) return false;
  const size_t axis = ChannelAxisOfWeights(graph, product);
  return axis < weights.shape.size() && weights.shape[axis] == static_cast<int64_t>(channels);
}

bool HasFoldableBias(const Graph& graph, const Node& product) {
  if (graph.tensor(product.input(0)).quant) return false;
  const TensorId id = product.input(kBias);
  return id == kNoTensor || (graph.tensor(id).is_constant() && IsFloat(graph.tensor(id).type));
}

// Moves the constant operand of node `index` into the product that computes the other operand.
bool FoldIntoProduct(Graph& graph, const Uses& uses, int index) {
  Node& binary = graph.nodes[static_cast<size_t>(index)];
  const TensorId x = binary.inputs[0];
  int at = uses.OnlyFor(x, OpType::ConvOptions);
  if (at < 0) at = uses.OnlyFor(x, OpType::ConvTransposeOptions);
  if (at < 0) at = uses.OnlyFor(x, OpType::MatMulOptions);
  if (at < 0) return false;
  Node& product = graph.nodes[static_cast<size_t>(at)];
  if (!HasNoActivation(product) || !HasFoldableBias(graph, product)) return false;
  if (graph.tensor(x).shape.empty() ||
      !SameShape(graph.tensor(x), graph.tensor(binary.outputs[0]))) {
    return false;
  }
  const std::vector<double> constant =
      PerChannel(graph, binary.inputs[1], x, ChannelAxisOfOutput(graph, product));
  if (constant.empty()) return false;
  std::vector<double> bias = BiasOf(graph, product, constant.size());
  if (binary.as<schema::BinaryOptionsT>().kind == BinaryKind::ADD) {
    for (size_t i = 0; i < bias.size(); ++i) bias[i] += constant[i];
    SetBias(graph, uses, product, binary.inputs[1], bias);
  } else {
    if (!CanScale(graph, product, constant.size())) return false;
    ScaleWeights(graph, uses, product, constant);
    for (size_t i = 0; i < bias.size(); ++i) bias[i] *= constant[i];
    if (product.input(kBias) != kNoTensor) {
      SetBias(graph, uses, product, product.input(kBias), bias);
    }
  }
  const ActivationBounds from = ActivationOf(binary);
  const ActivationBounds to = ActivationOf(product);
  *to.min = *from.min;
  *to.max = *from.max;
  product.outputs = binary.outputs;
  EraseNode(graph, index);
  return true;
}

// (x o a) o b is x o (a o b), for sums and products.
bool JoinConstants(Graph& graph, const Uses& uses, int index) {
  Node& second = graph.nodes[static_cast<size_t>(index)];
  const int at = uses.OnlyFor(second.inputs[0], OpType::BinaryOptions);
  if (at < 0) return false;
  const Node& first = graph.nodes[static_cast<size_t>(at)];
  const BinaryKind kind = second.as<schema::BinaryOptionsT>().kind;
  const Tensor& a = graph.tensor(first.inputs[1]);
  const Tensor& b = graph.tensor(second.inputs[1]);
  if (first.as<schema::BinaryOptionsT>().kind != kind || !HasNoActivation(first)) return false;
  if (!a.is_constant() || !IsFloat(a.type) ||
      !SameShape(graph.tensor(first.inputs[0]), graph.tensor(first.outputs[0]))) {
    return false;
  }
  if (a.shape != b.shape && !a.shape.empty() && !b.shape.empty()) return false;
  std::vector<double> values = ToDoubles(a.type, a.data);
  const std::vector<double> others = ToDoubles(b.type, b.data);
  const Shape shape = a.shape.empty() ? b.shape : a.shape;
  values.resize(static_cast<size_t>(NumElements(shape)), values.empty() ? 0.0 : values[0]);
  for (size_t i = 0; i < values.size(); ++i) {
    const double other = others[others.size() == 1 ? 0 : i];
    values[i] = kind == BinaryKind::ADD ? values[i] + other : values[i] * other;
  }
  const TensorId x = first.inputs[0];
  const TensorId joined = Replacement(graph, uses, second.inputs[1], DataType::kF32, shape, values);
  second.inputs = {x, joined};
  return true;
}

bool Try(Graph& graph, const Uses& uses, int index) {
  const Node& node = graph.nodes[static_cast<size_t>(index)];
  if (node.type() != OpType::BinaryOptions) return false;
  const BinaryKind kind = node.as<schema::BinaryOptionsT>().kind;
  if (kind != BinaryKind::ADD && kind != BinaryKind::MUL) return false;
  const Tensor& constant = graph.tensor(node.inputs[1]);
  if (!constant.is_constant() || !IsFloat(constant.type)) return false;
  return FoldIntoProduct(graph, uses, index) || JoinConstants(graph, uses, index);
}

}  // namespace

bool FoldChannelAffine(Graph& graph) {
  CurrentUses uses(graph);
  for (int i = 0; i < static_cast<int>(graph.nodes.size()); ++i) {
    if (uses.Note(Try(graph, uses.get(), i)))
      --i;  // a node may have gone, and what moved here or stayed may fold again
  }
  return uses.any();
}

}  // namespace octet

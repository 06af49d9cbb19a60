#include <utility>

#include "tools/simplify/match.h"
#include "tools/simplify/passes.h"
#include "tools/simplify/uses.h"

// Normalizations over the last dimensions: x / sqrt(mean(x^2) + epsilon) is RMS; the same of
// x - mean(x) is LAYER.

namespace octet {
namespace {

using schema::BinaryKind;
using schema::UnaryKind;

// A mean over the dimensions from `axis` on, which stay as 1.
struct Mean {
  TensorId of = kNoTensor;
  int axis = 0;
};

Mean MeanOf(const Graph& graph, const Uses& uses, TensorId id) {
  const Node* node = uses.Producer(id);
  if (node == nullptr) return {};
  const auto rank = static_cast<int>(graph.tensor(node->input(0)).shape.size());
  if (node->type() == OpType::GlobalPoolOptions) {
    const bool average = node->as<schema::GlobalPoolOptionsT>().kind == schema::PoolKind::AVERAGE;
    return average ? Mean{node->inputs[0], 2} : Mean{};
  }
  if (node->type() != OpType::ReduceOptions) return {};
  const auto& options = node->as<schema::ReduceOptionsT>();
  const auto count = static_cast<int>(options.axes.size());
  if (options.kind != schema::ReduceKind::MEAN || !options.keep_dims || count == 0) return {};
  for (int i = 0; i < count; ++i) {
    if (options.axes[static_cast<size_t>(i)] != rank - count + i) return {};
  }
  return {node->inputs[0], rank - count};
}

// Whether `node` is a power with this exponent.
bool IsPower(const Graph& graph, const Node* node, double exponent) {
  if (BinaryOf(node, BinaryKind::POW) == nullptr) return false;
  const absl::optional<double> value = UniformValue(graph, node->inputs[1]);
  return value && *value == exponent;
}

// w where `id` is sqrt(w).
TensorId RootOf(const Graph& graph, const Uses& uses, TensorId id) {
  const Node* node = uses.Producer(id);
  const bool root = UnaryOf(node, UnaryKind::SQRT) != nullptr || IsPower(graph, node, 0.5);
  return root ? node->inputs[0] : kNoTensor;
}

// w where `id` is 1 / sqrt(w).
TensorId InverseRootOf(const Graph& graph, const Uses& uses, TensorId id) {
  const Node* node = uses.Producer(id);
  if (IsPower(graph, node, -0.5)) return node->inputs[0];
  if (UnaryOf(node, UnaryKind::RECIPROCAL) != nullptr) {
    return RootOf(graph, uses, node->inputs[0]);
  }
  if (BinaryOf(node, BinaryKind::DIV) != nullptr) {
    const absl::optional<double> one = UniformValue(graph, node->inputs[0]);
    if (one && *one == 1.0) return RootOf(graph, uses, node->inputs[1]);
  }
  return kNoTensor;
}

// x where `id` is x - mean(x) over the dimensions from `axis` on.
TensorId CenteredFrom(const Graph& graph, const Uses& uses, TensorId id, int axis) {
  const Node* node = BinaryOf(uses.Producer(id), BinaryKind::SUB);
  if (node == nullptr) return kNoTensor;
  const Mean mean = MeanOf(graph, uses, node->inputs[1]);
  return mean.of == node->inputs[0] && mean.axis == axis ? mean.of : kNoTensor;
}

// Makes `node`, which is numerator / sqrt(w), a normalization, if w is what it takes.
bool Become(const Graph& graph, const Uses& uses, Node& node, TensorId numerator, TensorId w) {
  if (w == kNoTensor) return false;
  const Sum sum = SumOf(graph, uses, w);
  if (sum.terms.size() != 1 || sum.constant < 0.0) return false;
  const Mean mean = MeanOf(graph, uses, sum.terms[0]);
  if (mean.of == kNoTensor) return false;
  const TensorId x = CenteredFrom(graph, uses, numerator, mean.axis);
  // Some exporters subtract the mean twice, once for the variance.
  const Node* square = uses.Producer(mean.of);
  if (square == nullptr || square->inputs.empty()) return false;
  TensorId squared = square->inputs[0];
  if (x != kNoTensor && CenteredFrom(graph, uses, squared, mean.axis) == x) squared = numerator;
  const bool is_square =
      IsPower(graph, square, 2.0) ||
      (BinaryOf(square, BinaryKind::MUL) != nullptr && square->inputs[0] == square->inputs[1]);
  if (!is_square || squared != numerator) return false;
  const TensorId source = x == kNoTensor ? numerator : x;
  if (!SameShape(graph.tensor(source), graph.tensor(node.outputs[0]))) return false;
  schema::NormalizationOptionsT options;
  options.kind = x == kNoTensor ? schema::NormalizationKind::RMS : schema::NormalizationKind::LAYER;
  options.axis = mean.axis;
  options.epsilon = static_cast<float>(sum.constant);
  node = Graph::MakeNode(node.name, std::move(options), {source}, node.outputs);
  return true;
}

bool Fuse(const Graph& graph, const Uses& uses, Node& node) {
  if (BinaryOf(&node, BinaryKind::DIV) != nullptr) {
    return Become(graph, uses, node, node.inputs[0], RootOf(graph, uses, node.inputs[1]));
  }
  if (BinaryOf(&node, BinaryKind::MUL) == nullptr) return false;
  const TensorId a = node.inputs[0], b = node.inputs[1];
  return Become(graph, uses, node, a, InverseRootOf(graph, uses, b)) ||
         Become(graph, uses, node, b, InverseRootOf(graph, uses, a));
}

}  // namespace

bool FuseNormalization(Graph& graph) {
  const Uses uses(graph);
  bool changed = false;
  for (Node& node : graph.nodes) {
    if (Fuse(graph, uses, node)) changed = true;
  }
  return changed;
}

}  // namespace octet

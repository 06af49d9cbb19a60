#include "tools/simplify/match.h"

#include <algorithm>
#include <cmath>

namespace octet {
namespace {

using schema::BinaryKind;

// Patterns are small; what is nested deeper is none of them.
constexpr int kDepth = 6;
constexpr size_t kMostOperands = 32;

bool Contains(absl::Span<const TensorId> ids, TensorId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// The exponent where `node` is a power with a whole one that is small and positive, else 0.
int WholeExponent(const Graph& graph, const Node& node) {
  const absl::optional<double> exponent = UniformValue(graph, node.inputs[1]);
  if (!exponent || *exponent != std::floor(*exponent) || *exponent < 1 || *exponent > 4) return 0;
  return static_cast<int>(*exponent);
}

void Multiply(const Graph& graph, const Uses& uses, TensorId id, absl::Span<const TensorId> leaves,
              int depth, Product& product) {
  if (const absl::optional<double> number = UniformValue(graph, id)) {
    product.coefficient *= *number;
    return;
  }
  const Node* node = uses.Producer(id);
  if (depth == 0 || Contains(leaves, id) || node == nullptr) {
    product.factors.push_back(id);
  } else if (BinaryOf(node, BinaryKind::MUL) != nullptr) {
    for (const TensorId x : node->inputs) Multiply(graph, uses, x, leaves, depth - 1, product);
  } else if (BinaryOf(node, BinaryKind::DIV) != nullptr && UniformValue(graph, node->inputs[1])) {
    Multiply(graph, uses, node->inputs[0], leaves, depth - 1, product);
    product.coefficient /= *UniformValue(graph, node->inputs[1]);
  } else if (BinaryOf(node, BinaryKind::POW) != nullptr && WholeExponent(graph, *node) > 0) {
    for (int i = WholeExponent(graph, *node); i > 0; --i) {
      Multiply(graph, uses, node->inputs[0], leaves, depth - 1, product);
    }
  } else {
    product.factors.push_back(id);
  }
}

void Add(const Graph& graph, const Uses& uses, TensorId id, absl::Span<const TensorId> leaves,
         int depth, Sum& sum) {
  if (const absl::optional<double> number = UniformValue(graph, id)) {
    sum.constant += *number;
    return;
  }
  const Node* node = uses.Producer(id);
  if (depth > 0 && !Contains(leaves, id) && BinaryOf(node, BinaryKind::ADD) != nullptr) {
    for (const TensorId x : node->inputs) Add(graph, uses, x, leaves, depth - 1, sum);
  } else {
    sum.terms.push_back(id);
  }
}

}  // namespace

bool Near(double value, double expected, double tolerance) {
  return std::fabs(value - expected) < tolerance;
}

const Node* BinaryOf(const Node* node, BinaryKind kind) {
  if (node == nullptr || node->type() != OpType::BinaryOptions || !HasNoActivation(*node) ||
      node->as<schema::BinaryOptionsT>().kind != kind) {
    return nullptr;
  }
  return node;
}

const schema::UnaryOptionsT* UnaryOf(const Node* node, schema::UnaryKind kind) {
  if (node == nullptr || node->type() != OpType::UnaryOptions) return nullptr;
  const auto& options = node->as<schema::UnaryOptionsT>();
  return options.kind == kind ? &options : nullptr;
}

TensorId WithNumber(const Graph& graph, const Uses& uses, TensorId id, BinaryKind kind,
                    double value) {
  const Node* node = BinaryOf(uses.Producer(id), kind);
  if (node == nullptr) return kNoTensor;
  const absl::optional<double> number = UniformValue(graph, node->inputs[1]);
  const bool matches =
      number && Near(*number, value) && SameShape(graph.tensor(node->inputs[0]), graph.tensor(id));
  return matches ? node->inputs[0] : kNoTensor;
}

bool Product::Is(double number, std::vector<TensorId> expected) const {
  std::vector<TensorId> found = factors;
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  return found == expected && Near(coefficient, number, kHalfRounding * std::fabs(number));
}

Product ProductOf(const Graph& graph, const Uses& uses, TensorId id,
                  absl::Span<const TensorId> leaves) {
  Product product;
  Multiply(graph, uses, id, leaves, kDepth, product);
  return product;
}

Sum SumOf(const Graph& graph, const Uses& uses, TensorId id, absl::Span<const TensorId> leaves) {
  Sum sum;
  Add(graph, uses, id, leaves, kDepth, sum);
  return sum;
}

std::vector<TensorId> Operands(const Uses& uses, TensorId id) {
  std::vector<TensorId> found = {id};
  for (size_t i = 0; i < found.size() && found.size() < kMostOperands; ++i) {
    const Node* node = uses.Producer(found[i]);
    if (node == nullptr ||
        (node->type() != OpType::BinaryOptions && node->type() != OpType::UnaryOptions)) {
      continue;
    }
    for (const TensorId x : node->inputs) {
      if (!Contains(found, x)) found.push_back(x);
    }
  }
  return found;
}

}  // namespace octet

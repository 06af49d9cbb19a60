#ifndef OCTET_TOOLS_SIMPLIFY_MATCH_H_
#define OCTET_TOOLS_SIMPLIFY_MATCH_H_

#include <vector>

#include "absl/types/span.h"
#include "runtime/core/graph.h"
#include "tools/simplify/uses.h"

// What passes that recognize patterns ask of a graph. Functions that take a node accept null.

namespace octet {

// Numbers that are stored as f16, or were divided by such ones, are this far off at most, as a
// share of them.
inline constexpr double kHalfRounding = 0x1p-10;

// Exporters round numbers to f32 or to a few digits.
bool Near(double value, double expected, double tolerance = 1e-5);

// `node` if it is a Binary of this kind without an activation, else null.
const Node* BinaryOf(const Node* node, schema::BinaryKind kind);

// The options of `node` if it is a Unary of this kind, else null.
const schema::UnaryOptionsT* UnaryOf(const Node* node, schema::UnaryKind kind);

// The tensor that `id` is a sum or product of with the number `value`; kNoTensor otherwise.
TensorId WithNumber(const Graph& graph, const Uses& uses, TensorId id, schema::BinaryKind kind,
                    double value);

// A tensor as a number times other tensors, whichever way the product is nested.
struct Product {
  double coefficient = 1.0;
  std::vector<TensorId> factors;

  // Whether the factors are these, in any order, and the coefficient is `number` but for
  // rounding to f16.
  bool Is(double number, std::vector<TensorId> expected) const;
};
// Goes down through products, quotients by numbers and whole powers, but not into `leaves`.
Product ProductOf(const Graph& graph, const Uses& uses, TensorId id,
                  absl::Span<const TensorId> leaves = {});

// A tensor as a number plus other tensors.
struct Sum {
  double constant = 0.0;
  std::vector<TensorId> terms;
};
Sum SumOf(const Graph& graph, const Uses& uses, TensorId id,
          absl::Span<const TensorId> leaves = {});

// The tensors that `id` is computed from by Binary and Unary nodes, `id` itself first.
std::vector<TensorId> Operands(const Uses& uses, TensorId id);

}  // namespace octet

#endif  // OCTET_TOOLS_SIMPLIFY_MATCH_H_

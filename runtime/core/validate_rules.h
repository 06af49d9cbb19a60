#ifndef OCTET_RUNTIME_CORE_VALIDATE_RULES_H_
#define OCTET_RUNTIME_CORE_VALIDATE_RULES_H_

#include "absl/status/status.h"
#include "runtime/core/graph.h"

// The parts of ValidateGraph, each a file of its own. Messages do not name the node or tensor.

namespace octet::validate {

// Type, shape, symbols, quantization and size of the data of one tensor, apart from all others.
absl::Status CheckTensor(const Tensor& tensor);

// Whether the node's operands are one of the legal combinations of types, the kind of a Unary or
// Binary included. Unimplemented says what was found.
absl::Status CheckTypes(const Graph& graph, const Node& node);

// Types of the node's operands by the table of legal combinations, and what the operator demands of
// their quantization. Requires CheckTensor of all tensors, CheckArity and indices in range.
absl::Status CheckOperands(const Graph& graph, const Node& node);

// If and Loop: numbers and types of what goes into their subgraphs and comes out. Requires that the
// subgraphs are valid.
absl::Status CheckControl(const Graph& graph, const Node& node);

// Preprocessing and quantization record. Requires that indices of graph inputs are in range.
absl::Status CheckMetadata(const Graph& graph);

}  // namespace octet::validate

#endif  // OCTET_RUNTIME_CORE_VALIDATE_RULES_H_

#ifndef OCTET_RUNTIME_CORE_OPERATORS_H_
#define OCTET_RUNTIME_CORE_OPERATORS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "octet/types.h"
#include "runtime/core/graph.h"

namespace octet {

// Limits that every tensor keeps, so that products of sizes and byte counts fit 64 bits.
inline constexpr size_t kMaxRank = 8;
inline constexpr int64_t kMaxDimension = INT32_MAX;
inline constexpr int64_t kMaxElements = int64_t{1} << 40;
// Kernel sizes, strides, dilations and pads of windows are at most this.
inline constexpr int64_t kMaxWindow = 65535;
// Subgraphs within subgraphs, at most.
inline constexpr int kMaxSubgraphDepth = 8;

// How many inputs and outputs an operator has. Inputs beyond `required_inputs` are optional.
struct OperatorArity {
  static constexpr int kAny = -1;  // one or more

  int required_inputs;
  int max_inputs;
  int outputs;
};

// All zero for a type that is no operator.
OperatorArity ArityOf(OpType type);

// Whether the node has options of a known type and as many inputs and outputs as its operator
// wants. InvalidArgument says what was found and expected.
absl::Status CheckArity(const Node& node);

// Whether input `index` is one that the schema marks *value*: its numbers must be known when the
// operator is planned.
bool IsValueInput(OpType type, size_t index);

// Whether no value input is present: options say all that shapes depend on.
bool IsBound(const Node& node);

// Whether the sizes of the results are known only when the operator has run: control flow, NonZero,
// Compress, Unique, NonMaxSuppression.
bool HasOpenResult(OpType type);

// What a message calls input `index` of an operator: "x", "w", "bias", "residual", "input 2".
std::string InputName(OpType type, size_t index);

// InvalidArgument unless a tensor may have this shape: rank, sizes, number of elements. -1 is
// allowed with `open`, and counts as one element.
absl::Status CheckShape(const Shape& shape, bool open);

}  // namespace octet

#endif  // OCTET_RUNTIME_CORE_OPERATORS_H_

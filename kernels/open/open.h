#ifndef OCTET_KERNELS_OPEN_OPEN_H_
#define OCTET_KERNELS_OPEN_OPEN_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"

// Operators whose results have sizes that depend on the elements (HasOpenResult), except control
// flow, which the runtime itself runs. They work on row-major tensors and allocate.

namespace octet {

// An operand with its elements. Absent inputs have no type.
struct OpenOperand {
  DataType type = DataType::kUnknown;
  Shape shape;
  const void* data = nullptr;

  bool present() const { return type != DataType::kUnknown; }
  template <typename T>
  absl::Span<const T> as() const {
    return {static_cast<const T*>(data), static_cast<size_t>(NumElements(shape))};
  }
};

// Takes the results.
class OpenResults {
 public:
  virtual ~OpenResults() = default;
  // Memory for output `index`, whose element type the graph declares, in the given shape; null when
  // there is none. Called once per output.
  virtual void* Allocate(size_t index, const Shape& shape) = 0;
};

// Runs the operator. The operands keep the schema's rules of types. InvalidArgument when shapes do
// not fit, ResourceExhausted when there is no memory.
absl::Status RunOpenOperator(const Node& node, absl::Span<const OpenOperand> inputs,
                             OpenResults& results);

// The operators, one file each.
absl::Status RunNonZero(const Node& node, absl::Span<const OpenOperand> inputs,
                        OpenResults& results);
absl::Status RunCompress(const Node& node, absl::Span<const OpenOperand> inputs,
                         OpenResults& results);
absl::Status RunUnique(const Node& node, absl::Span<const OpenOperand> inputs,
                       OpenResults& results);
absl::Status RunNonMaxSuppression(const Node& node, absl::Span<const OpenOperand> inputs,
                                  OpenResults& results);

}  // namespace octet

#endif  // OCTET_KERNELS_OPEN_OPEN_H_

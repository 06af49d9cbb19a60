#include "kernels/open/open.h"

namespace octet {

absl::Status RunOpenOperator(const Node& node, absl::Span<const OpenOperand> inputs,
                             OpenResults& results) {
  switch (node.type()) {
    case OpType::NonZeroOptions:
      return RunNonZero(node, inputs, results);
    case OpType::CompressOptions:
      return RunCompress(node, inputs, results);
    case OpType::UniqueOptions:
      return RunUnique(node, inputs, results);
    case OpType::NonMaxSuppressionOptions:
      return RunNonMaxSuppression(node, inputs, results);
    default:
      return absl::InternalError("it is no operator with open results");
  }
}

}  // namespace octet

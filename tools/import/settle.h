#ifndef OCTET_TOOLS_IMPORT_SETTLE_H_
#define OCTET_TOOLS_IMPORT_SETTLE_H_

#include <onnx/onnx_pb.h>

#include <vector>

#include "absl/types/span.h"
#include "tools/import/array.h"
#include "tools/import/builder.h"
#include "tools/import/probes.h"

// Probes are large numbers, few of all that a size can be. Sums and products that agree with each
// other under all probes always do. What depends on the order of numbers does not: under probes
// N == 1 is false and Max(N, 5) is N. These are certain where more is known of the numbers; else
// they are unknown, and no number is taken for them.

namespace octet::importer {

// Whether a node whose inputs are open can be evaluated under probes at all: false where open
// numbers choose elements, as the indices of Gather do.
bool CanProbe(const onnx::NodeProto& node, absl::Span<Value* const> inputs);

// Puts unknown numbers in place of the elements of `results`, a node's output under each probe,
// that are not certain. False where not even the number of elements is.
bool Settle(const onnx::NodeProto& node, absl::Span<Value* const> inputs, Probes& probes,
            std::vector<Array>& results);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_SETTLE_H_

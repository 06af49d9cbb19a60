#ifndef OCTET_TOOLS_QUANTIZE_BAD_VALUE_H_
#define OCTET_TOOLS_QUANTIZE_BAD_VALUE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet {

// The error of a tensor that has no number for everything while the samples [first, first + count)
// run: InvalidArgument with the tensor's name and the sample's. `what` is "a value that is NaN" or
// the like.
absl::Status BadValue(const Graph& graph, TensorId tensor, absl::string_view what,
                      const SampleSource& samples, int64_t first, int64_t count);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_BAD_VALUE_H_

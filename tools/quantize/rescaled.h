#ifndef OCTET_TOOLS_QUANTIZE_RESCALED_H_
#define OCTET_TOOLS_QUANTIZE_RESCALED_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet {

// What the name of a tensor ends with whose channels were scaled, so that it cannot be compared
// with the tensor of the float model.
inline constexpr char kRescaledSuffix[] = "_rescaled";

// Gives that name to the tensors of `result` that hold other values than in the float network
// `graph`. `result` was made from `prepared`, which computes what `graph` does, but may scale
// channels between layers: equalization does. Looks at the first sample; costs nothing when
// `prepared` has the constants of `graph`. Ranges in the result's record change their names, too.
absl::Status RenameRescaled(const Graph& graph, const Graph& prepared, const SampleSource& samples,
                            const ModelOptions& run, Graph& result);

// The tensors of `graph` with such a name, as the float network names them.
std::vector<std::string> RescaledTensors(const Graph& graph);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_RESCALED_H_

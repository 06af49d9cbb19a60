#ifndef OCTET_TOOLS_QUANTIZE_RESCALED_H_
#define OCTET_TOOLS_QUANTIZE_RESCALED_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet {

// What the name of a tensor ends with whose channels were scaled, so that it cannot be compared
// with the tensor of the float model.
inline constexpr char kRescaledSuffix[] = "_rescaled";

// The names of tensors that hold other values in `prepared` than in the float network `graph`,
// which computes the same, but without scaling channels between layers as equalization does. Looks
// at the first sample; costs nothing when `prepared` has the constants of `graph`.
absl::StatusOr<std::set<std::string>> FindRescaled(const Graph& graph, const Graph& prepared,
                                                   const SampleSource& samples,
                                                   const ModelOptions& run);

// Gives such names to these tensors of `result`, a model that was made from `prepared`, and to
// their ranges in its record.
void RenameRescaled(const std::set<std::string>& rescaled, Graph& result);

// The tensors of `graph` with such a name, as the float network names them.
std::vector<std::string> RescaledTensors(const Graph& graph);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_RESCALED_H_

#ifndef OCTET_TOOLS_IMPORT_OPEN_SHAPES_H_
#define OCTET_TOOLS_IMPORT_OPEN_SHAPES_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "runtime/core/graph.h"
#include "tools/import/probes.h"

// What is certain of shapes that are settled only when the model runs. Ranks always are.

namespace octet::importer {

// Without a value: nothing is known of the size.
using OpenSize = absl::optional<ProbedSize>;
using OpenShape = std::vector<OpenSize>;

// Shapes of the outputs of a node with open results, or one whose value inputs are not known yet.
// `inputs` has one shape per input, of any kind where absent. Unimplemented where the rank is open,
// or the operator is If or Loop.
absl::StatusOr<std::vector<OpenShape>> OpenShapes(const Node& node,
                                                  absl::Span<const ProbedShape> inputs);

// Shapes of the outputs of a node whose inputs do not fit each other under some probe, because of
// `why`, but may when the model runs. `why` where no size of the inputs is open, or fixed ones
// contradict each other.
absl::StatusOr<std::vector<OpenShape>> RelaxedShapes(const Node& node,
                                                     absl::Span<const ProbedShape> inputs,
                                                     const absl::Status& why);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_OPEN_SHAPES_H_

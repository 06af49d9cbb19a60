#ifndef OCTET_TOOLS_IMPORT_RESULT_TYPES_H_
#define OCTET_TOOLS_IMPORT_RESULT_TYPES_H_

#include <vector>

#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"

namespace octet::importer {

// Element types of the outputs of a node whose inputs have the types `inputs` (kUnknown where
// absent). Not for those whose type is a choice: Cast, Range, If and Loop.
std::vector<DataType> ResultTypes(const Node& node, absl::Span<const DataType> inputs);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_RESULT_TYPES_H_

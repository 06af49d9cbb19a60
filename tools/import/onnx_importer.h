#ifndef OCTET_TOOLS_IMPORT_ONNX_IMPORTER_H_
#define OCTET_TOOLS_IMPORT_ONNX_IMPORTER_H_

#include <string>

#include "absl/status/statusor.h"
#include "runtime/core/graph.h"
#include "tools/import/import_options.h"

namespace octet {

// Reads a float network from an ONNX file (operator sets 6 to 28). Every tensor keeps its ONNX
// name, every node its own, or that of its output where it has none. What exporters compute about
// shapes becomes options of Reshape and its kin; sizes that the file leaves open stay open (-1) and
// keep their names. Activations, inputs and outputs are f32 whatever float type the file has;
// constants keep theirs. The graph is valid but not simplified: see tools/simplify.
//
// NotFound or PermissionDenied when the file cannot be read. InvalidArgument when it is damaged or
// contradicts itself. Unimplemented when it has what Octet lacks: the message lists every such node
// with its operator and the reason.
absl::StatusOr<Graph> ImportOnnx(const std::string& path, const ImportOptions& options = {});

}  // namespace octet

#endif  // OCTET_TOOLS_IMPORT_ONNX_IMPORTER_H_

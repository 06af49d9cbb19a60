#ifndef OCTET_TOOLS_IMPORT_TFLITE_IMPORTER_H_
#define OCTET_TOOLS_IMPORT_TFLITE_IMPORTER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/core/graph.h"
#include "tools/import/import_options.h"

namespace octet {

// Reads a network from a TFLite file, of floats or quantized to 8 bits. Inputs and outputs keep
// TFLite's names, shapes ([N, H, W, C]) and types; in between, tensors that spatial operators read
// are channels first. Quantized tensors keep their scales and zero points. Every tensor keeps its
// name, every node has the name of its first output. Sizes that the file leaves open stay open
// (-1). The graph is valid but not simplified: see tools/simplify.
//
// NotFound or PermissionDenied when the file cannot be read. InvalidArgument when it is damaged or
// contradicts itself. Unimplemented when it has what Octet lacks: the message lists every such
// operator with the reason.
absl::StatusOr<Graph> ImportTflite(const std::string& path, const ImportOptions& options = {});

// The same for a file in memory, which messages call `name`. `owner` keeps the bytes alive.
absl::StatusOr<Graph> ImportTfliteBytes(absl::Span<const uint8_t> bytes,
                                        std::shared_ptr<const void> owner, const std::string& name,
                                        const ImportOptions& options = {});

}  // namespace octet

#endif  // OCTET_TOOLS_IMPORT_TFLITE_IMPORTER_H_

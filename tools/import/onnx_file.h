#ifndef OCTET_TOOLS_IMPORT_ONNX_FILE_H_
#define OCTET_TOOLS_IMPORT_ONNX_FILE_H_

#include <onnx/onnx_pb.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/import/array.h"

namespace octet::importer {

// Reads the message that an ONNX file is. NotFound or PermissionDenied when it cannot be opened,
// InvalidArgument when it is not a whole ONNX model.
absl::StatusOr<std::shared_ptr<const OnnxFile>> ReadOnnxFile(const std::string& path);

// The version of ONNX's own operator set that the model uses. InvalidArgument when it names none,
// Unimplemented outside of 7 to 21.
absl::StatusOr<int> OpsetOf(const onnx::ModelProto& model);

// The name that messages use for a node: its own, or that of its first output.
std::string NameOfNode(const onnx::NodeProto& node);

// Indices of the nodes in an order in which inputs are ready before use. InvalidArgument when a
// name is assigned twice, a node reads what nothing produces, or nodes wait for each other.
absl::StatusOr<std::vector<int>> NodeOrder(const onnx::GraphProto& graph);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_ONNX_FILE_H_

#ifndef OCTET_TOOLS_IMPORT_ONNX_FILE_H_
#define OCTET_TOOLS_IMPORT_ONNX_FILE_H_

#include <onnx/onnx_pb.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/import/array.h"

namespace octet::importer {

// The versions of ONNX's operator set that are read. The last one is the newest whose changes to
// the operators are known.
inline constexpr int kFirstOpset = 6;
inline constexpr int kLastOpset = 28;

// Reads the message that an ONNX file is. NotFound or PermissionDenied when it cannot be opened,
// InvalidArgument when it is not a whole ONNX model.
absl::StatusOr<std::shared_ptr<const OnnxFile>> ReadOnnxFile(const std::string& path);

// Versions of operator sets by domain; ONNX's own is "".
using Opsets = std::map<std::string, int>;

// "" for ONNX's own domain, which has two names.
std::string DomainOf(const std::string& domain);

Opsets OpsetsOf(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports);

// InvalidArgument when ONNX's own operator set has no version, Unimplemented outside of those that
// are supported.
absl::Status CheckOpsets(const Opsets& opsets);

// The name that messages use for a node: its own, or that of its first output.
std::string NameOfNode(const onnx::NodeProto& node);

// InvalidArgument when two initializers or inputs have one name.
absl::Status CheckNames(const onnx::GraphProto& graph);

// Indices of the nodes in an order in which inputs are ready before use; what their subgraphs read
// counts as an input. `is_given` says which names have a value before any node runs.
// InvalidArgument when a name is assigned twice, a node reads what nothing produces, or nodes wait
// for each other.
absl::StatusOr<std::vector<int>> NodeOrder(
    const google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes,
    absl::FunctionRef<bool(const std::string&)> is_given);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_ONNX_FILE_H_

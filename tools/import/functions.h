#ifndef OCTET_TOOLS_IMPORT_FUNCTIONS_H_
#define OCTET_TOOLS_IMPORT_FUNCTIONS_H_

#include <onnx/onnx_pb.h>

#include "absl/status/statusor.h"

namespace octet::importer {

// The nodes of a function of the model with the attributes of `call`, or the function's defaults,
// in place of its parameters.
absl::StatusOr<google::protobuf::RepeatedPtrField<onnx::NodeProto>> FunctionBody(
    const onnx::FunctionProto& function, const onnx::NodeProto& call);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_FUNCTIONS_H_

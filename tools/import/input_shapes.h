#ifndef OCTET_TOOLS_IMPORT_INPUT_SHAPES_H_
#define OCTET_TOOLS_IMPORT_INPUT_SHAPES_H_

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "octet/types.h"

namespace octet::importer {

// A shape with a name for each size that is -1, and "" for the others.
struct NamedShape {
  Shape shape;
  std::vector<std::string> symbols;
};

// The shapes of a model's inputs: what the file declares, with what the user gives instead.
class InputShapes {
 public:
  // `given` holds shapes by the name of the input, with -1 for sizes that stay as they are. A size
  // given for a named dimension holds for all dimensions of that name. Both must outlive this.
  InputShapes(const onnx::GraphProto& graph, const std::map<std::string, Shape>& given);

  // InvalidArgument for given shapes of inputs that the model does not have.
  absl::Status Check() const;

  // `channels_of` gives the size of dimension 1 of an input where the network tells it, else -1. It
  // is asked when the file leaves that size open. InvalidArgument when there is no shape, the given
  // one has another rank, or no tensor can be that large.
  absl::StatusOr<NamedShape> Of(const onnx::ValueInfoProto& input,
                                absl::FunctionRef<int64_t(const std::string&)> channels_of) const;

 private:
  const onnx::GraphProto& graph_;
  const std::map<std::string, Shape>& given_;
  std::map<std::string, int64_t> sizes_;  // of named dimensions
};

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_INPUT_SHAPES_H_

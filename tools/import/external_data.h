#ifndef OCTET_TOOLS_IMPORT_EXTERNAL_DATA_H_
#define OCTET_TOOLS_IMPORT_EXTERNAL_DATA_H_

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/format/mapped_file.h"

namespace octet::importer {

// Where the bytes of a tensor lie in a file.
struct ExternalBytes {
  absl::Span<const uint8_t> bytes;
  std::shared_ptr<const void> owner;  // keeps them mapped
};

// The files beside a model that hold data of its tensors. Not thread-safe.
class ExternalData {
 public:
  explicit ExternalData(const std::string& model_path);

  // The `size` bytes that `tensor` says lie in another file. That file must lie in the folder of
  // the model or below: a model from elsewhere must not read what else the user may. A path that is
  // absolute, or has a part that is ".." or a symbolic link, is refused (InvalidArgument), and so
  // is what is no regular file, or ends before the data do. The files must not change while they
  // are in use.
  absl::StatusOr<ExternalBytes> Find(const onnx::TensorProto& tensor, uint64_t size) const;

 private:
  absl::StatusOr<std::shared_ptr<MappedFile>> Open(const std::string& location) const;

  std::string folder_;
  mutable std::map<std::string, std::shared_ptr<MappedFile>> files_;  // by location
};

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_EXTERNAL_DATA_H_

#ifndef OCTET_TOOLS_IMPORT_TFLITE_FILE_H_
#define OCTET_TOOLS_IMPORT_TFLITE_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/types.h"
#include "runtime/core/graph.h"
#include "tools/import/tflite_generated.h"

namespace octet::importer {

// A TFLite model whose bytes were checked: every table and vector lies inside the file, every index
// is in range, shapes are ones that a tensor may have, each tensor is computed at most once and
// before it is read.
class TfliteFile {
 public:
  // NotFound or PermissionDenied when the file cannot be read; InvalidArgument when it is no whole
  // TFLite model. The messages start with the path.
  static absl::StatusOr<std::shared_ptr<const TfliteFile>> Open(const std::string& path);

  // The same for a file that is in memory already. `owner` keeps the bytes alive.
  static absl::StatusOr<std::shared_ptr<const TfliteFile>> Parse(absl::Span<const uint8_t> bytes,
                                                                 std::shared_ptr<const void> owner);

  // The part of the model that runs, with tensors and operators that are never null.
  const tflite::SubGraph& network() const { return *network_; }
  const tflite::Tensor& tensor(int32_t index) const {
    return *network_->tensors()->Get(static_cast<uint32_t>(index));
  }
  size_t size() const { return bytes_.size(); }

  tflite::BuiltinOperator CodeOf(const tflite::Operator& op) const;
  // What messages call an operator: "CONV_2D"; custom ones by their own name.
  std::string NameOf(const tflite::Operator& op) const;
  // A tensor's name, or "tensor <index>" where it has none.
  std::string NameOf(int32_t tensor) const;

  // The bytes of a constant, kept alive by the file; nothing for other tensors. Neither their
  // number nor their alignment is checked.
  Constant DataOf(const tflite::Tensor& tensor) const;

 private:
  TfliteFile(absl::Span<const uint8_t> bytes, std::shared_ptr<const void> owner)
      : bytes_(bytes), owner_(std::move(owner)) {}

  absl::Status Check();
  absl::Status CheckTensors() const;
  absl::Status CheckOperators() const;
  absl::Status CheckOrder() const;

  absl::Span<const uint8_t> bytes_;
  std::shared_ptr<const void> owner_;
  const tflite::Model* model_ = nullptr;
  const tflite::SubGraph* network_ = nullptr;
};

// Whether the tensor has a size of 0.
bool IsEmpty(const tflite::Tensor& tensor);

// How elements of a TFLite type are kept; kUnknown for types without a counterpart.
DataType TypeOfTflite(tflite::TensorType type);

}  // namespace octet::importer

#endif  // OCTET_TOOLS_IMPORT_TFLITE_FILE_H_

#include "tools/import/tflite_file.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "flatbuffers/flatbuffers.h"
#include "runtime/core/operators.h"
#include "runtime/format/mapped_file.h"

namespace octet::importer {
namespace {

constexpr flatbuffers::uoffset_t kMaxTables = 4'000'000;
constexpr flatbuffers::uoffset_t kMaxDepth = 16;

template <typename... Parts>
absl::Status Damaged(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts..., "; the file is damaged"));
}

template <typename T>
size_t Size(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr ? 0 : vector->size();
}

// FlatBuffers' verifier looks at the alignment of a vector's size, which has 32 bits, but not at
// that of 64-bit elements.
bool IsAligned(const flatbuffers::Vector<int64_t>* vector) {
  return vector == nullptr || reinterpret_cast<uintptr_t>(vector->Data()) % sizeof(int64_t) == 0;
}

// Whether all entries lie in [lowest, count).
bool InRange(const flatbuffers::Vector<int32_t>* indices, int32_t lowest, size_t count) {
  return indices == nullptr || std::all_of(indices->begin(), indices->end(), [&](int32_t i) {
           return i >= lowest && i < static_cast<int64_t>(count);
         });
}

absl::Status CheckDimensions(const flatbuffers::Vector<int32_t>* dims, bool open) {
  if (Size(dims) > kMaxRank) return Damaged("has ", dims->size(), " dimensions");
  Shape shape;
  for (size_t i = 0; i < Size(dims); ++i) shape.push_back(dims->Get(static_cast<uint32_t>(i)));
  return CheckShape(shape, open);
}

}  // namespace

bool IsEmpty(const tflite::Tensor& tensor) {
  const auto* dims = tensor.shape();
  return dims != nullptr && std::find(dims->begin(), dims->end(), 0) != dims->end();
}

DataType TypeOfTflite(tflite::TensorType type) {
  switch (type) {
    case tflite::TensorType::FLOAT32:
      return DataType::kF32;
    case tflite::TensorType::FLOAT16:
      return DataType::kF16;
    case tflite::TensorType::BFLOAT16:
      return DataType::kBF16;
    case tflite::TensorType::INT8:
      return DataType::kS8;
    case tflite::TensorType::UINT8:
      return DataType::kU8;
    case tflite::TensorType::INT16:
      return DataType::kS16;
    case tflite::TensorType::INT32:
      return DataType::kS32;
    case tflite::TensorType::INT64:
      return DataType::kS64;
    case tflite::TensorType::BOOL:
      return DataType::kBool;
    default:
      return DataType::kUnknown;
  }
}

absl::StatusOr<std::shared_ptr<const TfliteFile>> TfliteFile::Open(const std::string& path) {
  auto mapped = MappedFile::Open(path);
  if (!mapped.ok()) return mapped.status();
  auto file = Parse((*mapped)->bytes(), *mapped);
  if (file.ok()) return file;
  return absl::Status(file.status().code(), absl::StrCat(path, ": ", file.status().message()));
}

absl::StatusOr<std::shared_ptr<const TfliteFile>> TfliteFile::Parse(
    absl::Span<const uint8_t> bytes, std::shared_ptr<const void> owner) {
  std::shared_ptr<TfliteFile> file(new TfliteFile(bytes, std::move(owner)));
  if (absl::Status status = file->Check(); !status.ok()) return status;
  return std::shared_ptr<const TfliteFile>(std::move(file));
}

absl::Status TfliteFile::Check() {
  constexpr size_t kHeader = 8;  // offset of the root table, file identifier
  if (bytes_.size() < kHeader || !tflite::ModelBufferHasIdentifier(bytes_.data())) {
    return absl::InvalidArgumentError("is not a TFLite model, or is damaged or cut short");
  }
  // Weights of large models lie behind the FlatBuffer, which itself ends below 2 GiB.
  const size_t size = std::min<size_t>(bytes_.size(), FLATBUFFERS_MAX_BUFFER_SIZE - 1);
  flatbuffers::Verifier verifier(bytes_.data(), size, kMaxDepth, kMaxTables);
  if (!tflite::VerifyModelBuffer(verifier)) {
    return absl::InvalidArgumentError(
        absl::StrCat("is a damaged TFLite model, or cut short (", bytes_.size(), " bytes)"));
  }
  model_ = tflite::GetModel(bytes_.data());
  if (Size(model_->subgraphs()) == 0) return Damaged("the model holds no network");
  network_ = model_->subgraphs()->Get(0);
  const size_t tensors = Size(network_->tensors());
  if (!InRange(network_->inputs(), 0, tensors) || !InRange(network_->outputs(), 0, tensors)) {
    return Damaged("an input or output of the model is not one of its ", tensors, " tensors");
  }
  if (Size(network_->outputs()) == 0) return Damaged("the model has no outputs");
  absl::Status status = CheckTensors();
  if (status.ok()) status = CheckOperators();
  if (status.ok()) status = CheckOrder();
  return status;
}

absl::Status TfliteFile::CheckTensors() const {
  size_t scales = 0;
  for (size_t i = 0; i < Size(network_->tensors()); ++i) {
    const auto index = static_cast<int32_t>(i);
    const tflite::Tensor& t = tensor(index);
    absl::Status status = CheckDimensions(t.shape(), false);
    status.Update(CheckDimensions(t.shape_signature(), true));
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", NameOf(index), "' ", status.message()));
    }
    if (t.buffer() != 0 && t.buffer() >= Size(model_->buffers())) {
      return Damaged("tensor '", NameOf(index), "' is in buffer ", t.buffer(), " of ",
                     Size(model_->buffers()));
    }
    if (t.quantization() == nullptr) continue;
    if (!IsAligned(t.quantization()->zero_point())) {
      return Damaged("the zero points of tensor '", NameOf(index), "' are not aligned");
    }
    scales += Size(t.quantization()->scale()) + Size(t.quantization()->zero_point());
    // Vectors that many tables share would otherwise grow without bound when they are copied.
    if (scales > bytes_.size()) return Damaged("the model has more scales than bytes");
  }
  return absl::OkStatus();
}

absl::Status TfliteFile::CheckOperators() const {
  const size_t tensors = Size(network_->tensors()), codes = Size(model_->operator_codes());
  size_t operands = 0;
  for (size_t i = 0; i < Size(network_->operators()); ++i) {
    const tflite::Operator& op = *network_->operators()->Get(static_cast<uint32_t>(i));
    if (op.opcode_index() >= codes) {
      return Damaged("operator ", i, " is of kind ", op.opcode_index(), " of ", codes);
    }
    operands += Size(op.inputs()) + Size(op.outputs());
    const auto* reshape = op.builtin_options_as_ReshapeOptions();
    const auto* squeeze = op.builtin_options_as_SqueezeOptions();
    if ((reshape != nullptr && Size(reshape->new_shape()) > kMaxRank) ||
        (squeeze != nullptr && Size(squeeze->squeeze_dims()) > kMaxRank)) {
      return Damaged("operator ", i, " (", NameOf(op), ") names more than ", kMaxRank,
                     " dimensions");
    }
    if (operands > bytes_.size()) return Damaged("the model has more operands than bytes");
    if (!InRange(op.inputs(), -1, tensors) || !InRange(op.outputs(), 0, tensors)) {
      return Damaged("operator ", i, " (", NameOf(op), ") uses a tensor that does not exist");
    }
  }
  return absl::OkStatus();
}

absl::Status TfliteFile::CheckOrder() const {
  std::vector<bool> ready(Size(network_->tensors()));
  for (size_t i = 0; i < ready.size(); ++i) {
    const tflite::Tensor& t = tensor(static_cast<int32_t>(i));
    ready[i] = t.is_variable() || DataOf(t);
  }
  for (size_t i = 0; i < Size(network_->inputs()); ++i) {
    const int32_t input = network_->inputs()->Get(static_cast<uint32_t>(i));
    if (ready[static_cast<size_t>(input)]) {
      return Damaged("input '", NameOf(input), "' of the model is a constant or there twice");
    }
    ready[static_cast<size_t>(input)] = true;
  }
  for (size_t i = 0; i < Size(network_->operators()); ++i) {
    const tflite::Operator& op = *network_->operators()->Get(static_cast<uint32_t>(i));
    for (size_t k = 0; k < Size(op.inputs()); ++k) {
      const int32_t input = op.inputs()->Get(static_cast<uint32_t>(k));
      // Constants without elements have no bytes.
      if (input < 0 || ready[static_cast<size_t>(input)] || IsEmpty(tensor(input))) continue;
      return Damaged("operator ", i, " (", NameOf(op), ") reads tensor '", NameOf(input),
                     "' before anything computes it");
    }
    for (size_t k = 0; k < Size(op.outputs()); ++k) {
      const int32_t output = op.outputs()->Get(static_cast<uint32_t>(k));
      if (ready[static_cast<size_t>(output)]) {
        return Damaged("operator ", i, " (", NameOf(op), ") computes tensor '", NameOf(output),
                       "', which has a value already");
      }
      ready[static_cast<size_t>(output)] = true;
    }
  }
  for (size_t i = 0; i < Size(network_->outputs()); ++i) {
    const int32_t output = network_->outputs()->Get(static_cast<uint32_t>(i));
    if (!ready[static_cast<size_t>(output)]) {
      return Damaged("nothing computes output '", NameOf(output), "' of the model");
    }
  }
  return absl::OkStatus();
}

tflite::BuiltinOperator TfliteFile::CodeOf(const tflite::Operator& op) const {
  const tflite::OperatorCode& code = *model_->operator_codes()->Get(op.opcode_index());
  // Codes above 126 are in the wider field only; files of old writers lack it.
  return std::max(code.builtin_code(),
                  static_cast<tflite::BuiltinOperator>(code.deprecated_builtin_code()));
}

std::string TfliteFile::NameOf(const tflite::Operator& op) const {
  const tflite::BuiltinOperator builtin = CodeOf(op);
  const tflite::OperatorCode& code = *model_->operator_codes()->Get(op.opcode_index());
  if (builtin == tflite::BuiltinOperator::CUSTOM && code.custom_code() != nullptr) {
    return code.custom_code()->str();
  }
  const std::string name = tflite::EnumNameBuiltinOperator(builtin);
  return name.empty() ? absl::StrCat("operator number ", static_cast<int>(builtin)) : name;
}

std::string TfliteFile::NameOf(int32_t index) const {
  const flatbuffers::String* name = tensor(index).name();
  return name == nullptr || name->size() == 0 ? absl::StrCat("tensor ", index) : name->str();
}

Constant TfliteFile::DataOf(const tflite::Tensor& tensor) const {
  if (tensor.buffer() == 0 || tensor.buffer() >= Size(model_->buffers())) return {};
  const tflite::Buffer& buffer = *model_->buffers()->Get(tensor.buffer());
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (Size(buffer.data()) > 0) {
    data = buffer.data()->data();
    size = buffer.data()->size();
  } else if (buffer.offset() > 1) {
    if (buffer.offset() > bytes_.size() || buffer.size() > bytes_.size() - buffer.offset()) {
      return {};
    }
    data = bytes_.data() + buffer.offset();
    size = buffer.size();
  } else {
    return {};
  }
  return Constant::Borrow(data, size, owner_);
}

}  // namespace octet::importer

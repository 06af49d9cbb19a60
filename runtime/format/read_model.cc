#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flatbuffers/flatbuffers.h"
#include "runtime/core/aligned_buffer.h"
#include "runtime/core/validate.h"
#include "runtime/format/convert.h"
#include "runtime/format/layout.h"
#include "runtime/format/model_file.h"
#include "schema/model_generated.h"

namespace octet {
namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

// Size prefix, offset of the root, identifier.
constexpr uint64_t kSmallestFile = 12;
// The tables nest four deep, far below this.
constexpr flatbuffers::uoffset_t kMaxDepth = 16;
constexpr flatbuffers::uoffset_t kMaxTables = 1 << 22;

bool HasIdentifier(absl::Span<const uint8_t> bytes, absl::string_view identifier) {
  return bytes.size() >= kSmallestFile &&
         std::memcmp(bytes.data() + kSmallestFile - 4, identifier.data(), 4) == 0;
}

// What a file that is no model may be instead.
absl::Status NotAModel(absl::Span<const uint8_t> bytes) {
  if (bytes.empty()) return Invalid("is empty, not an Octet model");
  const absl::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  // An ONNX file starts with field 1, the version of its format, followed by field 2, 3 or 7.
  const bool onnx = bytes.size() > 3 && bytes[0] == 0x08 && bytes[1] < 0x40 &&
                    (bytes[2] == 0x12 || bytes[2] == 0x1a || bytes[2] == 0x3a);
  if (onnx) {
    return Invalid("is an ONNX file, not an Octet model; convert it with 'octet import'");
  }
  if (bytes.size() >= 8 && text.substr(4, 4) == "TFL3") {
    return Invalid("is a TFLite file, not an Octet model; convert it with 'octet import'");
  }
  return Invalid("is not an Octet model; make one from an ONNX or TFLite file with 'octet import'");
}

struct FileParts {
  absl::Span<const uint8_t> prefixed_tables;  // with the size in front
  absl::Span<const uint8_t> rest;  // from the start of the weights to the end of the file
};

absl::StatusOr<FileParts> SplitFile(absl::Span<const uint8_t> bytes) {
  if (!HasIdentifier(bytes, schema::ModelIdentifier())) return NotAModel(bytes);
  const uint64_t tables = kSizePrefix + flatbuffers::ReadScalar<uint32_t>(bytes.data());
  const uint64_t weights = AlignWeights(tables);
  if (tables < kSmallestFile || tables >= FLATBUFFERS_MAX_BUFFER_SIZE || weights > bytes.size()) {
    return Invalid("the file is damaged or cut: its tables end at byte ", tables,
                   " and its weights start at byte ", weights, ", but it has ", bytes.size(),
                   " bytes");
  }
  return FileParts{bytes.subspan(0, tables), bytes.subspan(weights)};
}

using Numbers = flatbuffers::Vector<int64_t>;

bool AreAligned(std::initializer_list<const Numbers*> vectors) {
  return std::all_of(vectors.begin(), vectors.end(), [](const Numbers* vector) {
    return vector == nullptr || reinterpret_cast<uintptr_t>(vector->Data()) % sizeof(int64_t) == 0;
  });
}

bool VectorsAreAligned(const schema::Operator& op) {
  switch (op.options_type()) {
    case schema::Options::SplitOptions:
      return AreAligned({op.options_as_SplitOptions()->sizes()});
    case schema::Options::ReshapeOptions:
      return AreAligned({op.options_as_ReshapeOptions()->shape()});
    case schema::Options::PadOptions:
      return AreAligned({op.options_as_PadOptions()->pads_begin(),  //
                         op.options_as_PadOptions()->pads_end()});
    case schema::Options::SliceOptions:
      return AreAligned({op.options_as_SliceOptions()->starts(),  //
                         op.options_as_SliceOptions()->ends(),    //
                         op.options_as_SliceOptions()->steps()});
    case schema::Options::ExpandOptions:
      return AreAligned({op.options_as_ExpandOptions()->shape()});
    case schema::Options::TileOptions:
      return AreAligned({op.options_as_TileOptions()->repeats()});
    case schema::Options::ResizeOptions:
      return AreAligned({op.options_as_ResizeOptions()->sizes()});
    default:
      return true;
  }
}

// FlatBuffers' verifier looks at the alignment of a vector's size, which has 32 bits, but not at
// that of 64-bit elements. `Body` is a Model or a Subgraph, which the verifier accepted.
template <typename Body>
bool VectorsAreAligned(const Body& body) {
  bool aligned = true;
  if (body.tensors() != nullptr) {
    for (const schema::Tensor* tensor : *body.tensors()) aligned &= AreAligned({tensor->shape()});
  }
  if (body.operators() != nullptr) {
    for (const schema::Operator* op : *body.operators()) aligned &= VectorsAreAligned(*op);
  }
  if (body.subgraphs() != nullptr) {
    for (const schema::Subgraph* part : *body.subgraphs()) aligned &= VectorsAreAligned(*part);
  }
  return aligned;
}

absl::StatusOr<const schema::Model*> VerifyTables(absl::Span<const uint8_t> prefixed) {
  flatbuffers::Verifier verifier(prefixed.data(), prefixed.size(), kMaxDepth, kMaxTables);
  const bool verified = schema::VerifySizePrefixedModelBuffer(verifier);
  const schema::Model* model = schema::GetSizePrefixedModel(prefixed.data());
  if (!verified || !VectorsAreAligned(*model)) {
    return Invalid("the file is damaged: its tables are not well formed");
  }
  if (model->version() > kFormatVersion) {
    return absl::UnimplementedError(absl::StrCat(
        "the file has version ", model->version(), " of the format, but this program reads ",
        "up to version ", kFormatVersion, "; update Octet"));
  }
  if (model->version() == 0) return Invalid("the file is damaged: it has version 0 of the format");
  return model;
}

// `bytes` start at a multiple of kWeightAlignment.
absl::StatusOr<Graph> ReadAligned(absl::Span<const uint8_t> bytes,
                                  const std::shared_ptr<const void>& owner) {
  const absl::StatusOr<FileParts> parts = SplitFile(bytes);
  if (!parts.ok()) return parts.status();
  const absl::StatusOr<const schema::Model*> model = VerifyTables(parts->prefixed_tables);
  if (!model.ok()) return model.status();
  if ((*model)->weights_size() != parts->rest.size()) {
    return Invalid("the file is damaged or cut: it should have ", (*model)->weights_size(),
                   " bytes of weights, but has ", parts->rest.size());
  }
  absl::StatusOr<Graph> graph =
      GraphOfTables(**model, parts->rest, owner, parts->prefixed_tables.size());
  if (!graph.ok()) return graph.status();
  if (absl::Status status = ValidateGraph(*graph); !status.ok()) return status;
  return graph;
}

}  // namespace

absl::StatusOr<Graph> ReadModelBytes(absl::Span<const uint8_t> bytes,
                                     std::shared_ptr<const void> owner) {
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kWeightAlignment == 0) {
    return ReadAligned(bytes, owner);
  }
  auto copy = std::make_shared<AlignedBuffer>();
  if (!copy->TryAllocate(bytes.size())) {
    return absl::ResourceExhaustedError(absl::StrCat("no memory for ", bytes.size(), " bytes"));
  }
  std::memcpy(copy->data(), bytes.data(), bytes.size());
  return ReadAligned({copy->data(), copy->size()}, copy);
}

absl::StatusOr<LoadedModel> ReadModel(const std::string& path) {
  absl::StatusOr<std::shared_ptr<MappedFile>> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<Graph> graph = ReadAligned((*file)->bytes(), *file);
  if (!graph.ok()) {
    return absl::Status(graph.status().code(), absl::StrCat(path, ": ", graph.status().message()));
  }
  const absl::Span<const uint8_t> bytes = (*file)->bytes();
  const uint64_t weights =
      AlignWeights(kSizePrefix + flatbuffers::ReadScalar<uint32_t>(bytes.data()));
  return LoadedModel{*std::move(graph), *std::move(file), bytes.size() - weights};
}

}  // namespace octet

#include "tests/fuzz/users.h"

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>

#include "octet/model.h"
#include "runtime/core/graph.h"
#include "runtime/core/validate.h"
#include "runtime/model_internal.h"
#include "tests/fuzz/memory_file.h"
#include "tools/import/onnx_importer.h"
#include "tools/import/tflite_importer.h"
#include "tools/simplify/simplify.h"

namespace octet::fuzz {
namespace {

absl::Status Judge(const absl::Status& status) {
  if (!status.ok() && status.message().empty()) std::abort();
  return status;
}

absl::Status Simplified(absl::StatusOr<Graph> graph) {
  if (!graph.ok()) return Judge(graph.status());
  if (absl::Status status = Simplify(*graph); !status.ok()) return Judge(status);
  const absl::Status valid = ValidateGraph(*graph);
  if (valid.ok()) return valid;
  std::cerr << "simplified, but not valid: " << valid << std::endl;
  std::abort();
}

// Whether a run cannot take long.
bool IsSmall(const Session& session, const Model& model) {
  constexpr int64_t kMaxElements = 4096;
  for (size_t i = 0; i < model.inputs().size(); ++i) {
    if (NumElements(session.input_shape(static_cast<int>(i))) > kMaxElements) return false;
  }
  constexpr size_t kMaxBytes = 1 << 16, kMaxSteps = 64;
  return session.arena_bytes() <= kMaxBytes && session.steps().size() <= kMaxSteps;
}

}  // namespace

absl::Status UseOnnx(absl::Span<const uint8_t> bytes) {
  const MemoryFile file(bytes);
  return Simplified(ImportOnnx(file.path()));
}

absl::Status UseTflite(absl::Span<const uint8_t> bytes) {
  return Simplified(ImportTfliteBytes(bytes, nullptr, "model.tflite"));
}

absl::Status UseOctet(absl::Span<const uint8_t> bytes) {
  static const auto* const pool = new std::shared_ptr<ThreadPool>(ThreadPool::Create(1));
  const MemoryFile file(bytes);
  ModelOptions options;
  options.pool = *pool;
  const auto model = Model::Load(file.path(), options);
  if (!model.ok()) return Judge(model.status());
  const auto session = (*model)->NewSession();
  if (!session.ok()) return Judge(session.status());
  for (const Node& node : GraphOf(**model).nodes) {
    // Models may compute for as long as they like.
    if (node.type() == OpType::LoopOptions) return absl::OkStatus();
  }
  if (!IsSmall(**session, **model)) return absl::OkStatus();
  for (size_t i = 0; i < (*model)->inputs().size(); ++i) {
    const int index = static_cast<int>(i);
    const size_t size = static_cast<size_t>(NumElements((*session)->input_shape(index))) *
                        SizeOf((*session)->input_type(index));
    if (size > 0) std::memset((*session)->input_data(index), 1, size);
  }
  return Judge((*session)->Run());
}

}  // namespace octet::fuzz

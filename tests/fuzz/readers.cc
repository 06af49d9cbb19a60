#include "tests/fuzz/readers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "runtime/core/validate.h"
#include "runtime/format/model_file.h"
#include "runtime/model_internal.h"
#include "tools/import/onnx_importer.h"
#include "tools/simplify/simplify.h"

namespace octet::fuzz {
namespace {

// A file without a name that holds `bytes`.
class MemoryFile {
 public:
  explicit MemoryFile(absl::Span<const uint8_t> bytes)
      : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    if (descriptor_ < 0 ||
        write(descriptor_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return absl::StrCat("/proc/self/fd/", descriptor_); }

 private:
  const int descriptor_;
};

void Require(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  std::cerr << what << ": " << status << std::endl;
  std::abort();
}

// An error is as good as a graph, as long as it says something.
absl::Status Judge(const absl::Status& status) {
  if (!status.ok() && status.message().empty()) std::abort();
  return status;
}

absl::Status Simplified(absl::StatusOr<Graph> graph) {
  if (!graph.ok()) return Judge(graph.status());
  Require(ValidateGraph(*graph), "imported, but not valid");
  if (absl::Status status = Simplify(*graph); !status.ok()) return Judge(status);
  Require(ValidateGraph(*graph), "simplified, but not valid");
  return absl::OkStatus();
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

absl::Status ReadOnnx(absl::Span<const uint8_t> bytes) {
  const MemoryFile file(bytes);
  return Simplified(ImportOnnx(file.path()));
}

absl::Status ReadOctet(absl::Span<const uint8_t> bytes) {
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

#include "tools/cli/write_model.h"

#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "runtime/format/model_file.h"
#include "tools/cli/common.h"
#include "tools/data/batch.h"
#include "tools/data/file.h"

namespace octet::cli {
namespace {

absl::Status TryModel(const std::string& path, const SampleSource* samples,
                      const ModelOptions& options) {
  absl::StatusOr<std::shared_ptr<const Model>> model = Model::Load(path, options);
  if (!model.ok() || samples == nullptr) return model.status();
  absl::StatusOr<BatchFeeder> feeder = BatchFeeder::Create(**model, *samples, 1);
  if (!feeder.ok()) return feeder.status();
  std::unique_ptr<Session> session;
  absl::StatusOr<int64_t> count = feeder->Fill(0, session, [](const Sample&) {});
  if (!count.ok()) return count.status();
  absl::Status status = session->Run();
  if (!status.ok()) return status;
  for (size_t i = 0; i < (*model)->outputs().size(); ++i) {
    for (float value : session->output<float>(static_cast<int>(i))) {
      if (std::isfinite(value)) continue;
      return absl::InternalError(absl::StrCat("output '", (*model)->outputs()[i].name,
                                              "' of the new model is not finite"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteTried(const std::string& path, Graph graph, const SampleSource* samples,
                        const ModelOptions& run) {
  graph.producer = kProducer;
  return WriteAtomically(path, [&](const std::string& temporary) {
    absl::Status written = WriteModel(graph, temporary);
    if (!written.ok()) return WithPath(path, written);
    return TryModel(temporary, samples, run);
  });
}

}  // namespace octet::cli

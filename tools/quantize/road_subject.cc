#include "tools/quantize/road_subject.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "octet/thread_pool.h"
#include "tools/quantize/ranges_file.h"

namespace octet {
namespace {

absl::Status HashSamples(const SampleSource& samples, Sha256& hash) {
  for (int64_t i = 0; i < samples.size(); ++i) {
    const absl::StatusOr<Sample> sample = samples.Load(i);
    if (!sample.ok()) return sample.status();
    HashSample(*sample, hash);
    const std::string label = absl::StrCat("class ", samples.ClassOf(i), "\n");
    hash.Update({reinterpret_cast<const uint8_t*>(label.data()), label.size()});
  }
  return absl::OkStatus();
}

std::string TextOf(const RoadOptions& options) {
  const QuantizerOptions& q = options.quantizer;
  std::string text =
      absl::StrCat("weights ", static_cast<int>(q.weights), ", activations ", Name(q.activations),
                   q.symmetric_activations ? " symmetric" : "", ", of type ", Name(q.weights_type),
                   ", target ", Name(q.target), ", percentile ", q.calibrator.percentile,
                   ", moving average ", q.moving_average_constant, ", isa '", q.run.isa, "'",
                   q.run.deterministic ? " deterministic" : "", ", threads ",
                   q.run.pool != nullptr ? q.run.pool->threads() : 0, ", timed for ",
                   options.latency_seconds, " s, sensitivity of ", options.sensitivity_samples,
                   " samples in ", options.sensitivity_seconds, " s\n");
  if (options.mix) {
    absl::StrAppend(
        &text, "mixtures of ",
        absl::StrJoin(*options.mix, ", ",
                      [](std::string* out, Precision p) { absl::StrAppend(out, Name(p)); }),
        "\n");
  }
  for (const Override& line : q.overrides) absl::StrAppend(&text, line.text, "\n");
  return text;
}

}  // namespace

absl::StatusOr<JournalSubject> SubjectOf(const Graph& graph, const SampleSource& calibration,
                                         const SampleSource& evaluation,
                                         const RoadOptions& options) {
  Sha256 data;
  absl::Status status = HashSamples(calibration, data);
  if (status.ok() && &evaluation != &calibration) status = HashSamples(evaluation, data);
  if (!status.ok()) return status;
  return JournalSubject{FingerprintOf(graph), data.HexDigest(), TextOf(options)};
}

}  // namespace octet

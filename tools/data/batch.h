#ifndef OCTET_TOOLS_DATA_BATCH_H_
#define OCTET_TOOLS_DATA_BATCH_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "tools/data/sample_source.h"

namespace octet {

// Feeds samples to a session in batches. Where the model fixes the batch, that size is used and the
// last batch is filled up with copies of its last sample.
class BatchFeeder {
 public:
  // `batch` is the size wanted, at least 1. The model and the source must outlive the feeder.
  // InvalidArgument when an input has no dimension that could count samples.
  static absl::StatusOr<BatchFeeder> Create(const Model& model, const SampleSource& source,
                                            int64_t batch);

  // Samples per run.
  int64_t batch() const { return batch_; }

  // Loads samples [first, first + n) and writes them to the inputs of `session`, which is created
  // or resized as needed. Gives n, which is smaller than batch() at the end of the source. All
  // samples of a batch must have the same shapes. Every sample is shown to `on_sample` on the way.
  absl::StatusOr<int64_t> Fill(int64_t first, std::unique_ptr<Session>& session,
                               absl::FunctionRef<void(const Sample&)> on_sample) const;

 private:
  BatchFeeder(const Model& model, const SampleSource& source, int64_t batch, bool fixed)
      : model_(&model), source_(&source), batch_(batch), fixed_(fixed) {}

  const Model* model_;
  const SampleSource* source_;
  int64_t batch_;
  bool fixed_;
};

// Runs the model over all samples. After each run `on_batch` sees the session, the index of the
// first sample and how many samples of the batch are real; an error from it ends the loop.
absl::Status RunOverSamples(
    const Model& model, const SampleSource& source, int64_t batch,
    absl::FunctionRef<absl::Status(const Session&, int64_t first, int64_t count)> on_batch);

// The part of output `index` that belongs to sample `i` of a batch of `batch`, as bytes. Requires
// an output whose leading dimension is a multiple of the batch.
absl::Span<const uint8_t> OutputOfSample(const Session& session, int index, int64_t i,
                                         int64_t batch);

}  // namespace octet

#endif  // OCTET_TOOLS_DATA_BATCH_H_

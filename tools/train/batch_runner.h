#ifndef OCTET_TOOLS_TRAIN_BATCH_RUNNER_H_
#define OCTET_TOOLS_TRAIN_BATCH_RUNNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "octet/model.h"
#include "tools/train/loss.h"
#include "tools/train/tape.h"
#include "tools/train/train.h"

namespace octet {

// A sample of a batch: which one, and the draw that makes it.
struct DrawnSample {
  int64_t index;
  uint64_t draw;
};

// Computes losses and gradients of batches. Samples are dealt to kLanes lanes, each of which adds
// up its own in order, and lanes are added in order: the sums do not depend on the threads.
class BatchRunner {
 public:
  // All must outlive the runner; `teacher` may be null. `observes`: ranges are wanted.
  static absl::StatusOr<std::unique_ptr<BatchRunner>> Create(const TrainingNetwork& network,
                                                             const Graph* teacher,
                                                             const TrainingData& data,
                                                             const Loss& loss, bool observes,
                                                             std::shared_ptr<ThreadPool> pool);

  // The sum of the losses. gradients() and observed() are those of this batch then.
  absl::StatusOr<double> Run(absl::Span<const DrawnSample> batch);

  // The mean over the samples, by the rounded weights (TrainingNetwork::FoldGradients).
  Gradients& gradients() { return lanes_[0].gradients; }
  const ObservedRanges& observed() const { return lanes_[0].observed; }

 private:
  struct Lane {
    Gradients gradients;
    ObservedRanges observed;
    double loss = 0;
    absl::Status status;
  };
  // What a thread needs for itself.
  struct Worker {
    std::unique_ptr<Tape> tape;
    std::unique_ptr<Session> teacher;
    std::vector<std::vector<float>> output_gradients;
  };

  BatchRunner(const TrainingNetwork& network, const TrainingData& data, const Loss& loss,
              bool observes, std::shared_ptr<ThreadPool> pool)
      : network_(network), data_(data), loss_(loss), observes_(observes), pool_(std::move(pool)) {}

  absl::StatusOr<std::unique_ptr<Worker>> TakeWorker();
  void GiveBack(std::unique_ptr<Worker> worker);
  absl::Status RunLane(absl::Span<const DrawnSample> batch, size_t index);
  absl::Status RunSample(const DrawnSample& drawn, Worker& worker, Lane& lane);
  absl::Status RunTeacher(const Sample& sample, Worker& worker);

  const TrainingNetwork& network_;
  const TrainingData& data_;
  const Loss& loss_;
  const bool observes_;
  const std::shared_ptr<ThreadPool> pool_;
  std::shared_ptr<const Model> teacher_;
  std::vector<Lane> lanes_;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Worker>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_BATCH_RUNNER_H_

#ifndef OCTET_TOOLS_TRAIN_TRAIN_H_
#define OCTET_TOOLS_TRAIN_TRAIN_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "octet/model.h"
#include "tools/data/sample_source.h"
#include "tools/train/loss.h"
#include "tools/train/network.h"
#include "tools/train/optimizer.h"

namespace octet {

// Samples to train with, which may differ from one time they are drawn to the next. Immutable:
// several threads may load at once.
class TrainingData {
 public:
  virtual ~TrainingData() = default;
  virtual int64_t size() const = 0;
  // The same `draw` gives the same sample.
  virtual absl::StatusOr<Sample> Load(int64_t index, uint64_t draw) const = 0;
  virtual int ClassOf(int64_t index) const = 0;
  virtual std::string NameOf(int64_t index) const = 0;
};

// Samples as they are. The source must outlive the result.
std::unique_ptr<TrainingData> PlainTrainingData(const SampleSource& source);

// What a network is worth after an epoch: more is better. The rest is for reports.
struct Score {
  double value = 0;
  absl::optional<double> agreement;
  absl::optional<double> sqnr_db;
  absl::optional<double> top1;
};
using Judge = std::function<absl::StatusOr<Score>(const Graph& graph)>;

struct EpochReport {
  int epoch = 0;    // from 1; 0: before training
  double loss = 0;  // the mean over the epoch's samples
  Score score;
  bool best = false;  // so far
  double seconds = 0;
};

struct TrainOptions {
  int epochs = 10;
  int64_t batch = 16;
  // 0: RateForNoise of the first score, for Adam with relative steps.
  double rate = 0;
  double warmup = 0.05;     // share of the steps
  double last_rate = 0.02;  // share of the rate
  double clip_norm = 0;     // 0: gradients are not clipped
  OptimizerOptions optimizer;
  LossOptions loss;
  size_t hints = 0;  // how many of the graph's last outputs are hints to the loss
  uint64_t seed = 1;
  int freeze_ranges_after = 0;       // epochs, for RangeMode::kMovingAverage; 0: half of them
  int patience = 0;                  // epochs without a better score that end training; 0: none do
  std::shared_ptr<ThreadPool> pool;  // null: ThreadPool::Shared()
  std::string checkpoint;            // file to keep the state in after each epoch; empty: none
  bool resume = false;               // go on from that file where it exists
  // Asked before each batch: true ends training with what the epochs before this one gave. May be
  // empty.
  std::function<bool()> stop;
  // Both may be empty.
  std::function<void(int epoch, int64_t done, int64_t total)> progress;
  std::function<void(const EpochReport&)> on_epoch;
};

struct TrainResult {
  Graph graph;                 // of the best epoch; the first one's parameters count too
  int best_epoch = 0;          // 0: before training
  Score before, after;         // of the first parameters and of `graph`
  int epochs = 0;              // that were made
  bool stopped_early = false;  // by `patience` or `stop`
};

// A rate for a network whose outputs have this signal-to-noise ratio: 0.001 times the amplitude of
// the noise over the signal's, within [3e-5, 1e-3]. Where little is wrong, long steps do more harm
// than good: a weight that moves is a weight that is rounded otherwise.
double RateForNoise(double sqnr_db);

// Trains `network` in place. Batches are drawn without replacement; the gradient of a batch is the
// mean over its samples. The result depends on the seed, but not on the number of threads.
//
// Samples of a batch are computed one by one, several of them side by side: memory is that of one
// sample's tape per thread and of kLanes sets of gradients, whatever the batch.
//
// `teacher` is the graph whose outputs the loss compares with; null where the loss needs none. It
// must have the inputs and outputs of the network's graph. InvalidArgument when a sample does not
// fit, when the loss is no longer finite, or when a checkpoint is of another network.
absl::StatusOr<TrainResult> Train(TrainingNetwork& network, const Graph* teacher,
                                  const TrainingData& data, const Judge& judge,
                                  const TrainOptions& options);

// Sums of gradients that are kept side by side: as many threads can share the work.
inline constexpr int64_t kLanes = 4;

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_TRAIN_H_

#ifndef OCTET_TOOLS_QUANTIZE_TRAINED_MODEL_H_
#define OCTET_TOOLS_QUANTIZE_TRAINED_MODEL_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "octet/types.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/quantize.h"

// Training as a step of quantization. How a model is trained is the caller's matter, so that this
// library needs none that trains (tools/train).

namespace octet {

// What is to be trained, and how far.
struct TrainingTask {
  const Graph& integer;
  const Graph& real;           // the float graph that `integer` was made of
  const SampleSource& judged;  // what epochs are judged on
  std::string checkpoint;      // a file for the state after each epoch; empty: none
  bool resume = false;         // go on from that file where it exists
  std::function<bool()> stop;  // true ends training with what the epochs so far gave; may be empty
  std::function<void(const std::string& task, int64_t done, int64_t total)>
      progress;  // may be empty
};

struct TrainingOutcome {
  Graph graph;            // the nodes and tensors of the task's, with other numbers
  int epochs = 0;         // that were made
  int best_epoch = 0;     // whose model `graph` is; 0: as it was
  bool complete = false;  // not stopped
};

using Trainer = std::function<absl::StatusOr<TrainingOutcome>(const TrainingTask&)>;

// What training has changed in a model, and how long it took.
struct TrainedModel {
  struct Change {
    size_t tensor = 0;
    DataType type = DataType::kF32;
    std::vector<uint8_t> data;  // of a constant
    std::vector<float> scales;  // empty: not quantized
    std::vector<int32_t> zero_points;
  };
  std::vector<Change> changes;
  int epochs = 0;
  int best_epoch = 0;
  double seconds = 0;
};

// The changes that make `trained` of `integer`; both have the same nodes and tensors, otherwise
// Internal.
absl::StatusOr<std::vector<TrainedModel::Change>> ChangesBetween(const Graph& integer,
                                                                 const Graph& trained);
// Makes them. InvalidArgument when they are of another graph.
absl::Status MakeChanges(const std::vector<TrainedModel::Change>& changes, Graph& integer);

// What is due after the numbers of a quantized model have changed: weights are limited again where
// the target asks for it, the report names the layers at risk, and the record has `settings` as
// further lines. `real` is the float graph that `integer` was made of.
void FinishTrained(const Graph& real, Target target, const std::vector<std::string>& settings,
                   Graph& integer, QuantizerReport& report);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_TRAINED_MODEL_H_

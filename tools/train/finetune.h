#ifndef OCTET_TOOLS_TRAIN_FINETUNE_H_
#define OCTET_TOOLS_TRAIN_FINETUNE_H_

#include "absl/status/statusor.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/train/train.h"

namespace octet {

struct FinetuneOptions {
  NetworkOptions network;
  TrainOptions train;
  ModelOptions run;     // how to run models that are judged
  int most_hints = 64;  // tensors within the network that loss.hints compares, at most
};

// Trains an integer model so that it computes what the float model `real` computes, or what the
// samples' classes say (LossOptions). The result is an integer model with the same operators.
// `real` may be null: then weights begin with what the integers stand for, and the model to compare
// with is RealGraph(integer). Otherwise they begin with its weights as far as these round to
// the integers (KeepIntegers).
//
// After each epoch the model is written and judged on `judged` by the executor that will run it:
// by the share of right classes where the loss knows classes, else by the signal-to-noise ratio
// against the float model. The best one is the result, which may be the first.
absl::StatusOr<TrainResult> Finetune(const Graph& integer, const Graph* real,
                                     const TrainingData& data, const SampleSource& judged,
                                     const FinetuneOptions& options);

// The shapes of the graph's inputs for single samples, whose sizes beyond the first dimension are
// those of `samples`. InvalidArgument where the graph fixes a batch other than 1.
absl::StatusOr<std::vector<Shape>> ShapesOfOneSample(const Graph& graph,
                                                     const SampleSource& samples);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_FINETUNE_H_

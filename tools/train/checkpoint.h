#ifndef OCTET_TOOLS_TRAIN_CHECKPOINT_H_
#define OCTET_TOOLS_TRAIN_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/train/optimizer.h"
#include "tools/train/parameters.h"
#include "tools/train/train.h"

namespace octet {

// Parameters and ranges of a network.
struct NetworkState {
  std::vector<std::vector<float>> values;  // by parameter
  std::vector<float> ranges;

  static NetworkState Of(const TrainingNetwork& network);
  // InvalidArgument when it is of another network, which is unchanged then.
  absl::Status RestoreTo(TrainingNetwork& network) const;
};

// All that training needs to go on after an epoch.
struct Checkpoint {
  uint64_t seed = 0;
  int epochs = 0;  // that were made
  NetworkState now, best;
  Optimizer::State optimizer;
  int best_epoch = 0;
  Score before, after;
};

// An .npz file, written in one step.
absl::Status WriteCheckpoint(const std::string& path, const Checkpoint& checkpoint);
// InvalidArgument names the array that is missing or of another type. Whether it fits a network is
// found out when it is restored.
absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path);

}  // namespace octet

#endif  // OCTET_TOOLS_TRAIN_CHECKPOINT_H_

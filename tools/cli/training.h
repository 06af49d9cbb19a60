#ifndef OCTET_TOOLS_CLI_TRAINING_H_
#define OCTET_TOOLS_CLI_TRAINING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/augment.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/trained_model.h"
#include "tools/train/train.h"

namespace octet::cli {

// How commands train unless told otherwise.
inline constexpr int64_t kDefaultEpochs = 20;
inline constexpr int64_t kDefaultBatch = 4;
inline constexpr int64_t kDefaultSeed = 1;
inline constexpr double kDefaultHints = 5;  // LossOptions::hints

// Pictures that a teacher judges.
AugmentOptions DefaultAugment();

// The samples at `path`, which `source` reads, to train with. With `augment`, pictures of a folder
// are varied anew each time; everything else is as `plain`, which may cache it, has it. All must
// outlive the result.
absl::StatusOr<std::unique_ptr<TrainingData>> OpenTrainingData(
    const std::string& path, const Graph& graph, const SampleSource& source,
    const SampleSource& plain, absl::optional<AugmentOptions> augment);

// Trains with the defaults, for `octet quantize --finetune`. `on_epoch` may be empty.
absl::StatusOr<TrainResult> TrainWithDefaults(
    const TrainingTask& task, const TrainingData& data, int64_t epochs, const ModelOptions& run,
    const std::function<void(const EpochReport&)>& on_epoch);

// The same as a step of the road. `data` must outlive the result.
Trainer DefaultTrainer(const TrainingData& data, int64_t epochs, const ModelOptions& run);

// The settings of that trainer as flags of `octet quantize`.
std::vector<std::string> TrainingSettings(int64_t epochs);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_TRAINING_H_

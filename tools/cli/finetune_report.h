#ifndef OCTET_TOOLS_CLI_FINETUNE_REPORT_H_
#define OCTET_TOOLS_CLI_FINETUNE_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/train/train.h"

namespace octet::cli {

// What a run of `octet finetune` ends with.
struct FinetuneSummary {
  std::string output;  // the file
  TrainResult result;
  std::vector<EpochReport> epochs;
  std::vector<std::string> skipped;  // a message per sample
  bool judged_on_training_data = false;
};

// `epochs`, `best_epoch`, `stopped_early`, `before` and `after`.
nlohmann::json TrainingJson(const TrainResult& result);
nlohmann::json FinetuneJson(const FinetuneSummary& summary);
std::string FinetuneText(const FinetuneSummary& summary);

// "epoch 3  loss 0.05 ...", one line.
std::string EpochText(const EpochReport& report);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_FINETUNE_REPORT_H_

#ifndef OCTET_TOOLS_CLI_QUANTIZE_SUMMARY_H_
#define OCTET_TOOLS_CLI_QUANTIZE_SUMMARY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "tools/cli/quantize_request.h"
#include "tools/quantize/quantize.h"
#include "tools/train/train.h"

namespace octet::cli {

// What one method has made.
struct QuantizeSummary {
  QuantizerReport report;
  size_t operators = 0;                  // of the model
  absl::optional<TrainResult> training;  // with --finetune
  std::vector<std::string> skipped;      // a message per sample
};

// Tells of it as text or JSON.
void PrintQuantizeSummary(const QuantizeRequest& request, const QuantizeSummary& made);

// The layers whose products could saturate 16 bits on CPUs without VNNI, by name, and what becomes
// of them. Empty when there are none; else whole lines.
std::string SaturationText(const QuantizerReport& report, Target target);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_QUANTIZE_SUMMARY_H_

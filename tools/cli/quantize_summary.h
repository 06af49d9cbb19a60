#ifndef OCTET_TOOLS_CLI_QUANTIZE_SUMMARY_H_
#define OCTET_TOOLS_CLI_QUANTIZE_SUMMARY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tools/cli/quantize_request.h"
#include "tools/data/readable.h"
#include "tools/quantize/quantize.h"

namespace octet::cli {

// Tells what one method has made, with `operators` operators, as text or JSON.
void PrintQuantizeSummary(const QuantizeRequest& request, const QuantizerReport& report,
                          size_t operators, const std::vector<UnreadableSample>& skipped);

// The layers whose products could saturate 16 bits on CPUs without VNNI, by name, and what becomes
// of them. Empty when there are none; else whole lines.
std::string SaturationText(const QuantizerReport& report, Target target);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_QUANTIZE_SUMMARY_H_

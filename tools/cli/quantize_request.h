#ifndef OCTET_TOOLS_CLI_QUANTIZE_REQUEST_H_
#define OCTET_TOOLS_CLI_QUANTIZE_REQUEST_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tools/cli/common.h"
#include "tools/cli/picture_flags.h"
#include "tools/cli/road.h"
#include "tools/quantize/quantize.h"

namespace octet::cli {

// What `octet quantize` is asked for.
struct QuantizeRequest {
  CommonFlags common;
  PictureFlags pictures;
  RoadFlags road;
  bool walks_road = false;  // as opposed to one method
  std::string input;
  std::string output;
  std::string data;  // empty: none
  std::string ranges;
  std::string save_ranges;
  double moving_average = 0;  // 0: the default
  bool skip_unreadable = false;
  bool finetune = false;
  int64_t epochs = 0;
  QuantizerOptions options;  // without `run`, and without the overrides, whose file is
  std::string overrides;
};

// Reads the command line. With --help, prints the help, and `common.help` is set. UsageError for
// flags that make no sense, alone or together.
absl::StatusOr<QuantizeRequest> ParseQuantizeRequest(absl::Span<const std::string> arguments);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_QUANTIZE_REQUEST_H_

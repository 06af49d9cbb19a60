#ifndef OCTET_TOOLS_QUANTIZE_RANGES_FILE_H_
#define OCTET_TOOLS_QUANTIZE_RANGES_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/core/graph.h"
#include "tools/quantize/statistics.h"

namespace octet {

// A hash that tells graphs apart which would give other statistics.
std::string FingerprintOf(const Graph& graph);

// Statistics as JSON text, so that another calibrator can be tried without running the data again.
// The text says which graph it belongs to: its operators, tensors and constants. Reading gives back
// exactly what was written.
std::string FormatStatistics(const Graph& graph, const Statistics& statistics);

// InvalidArgument when the text is not what FormatStatistics writes, is damaged, or belongs to
// another graph.
absl::StatusOr<Statistics> ParseStatistics(absl::string_view text, const Graph& graph);

// The same with files; messages begin with the path. Writing replaces the file in one step.
absl::Status WriteStatistics(const std::string& path, const Graph& graph,
                             const Statistics& statistics);
absl::StatusOr<Statistics> ReadStatistics(const std::string& path, const Graph& graph);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_RANGES_FILE_H_

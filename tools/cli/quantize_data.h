#ifndef OCTET_TOOLS_CLI_QUANTIZE_DATA_H_
#define OCTET_TOOLS_CLI_QUANTIZE_DATA_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/core/graph.h"
#include "tools/cli/quantize_request.h"
#include "tools/data/readable.h"
#include "tools/data/sample_source.h"

namespace octet::cli {

// What a graph wants to be fed with.
DataSpec SpecOfGraph(const Graph& graph);

// The samples of --data that can be read; the others come to `skipped` where the user wants that.
absl::StatusOr<std::unique_ptr<SampleSource>> OpenData(const QuantizeRequest& request,
                                                       const Graph& graph,
                                                       std::vector<UnreadableSample>& skipped);

// The error of a run, or, when pictures are the reason, all that cannot be read. `samples`, those
// of
// --data, may be null.
absl::Status WithUnreadable(const QuantizeRequest& request, const SampleSource* samples,
                            const absl::Status& status);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_QUANTIZE_DATA_H_

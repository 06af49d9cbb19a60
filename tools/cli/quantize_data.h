#ifndef OCTET_TOOLS_CLI_QUANTIZE_DATA_H_
#define OCTET_TOOLS_CLI_QUANTIZE_DATA_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/core/graph.h"
#include "tools/data/readable.h"
#include "tools/data/sample_source.h"

namespace octet::cli {

// What a graph wants to be fed with.
DataSpec SpecOfGraph(const Graph& graph);

// The samples at `path` that the graph is fed with. With `skip_unreadable`, those that can be read;
// the others are added to `skipped`.
absl::StatusOr<std::unique_ptr<SampleSource>> OpenData(const std::string& path, const Graph& graph,
                                                       bool skip_unreadable,
                                                       std::vector<UnreadableSample>& skipped);

// InvalidArgument with all that cannot be read, and the flag that leaves it out. Tries all samples.
absl::Status UnreadableError(const SampleSource& samples);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_QUANTIZE_DATA_H_

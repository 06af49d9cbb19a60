#ifndef OCTET_TOOLS_CLI_MODEL_WRITING_H_
#define OCTET_TOOLS_CLI_MODEL_WRITING_H_

#include <string>

#include "absl/status/status.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet::cli {

// What a model made of the graph would want to be fed with.
DataSpec SpecOfGraph(const Graph& graph);

// Writes the model in one step, once it was seen to load and to run on the first of `samples`, so
// that a model that cannot run is never left behind. Internal when an output is not finite.
absl::Status WriteTriedModel(Graph graph, const std::string& path, const SampleSource& samples,
                             const ModelOptions& options);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_MODEL_WRITING_H_

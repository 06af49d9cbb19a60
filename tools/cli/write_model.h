#ifndef OCTET_TOOLS_CLI_WRITE_MODEL_H_
#define OCTET_TOOLS_CLI_WRITE_MODEL_H_

#include <string>

#include "absl/status/status.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet::cli {

// Writes the model to `path` in one step, once it was seen to load and to run on a sample, so that
// one that cannot run is never left behind. `samples` may be null: there is none to run.
absl::Status WriteTried(const std::string& path, Graph graph, const SampleSource* samples,
                        const ModelOptions& run);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_WRITE_MODEL_H_

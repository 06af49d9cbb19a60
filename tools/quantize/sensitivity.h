#ifndef OCTET_TOOLS_QUANTIZE_SENSITIVITY_H_
#define OCTET_TOOLS_QUANTIZE_SENSITIVITY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet {

// What it costs to quantize one operator and leave all others in float.
struct LayerSensitivity {
  int node = 0;        // index into the float graph's nodes
  std::string op;      // its name
  double sqnr_db = 0;  // of the model's outputs; infinite when they do not change
};

struct SensitivityOptions {
  ModelOptions run;
  std::function<void(int64_t done, int64_t total)> progress;  // of operators; may be empty
  std::function<bool()> stop;  // asked from time to time; true ends with what is known so far
};

// Measures `nodes` one at a time: `quantize_only` makes the model in which that node is the only
// quantized one. The result is in the order of `nodes`. Errors are those of `quantize_only` and of
// running the models.
absl::StatusOr<std::vector<LayerSensitivity>> MeasureSensitivity(
    const Graph& graph, absl::Span<const int> nodes,
    const std::function<absl::StatusOr<Graph>(int node)>& quantize_only, const SampleSource& source,
    const SensitivityOptions& options);

// The nodes by rising sqnr_db: those first that cost most.
std::vector<int> MostSensitiveFirst(std::vector<LayerSensitivity> sensitivity);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_SENSITIVITY_H_

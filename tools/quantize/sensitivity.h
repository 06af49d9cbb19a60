#ifndef OCTET_TOOLS_QUANTIZE_SENSITIVITY_H_
#define OCTET_TOOLS_QUANTIZE_SENSITIVITY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/mixed_search.h"
#include "tools/quantize/precision.h"

namespace octet {

// What it costs to give one operator a precision and leave all others in float.
struct LayerSensitivity {
  int node = 0;        // index into the float graph's nodes
  std::string op;      // its name
  double sqnr_db = 0;  // of the model's outputs; infinite when they do not change
  Precision precision = Precision::kInt8;
};

struct SensitivityOptions {
  ModelOptions run;
  // All may be empty. `known` tells the SQNR where it need not be measured, `found` hears of what
  // was measured, some at a time; its error ends the work.
  std::function<absl::optional<double>(const OperatorPrecision&)> known;
  std::function<absl::Status(absl::Span<const LayerSensitivity>)> found;
  std::function<void(int64_t done, int64_t total)> progress;  // of `changes`
  std::function<bool()> stop;  // asked from time to time; true ends with what is known so far
};

// Measures `changes` one at a time: `quantize_only` makes the model in which nothing else is
// quantized. The result is in the order of `changes`. Errors are those of `quantize_only` and of
// running the models.
absl::StatusOr<std::vector<LayerSensitivity>> MeasureSensitivity(
    const Graph& graph, absl::Span<const OperatorPrecision> changes,
    const std::function<absl::StatusOr<Graph>(const OperatorPrecision&)>& quantize_only,
    const SampleSource& source, const SensitivityOptions& options);

// The nodes by rising sqnr_db: those first that cost most. Of a node with several precisions of 8
// bits, the cheapest one to keep counts; those of 16 bits are what it may get instead.
std::vector<int> MostSensitiveFirst(std::vector<LayerSensitivity> sensitivity);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_SENSITIVITY_H_

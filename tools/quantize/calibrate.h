#ifndef OCTET_TOOLS_QUANTIZE_CALIBRATE_H_
#define OCTET_TOOLS_QUANTIZE_CALIBRATE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/observer.h"

namespace octet {

// Called as work goes on: `done` of `total` samples.
using Progress = std::function<void(int64_t done, int64_t total)>;

struct Calibration {
  std::map<TensorId, Range> ranges;
  std::string data_hash;  // SHA-256 of the samples' bytes in the order of use
  int64_t samples = 0;
};

// Runs the float graph over all samples, on the executor that runs models, and lets an observer
// watch each of `tensors` (f32, not constant). InvalidArgument when there are no samples, or when a
// value is NaN or infinite: then with the tensor's name and the sample's.
absl::StatusOr<Calibration> Calibrate(const Graph& graph, const std::vector<TensorId>& tensors,
                                      const SampleSource& source, const ObserverFactory& observers,
                                      const ModelOptions& options, const Progress& progress);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CALIBRATE_H_

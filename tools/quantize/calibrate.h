#ifndef OCTET_TOOLS_QUANTIZE_CALIBRATE_H_
#define OCTET_TOOLS_QUANTIZE_CALIBRATE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/calibrator.h"
#include "tools/quantize/observer.h"
#include "tools/quantize/statistics.h"

namespace octet {

// Called as work goes on: `done` of `total` samples.
using Progress = std::function<void(int64_t done, int64_t total)>;

struct GatherOptions {
  double moving_average_constant = kDefaultMovingAverageConstant;
  ModelOptions run;   // how to run the graph; tensors are observed on its threads
  Progress progress;  // may be empty
};

// Runs the float graph over all samples, once, on the executor that runs models, and gathers
// statistics of each of `tensors` (f32, not constant). Samples are loaded one batch at a time and
// not kept. The result does not depend on the number of threads. InvalidArgument when there are no
// samples, or when a value is NaN or infinite: then with the tensor's name and the sample's.
absl::StatusOr<Statistics> GatherStatistics(const Graph& graph, absl::Span<const TensorId> tensors,
                                            const SampleSource& source,
                                            const GatherOptions& options);

// How to choose the ranges of a graph's tensors.
struct RangeRule {
  Calibrator calibrator;
  ActivationScheme scheme;
  absl::optional<Range> fixed;  // instead of what the calibrator would choose
};
struct RangeRules {
  RangeRule common;
  std::map<TensorId, RangeRule> special;  // instead of the common one
};

// The range of every tensor of `statistics`. The searches are shared among the threads of `pool`
// (null: ThreadPool::Shared()). Much faster than gathering: all calibrators can be tried.
std::map<TensorId, Range> ChooseRanges(const Statistics& statistics, const RangeRules& rules,
                                       std::shared_ptr<ThreadPool> pool = nullptr);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CALIBRATE_H_

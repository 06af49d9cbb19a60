#ifndef OCTET_TOOLS_QUANTIZE_REFINE_H_
#define OCTET_TOOLS_QUANTIZE_REFINE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/weights.h"

namespace octet {

// Methods that keep accuracy, each of which takes time.
struct RefineOptions {
  bool equalize = false;  // of the float network: EqualizeChannels
  bool rounding = false;  // of the integer network: ReconstructLayers with rounding
  bool bias = false;      // of the integer network: ReconstructLayers without

  static RefineOptions All() { return {true, true, true}; }
};

// "all", "none", or names out of "equalize", "rounding" and "bias", with commas between
// them. InvalidArgument lists the names.
absl::StatusOr<RefineOptions> ParseRefineOptions(absl::string_view text);

// Those methods that change the float network before it is quantized. `shapes` has the concrete
// shape of every tensor.
absl::StatusOr<Graph> RefineReal(const Graph& graph, const std::vector<Shape>& shapes,
                                 const SampleSource& samples, WeightGranularity granularity,
                                 const RefineOptions& options, const ModelOptions& run);

// Those methods that change the integer network `integer`, which was made from `real`.
absl::Status RefineInteger(const Graph& real, Graph& integer, const SampleSource& samples,
                           const RefineOptions& options, const ModelOptions& run);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_REFINE_H_

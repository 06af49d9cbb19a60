#ifndef OCTET_TOOLS_QUANTIZE_REFINE_H_
#define OCTET_TOOLS_QUANTIZE_REFINE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/precision.h"
#include "tools/quantize/weights.h"

namespace octet {

// Methods that keep accuracy, each of which takes time.
struct RefineOptions {
  bool equalize = false;  // of the float network: EqualizeChannels
  bool smooth = false;    // of the float network: SmoothActivations
  bool clipping = false;  // of the ranges: NarrowRanges; of weights with one scale: that scale
  bool rounding = false;  // of the integer network: ReconstructLayers with all of the weights
  bool bias = false;      // of the integer network: ReconstructLayers without them

  // Those that "all" stands for: all but clipping, which takes long and helps few networks.
  static RefineOptions All();
  // The names of those that are on, with commas between them.
  std::string ToString() const;
};

// "all", "none", or names of methods with commas between them. InvalidArgument lists the names.
absl::StatusOr<RefineOptions> ParseRefineOptions(absl::string_view text);

// The names of the methods, with commas between them.
std::string RefineMethodNames();

// Those methods that change the float network before it is quantized; nothing when they leave it as
// it is. The result has the nodes of `graph` in their order, and maybe others between them.
absl::StatusOr<absl::optional<Graph>> RefineReal(const Graph& graph, const SampleSource& samples,
                                                 WeightGranularity granularity,
                                                 const RefineOptions& options,
                                                 const ModelOptions& run);

// What is wanted of the nodes of `refined`, which RefineReal made of `graph`, when it is `wanted`
// of those of `graph`; kInt8 of others.
std::vector<Precision> PrecisionInRefined(const Graph& graph, const Graph& refined,
                                          absl::Span<const Precision> wanted);

// Those methods that change the integer network `integer`, which was made from `real`.
absl::Status RefineInteger(const Graph& real, Graph& integer, const SampleSource& samples,
                           const RefineOptions& options, const ModelOptions& run);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_REFINE_H_

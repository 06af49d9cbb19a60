#ifndef OCTET_TOOLS_QUANTIZE_SAMPLE_SHAPES_H_
#define OCTET_TOOLS_QUANTIZE_SAMPLE_SHAPES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet {

// The concrete shapes of all tensors of a graph for the first of the samples, whose elements may
// decide some of them. InvalidArgument when there is none, or when it does not fit.
absl::StatusOr<std::vector<Shape>> ShapesForSample(const Graph& graph, const SampleSource& samples,
                                                   const ModelOptions& run);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_SAMPLE_SHAPES_H_

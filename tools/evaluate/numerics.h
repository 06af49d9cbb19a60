#ifndef OCTET_TOOLS_EVALUATE_NUMERICS_H_
#define OCTET_TOOLS_EVALUATE_NUMERICS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet {

// Where a network's numbers cease to be finite.
struct NonFinite {
  std::string tensor;
  std::string op;    // the operator that computes it
  std::string type;  // of the operator
  DataType stored = DataType::kUnknown;
  int64_t sample = 0;    // in the source
  int64_t element = 0;   // of the tensor, row-major
  float value = 0;       // NaN or infinite
  int64_t elements = 0;  // how many are not finite
  double largest = 0;    // the largest finite magnitude among the operator's inputs
};

// The first computed tensor, in order of samples (or batches, where the model fixes a larger one)
// and then of execution, that holds NaN where no input of its operator does, or infinity where all
// inputs are finite. Infinity that comes from a constant or an input, as in masks, is no finding.
// Tensors are real; the model is run with every one of them as an output, so that nothing is fused
// across them. Errors as those of Taps::Create.
absl::StatusOr<absl::optional<NonFinite>> FindNonFinite(const Graph& graph,
                                                        const SampleSource& source,
                                                        const ModelOptions& options);

}  // namespace octet

#endif  // OCTET_TOOLS_EVALUATE_NUMERICS_H_

#ifndef OCTET_TOOLS_EVALUATE_COMPARE_H_
#define OCTET_TOOLS_EVALUATE_COMPARE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet {

// How far a tensor of one model is from the tensor of that name in another one, over all samples.
struct TensorDifference {
  std::string tensor;
  std::string op;                        // name of the operator that computes it
  std::string type;                      // of that operator, "Conv"
  DataType stored = DataType::kUnknown;  // type in the model that is judged
  double sqnr_db = 0;                    // infinite when there is no difference
  double cosine = 0;                     // of all values of all samples, as one vector
  double max_abs_diff = 0;               // the largest difference of two elements
  double max_abs = 0;                    // the largest element of the reference
};

struct CompareOptions {
  ModelOptions run;
  std::function<void(int64_t done, int64_t total)> progress;  // may be empty
};

// Runs both graphs over all samples with every tensor that both of them compute laid open, and
// tells the differences in the order in which `graph` computes them. Quantized tensors count with
// their real values; tensors that neither are f32 in `reference` nor f32 or quantized per tensor in
// `graph` are left out. Operators that a kernel would fuse at load are computed one by one, since
// what lies between is looked at. InvalidArgument when there are no samples, or no tensor to
// compare.
absl::StatusOr<std::vector<TensorDifference>> CompareTensors(const Graph& reference,
                                                             const Graph& graph,
                                                             const SampleSource& source,
                                                             const CompareOptions& options);

}  // namespace octet

#endif  // OCTET_TOOLS_EVALUATE_COMPARE_H_

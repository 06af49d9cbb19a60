#ifndef OCTET_TOOLS_QUANTIZE_BUDGET_H_
#define OCTET_TOOLS_QUANTIZE_BUDGET_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "tools/evaluate/evaluate.h"

namespace octet {

// How much accuracy a quantized model may lose against the float model.
struct Budget {
  absl::optional<double> max_drop;       // of top-1, as a share: 0.005 is half a point
  absl::optional<double> min_agreement;  // a share of the samples
  absl::optional<double> min_sqnr_db;
  absl::optional<double> min_cosine;  // the mean over the samples

  bool any() const { return max_drop || min_agreement || min_sqnr_db || min_cosine; }
};

// What of the budget `quantized` misses, in words ("agreement 0.9700 < 0.9850"); empty when it is
// met. Both evaluations were made on the same samples, `quantized` with the float model as the
// reference. A figure that is not a number misses.
std::vector<std::string> MissedBy(const Evaluation& quantized, const Evaluation& real,
                                  const Budget& budget);

// InvalidArgument when the budget asks for what the samples cannot tell: top-1 without classes.
absl::Status CheckBudget(const Budget& budget, const Evaluation& real);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_BUDGET_H_

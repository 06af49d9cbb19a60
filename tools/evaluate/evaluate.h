#ifndef OCTET_TOOLS_EVALUATE_EVALUATE_H_
#define OCTET_TOOLS_EVALUATE_EVALUATE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "tools/data/sample_source.h"

namespace octet {

struct EvaluateOptions {
  int64_t batch = 1;
  std::function<void(int64_t done, int64_t total)> progress;  // may be empty
};

struct Evaluation {
  int64_t samples = 0;
  // Share of the samples with a class whose class has the largest value, or one of the five
  // largest, in the first output. Set when samples have classes.
  absl::optional<double> top1;
  absl::optional<double> top5;
  // Against the reference, set when there is one. Agreement is the share of samples whose first
  // output has its largest value at the same place. The others look at the values of all outputs.
  absl::optional<double> agreement;
  absl::optional<double> sqnr_db;  // infinite when the outputs are equal
  absl::optional<double> cosine_mean;
  absl::optional<double> cosine_min;
};

// Runs `model`, and `reference` unless it is null, over all samples. InvalidArgument when the two
// have other inputs or outputs, or when the outputs cannot be told apart by sample.
absl::StatusOr<Evaluation> Evaluate(const Model& model, const Model* reference,
                                    const SampleSource& source, const EvaluateOptions& options);

// The same for several models at once. The reference runs once for all of them.
absl::StatusOr<std::vector<Evaluation>> EvaluateAll(absl::Span<const Model* const> models,
                                                    const Model* reference,
                                                    const SampleSource& source,
                                                    const EvaluateOptions& options);

}  // namespace octet

#endif  // OCTET_TOOLS_EVALUATE_EVALUATE_H_

#ifndef OCTET_TOOLS_EVALUATE_LATENCY_H_
#define OCTET_TOOLS_EVALUATE_LATENCY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "octet/model.h"
#include "tools/data/sample_source.h"

namespace octet {

// Median durations of one run of each model on the first sample, in milliseconds. The models take
// turns, so that what else the machine does meets all of them alike; `seconds` is the time for all.
// Models that stand more than once are measured more than once.
absl::StatusOr<std::vector<double>> MedianLatencies(absl::Span<const Model* const> models,
                                                    const SampleSource& source, double seconds);

// The time that one operator of a model takes.
struct OperatorTime {
  StepInfo step;
  double median_us = 0;
};

// The median duration of every step of a run with the inputs that the session has, in order of
// execution.
absl::StatusOr<std::vector<OperatorTime>> ProfileSession(Session& session, double seconds);

// The same for a run on the first sample.
absl::StatusOr<std::vector<OperatorTime>> ProfileOperators(const Model& model,
                                                           const SampleSource& source,
                                                           double seconds);

}  // namespace octet

#endif  // OCTET_TOOLS_EVALUATE_LATENCY_H_

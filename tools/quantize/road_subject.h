#ifndef OCTET_TOOLS_QUANTIZE_ROAD_SUBJECT_H_
#define OCTET_TOOLS_QUANTIZE_ROAD_SUBJECT_H_

#include "absl/status/statusor.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"
#include "tools/quantize/journal.h"
#include "tools/quantize/road.h"

namespace octet {

// What a search that can be resumed is about: everything that its measurements depend on. Budget
// and time limit are not in it, so that a search can go on with others. Loads all samples; errors
// are those of loading them.
absl::StatusOr<JournalSubject> SubjectOf(const Graph& graph, const SampleSource& calibration,
                                         const SampleSource& evaluation,
                                         const RoadOptions& options);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_ROAD_SUBJECT_H_

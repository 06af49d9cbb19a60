#ifndef OCTET_TOOLS_CLI_ROAD_H_
#define OCTET_TOOLS_CLI_ROAD_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/cli/common.h"
#include "tools/cli/flags.h"
#include "tools/quantize/road.h"

namespace octet::cli {

// The flags of `octet quantize` that are about the road as a whole.
struct RoadFlags {
  std::string evaluation;
  std::string max_drop, min_agreement, min_sqnr, min_cosine;
  std::string time_limit;
  std::string report;
  std::string resume;
  std::string exclude_list;
  std::string mix;
  bool sensitivity = false;

  void Register(FlagSet& flags);
  // Whether a flag was given that has no meaning for one method alone.
  bool any() const;
  // Everything but what to quantize. UsageError names the flag that makes no sense.
  absl::StatusOr<RoadOptions> Options() const;
};

// Walks the road and shows how it goes on.
absl::StatusOr<RoadResult> WalkRoadOnConsole(const Graph& graph, const SampleSource& calibration,
                                             const SampleSource& evaluation, RoadOptions options);

// The steps as a table, and what was chosen and why.
std::string RoadText(const RoadResult& result);
// The same for programs; docs/json.md lists the members.
nlohmann::json RoadJson(const RoadResult& result, Target target);

// What the report needs to know beside the result.
struct ReportContext {
  std::string model;   // path
  std::string data;    // path
  std::string output;  // path; empty when nothing was written
};
// Compares the result with the float model layer by layer and writes the page to `path`.
absl::Status WriteReport(const std::string& path, const Graph& graph, const RoadResult& result,
                         const SampleSource& evaluation, const ModelOptions& run,
                         const ReportContext& context);

}  // namespace octet::cli

#endif  // OCTET_TOOLS_CLI_ROAD_H_

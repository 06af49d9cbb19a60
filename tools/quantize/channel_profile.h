#ifndef OCTET_TOOLS_QUANTIZE_CHANNEL_PROFILE_H_
#define OCTET_TOOLS_QUANTIZE_CHANNEL_PROFILE_H_

#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "octet/model.h"
#include "runtime/core/graph.h"
#include "tools/data/sample_source.h"

namespace octet {

// What a channel of an activation looks like over samples.
struct ChannelProfile {
  float min = 0;  // at most 0
  float max = 0;  // at least 0
  double mean = 0;
  double variance = 0;
  // The share of values that are neither 0 nor the largest: where a change would show behind a
  // ReLU or clip.
  double moving = 0;

  float largest() const { return max > -min ? max : -min; }
};

// By tensor, one entry per index of dimension `axes.at(tensor)`, from one pass over the samples.
// InvalidArgument, with the names of the tensor and the sample, where a value is NaN or infinite.
absl::StatusOr<std::map<TensorId, std::vector<ChannelProfile>>> MeasureChannels(
    const Graph& graph, const std::map<TensorId, size_t>& axes, const SampleSource& samples,
    const ModelOptions& options);

}  // namespace octet

#endif  // OCTET_TOOLS_QUANTIZE_CHANNEL_PROFILE_H_

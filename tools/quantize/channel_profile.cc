#include "tools/quantize/channel_profile.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tools/evaluate/taps.h"
#include "tools/quantize/bad_value.h"

namespace octet {
namespace {

// Sums over the values of a channel.
struct Tally {
  float min = 0, max = 0;
  double count = 0, sum = 0, squares = 0;
  double zeros = 0, at_max = 0;

  void Add(absl::Span<const float> values) {
    for (const float v : values) {
      if (v > max) {
        max = v;
        at_max = 0;
      }
      min = std::min(min, v);
      sum += v;
      squares += static_cast<double>(v) * v;
      zeros += v == 0;
      at_max += v == max && v != 0;
    }
    count += static_cast<double>(values.size());
  }

  ChannelProfile Finish() const {
    ChannelProfile result;
    result.min = min;
    result.max = max;
    if (count == 0) return result;
    result.mean = sum / count;
    result.variance = std::max(0.0, squares / count - result.mean * result.mean);
    result.moving = 1 - (zeros + at_max) / count;
    return result;
  }
};

void AddTensor(absl::Span<const float> values, const Shape& shape, size_t axis,
               std::vector<Tally>& channels) {
  size_t inner = 1;
  for (size_t d = axis + 1; d < shape.size(); ++d) inner *= static_cast<size_t>(shape[d]);
  channels.resize(static_cast<size_t>(shape[axis]));
  for (size_t first = 0; first < values.size(); first += inner)
    channels[first / inner % channels.size()].Add(values.subspan(first, inner));
}

}  // namespace

absl::StatusOr<std::map<TensorId, std::vector<ChannelProfile>>> MeasureChannels(
    const Graph& graph, const std::map<TensorId, size_t>& axes, const SampleSource& samples,
    const ModelOptions& options) {
  std::vector<TensorId> tensors;
  for (const auto& [id, axis] : axes) tensors.push_back(id);
  absl::StatusOr<Taps> taps = Taps::Create(graph, tensors, samples, options);
  if (!taps.ok()) return taps.status();
  std::vector<std::vector<Tally>> tallies(tensors.size());
  for (int64_t first = 0; first < samples.size(); first += taps->batch()) {
    const absl::StatusOr<int64_t> count = taps->Run(first);
    if (!count.ok()) return count.status();
    for (size_t i = 0; i < tensors.size(); ++i) {
      AddTensor(taps->values(i), taps->shape(i), axes.at(tensors[i]), tallies[i]);
      const bool finite = std::all_of(tallies[i].begin(), tallies[i].end(),
                                      [](const Tally& t) { return std::isfinite(t.squares); });
      if (finite) continue;
      return BadValue(graph, tensors[i], "a value that is NaN or infinite", samples, first, *count);
    }
  }
  std::map<TensorId, std::vector<ChannelProfile>> result;
  for (size_t i = 0; i < tensors.size(); ++i) {
    for (const Tally& tally : tallies[i]) result[tensors[i]].push_back(tally.Finish());
  }
  return result;
}

}  // namespace octet
